import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { UserConfig } from 'vite';

const PROJECT = join(import.meta.dirname, '../..');

/** `root` is the folder of `index.html`. */
export function pagesConfig(root: string): UserConfig {
  return {
    root,
    publicDir: join(PROJECT, 'shared/look/public'),
    cacheDir: join(PROJECT, 'node_modules/.cache/vite'),
    plugins: [react()],
    // The server replaces this placeholder in each response (`serve.ts`).
    html: { cspNonce: 'CSP_NONCE' },
    build: {
      outDir: join(root, 'dist'),
      target: 'es2024',
      // These browsers support light-dark() and nesting. Code for older browsers would lose the colors.
      cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
      // The content security policy forbids data: scripts and fonts, and the browser caches a file by its name.
      assetsInlineLimit: 0,
      // Preload lists of lazy pages would cost more on the first load than they save on the second.
      modulePreload: {
        polyfill: false,
        resolveDependencies: (_file, needed) => needed.filter((one) => one.endsWith('.css')),
      },
      reportCompressedSize: false,
      // One chunk for the shared code: the default splits it at each use in a lazy page, and each chunk has an overhead.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
    },
  };
}
