import type { Plugin } from 'vite';

/**
 * Replaces imports of Node's own modules in a bundle. Node's loader reads every export of an imported module, and reading one export of
 * `node:http` loads undici. Each process would start 45 ms later.
 */
export const builtinModules: Plugin = {
  name: 'builtin-modules',
  renderChunk: (code) =>
    code
      .replaceAll(/^import \{(.*)\} from ("node:.*");$/gm, (_, names: string, from: string) => {
        return `const {${names.replaceAll(' as ', ': ')}} = globalThis.process.getBuiltinModule(${from});`;
      })
      .replaceAll(
        /^import (?:\* as )?(\w+) from ("node:.*");$/gm,
        'const $1 = globalThis.process.getBuiltinModule($2);',
      ),
};
