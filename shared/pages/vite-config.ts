import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { UserConfig } from 'vite';

const PROJECT = join(import.meta.dirname, '../..');

/** Configuration of a page's build. `root` is the folder of its `index.html`. */
export function pagesConfig(root: string): UserConfig {
  return {
    root,
    publicDir: join(PROJECT, 'shared/look/public'),
    cacheDir: join(PROJECT, 'node_modules/.cache/vite'),
    plugins: [react()],
    // The server replaces this placeholder with the nonce of each response (`serve.ts`).
    html: { cspNonce: 'CSP_NONCE' },
    build: {
      outDir: join(root, 'dist'),
      target: 'es2024',
      // Oldest supported browsers. They support light-dark() and nesting. Code for older browsers would lose the colors.
      cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
      // Assets are never inlined: the content security policy forbids data: scripts and fonts, and the browser caches a file by its name.
      assetsInlineLimit: 0,
      // Lazy pages have no preload lists in the build. The lists would cost more on the first load than they save on the second.
      modulePreload: {
        polyfill: false,
        resolveDependencies: (_file, needed) => needed.filter((one) => one.endsWith('.css')),
      },
      reportCompressedSize: false,
      // The build puts all shared code into one chunk. By default, the bundler would make a chunk for each part that several lazy pages
      // share, and each chunk has an overhead.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
    },
  };
}
