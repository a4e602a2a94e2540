/** Bundles the programs of `programs.ts`. */
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'vite';
import { builtinModules } from '../../agent/package/builtin-modules.ts';
import { bundleOf, PROGRAMS, PROJECT } from './programs.ts';

/** Packages that are not bundled: packages with native code, packages that tests patch, and packages that no bundler can read. */
const EXTERNAL = ['better-sqlite3', '@node-rs/argon2', '@simplewebauthn/server', 'pg', 'pino', 'dbus-native', 'vite'];

/** A bundled module must find the files beside its source. */
const sourceFolders: Plugin = {
  name: 'source-folders',
  transform(code, id) {
    if (id.includes('node_modules') || !code.includes('import.meta.')) return null;
    return code
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
      .replaceAll('import.meta.filename', JSON.stringify(id));
  },
};

/** Bundles the programs into `folder`, and adds a link to the packages in its parent folder. */
export async function bundlePrograms(folder: string): Promise<void> {
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, '../node_modules'));
  await build({
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
      emptyOutDir: false,
      copyPublicDir: false,
      rolldownOptions: {
        input: Object.fromEntries(PROGRAMS.map((program) => [bundleOf(program), join(PROJECT, program)])),
        output: { entryFileNames: '[name]', chunkFileNames: 'chunks/[name]-[hash].mjs' },
      },
    },
  });
}
