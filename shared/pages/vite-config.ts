/** How pages are bundled, the console's and those of a device alike: what they may load, and for which browsers. */
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { UserConfig } from 'vite';

const PROJECT = join(import.meta.dirname, '../..');

/** `root`: the folder that holds `index.html`. */
export function pagesConfig(root: string): UserConfig {
  return {
    root,
    publicDir: join(PROJECT, 'shared/look/public'),
    cacheDir: join(PROJECT, 'node_modules/.cache/vite'),
    plugins: [react()],
    // The server puts a nonce of its own into every answer (`serve.ts`).
    html: { cspNonce: 'CSP_NONCE' },
    build: {
      outDir: join(root, 'dist'),
      target: 'es2024',
      // From these on light-dark() and nesting are the browser's own; what is made of them for older ones loses the colours.
      cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
      // The policy forbids data: scripts and fonts, and a file that is fetched is cached by its name.
      assetsInlineLimit: 0,
      // A lazy page waits for its looks. Its scripts name each other: a list of them all would weigh more on the first load than it saves on the second.
      modulePreload: {
        polyfill: false,
        resolveDependencies: (_file, needed) => needed.filter((one) => one.endsWith('.css')),
      },
      reportCompressedSize: false,
      // What every page needs comes in one piece: left to itself it is cut wherever a lazy page uses a part of it, and each piece has a head of its own.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
    },
  };
}
