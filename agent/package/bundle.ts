/** Bundles the programs of the agent into one folder, without a path of the machine that builds them. */
import { join, relative } from 'node:path';
import { build, type Plugin } from 'vite';
import { builtinModules } from './builtin-modules.ts';

const PROJECT = join(import.meta.dirname, '../..');
/** Packages that are not bundled, because they load files of their own at run time. */
const EXTERNAL = ['dbus-native', 'pino', 'vite'];

const ENTRIES = {
  'cordon-agent': 'agent/cordon-agent.js',
  'cordon-agent-system': 'agent/cordon-agent-system.js',
  'parse-worker': 'agent/mail/message/parse-worker.ts',
};

/** A bundled module finds the files beside its source, in the folder above the bundle. */
const sourceFolders: Plugin = {
  name: 'source-folders',
  transform(code, id) {
    if (id.includes('node_modules') || !code.includes('import.meta.')) return null;
    const source = JSON.stringify(`../${relative(PROJECT, id)}`);
    const folder = JSON.stringify(`/../${relative(PROJECT, join(id, '..'))}`);
    return code
      .replaceAll('import.meta.url', `new URL(${source}, import.meta.url).href`)
      .replaceAll('import.meta.filename', `(import.meta.dirname + "/" + ${source})`)
      .replaceAll(/import\.meta\.dirname(?! \+)/g, `(import.meta.dirname + ${folder})`);
  },
};

/** Bundles the programs into `folder`, and returns the packages that they import from `node_modules`. */
export async function bundleAgent(folder: string): Promise<readonly string[]> {
  const result = await build({
    root: PROJECT,
    configFile: false,
    logLevel: 'error',
    plugins: [sourceFolders, builtinModules],
    ssr: { noExternal: true, external: EXTERNAL },
    build: {
      ssr: true,
      target: 'node26',
      minify: false,
      outDir: folder,
      emptyOutDir: true,
      copyPublicDir: false,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(PROJECT, path)])),
        // All files are in one folder, because the paths of the plugin above start there.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []));
  const imported = outputs.flatMap((each) => (each.type === 'chunk' ? [...each.imports, ...each.dynamicImports] : []));
  return EXTERNAL.filter((name) => name !== 'vite' && imported.includes(name));
}
