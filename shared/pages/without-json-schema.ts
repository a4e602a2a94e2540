import type { Plugin } from 'vite';

const CONVERSION = /\/zod\/v4\/core\/(?:to-json-schema|json-schema-processors)\.js$/;

/**
 * Plugin that leaves out Zod's conversion of schemas to JSON Schema, which pages never use. The conversion adds 9 kB to a compressed page,
 * and bundlers keep it because each schema refers to it. A left-out function throws, unless it only creates a method of a schema.
 */
export function withoutJsonSchema(): Plugin {
  return {
    name: 'without-json-schema',
    transform(code, id) {
      if (!CONVERSION.test(id)) return null;
      const names = [...code.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name = '']) => name);
      const stubs = names.map(
        (name) => `export const ${name} = ${name.startsWith('create') ? '() => absent' : 'absent'};`,
      );
      return `const absent = () => { throw new Error('Pages contain no conversion to JSON Schema.'); };\n${stubs.join('\n')}\n`;
    },
  };
}
