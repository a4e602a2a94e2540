import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import type { UserConfig } from 'vite';
import { withoutJsonSchema } from './without-json-schema.ts';

const PROJECT = join(import.meta.dirname, '../..');

/** Configuration of a page's build. `root`: folder of its `index.html`. */
export function pagesConfig(root: string): UserConfig {
  return {
    root,
    publicDir: join(PROJECT, 'shared/look/public'),
    cacheDir: join(PROJECT, 'node_modules/.cache/vite'),
    plugins: [react(), withoutJsonSchema()],
    // Placeholder that the server replaces with the nonce of each response (`serve.ts`).
    html: { cspNonce: 'CSP_NONCE' },
    build: {
      outDir: join(root, 'dist'),
      target: 'es2024',
      // Oldest browsers that support light-dark() and CSS nesting. Code for older browsers would lose the colors.
      cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
      // Assets are never inlined. The content security policy forbids scripts and fonts in `data:` URLs, and the browser caches a file by
      // its name.
      assetsInlineLimit: 0,
      // Lazy pages have no preload lists: the lists would cost more on the first load than they save later.
      modulePreload: {
        polyfill: false,
        resolveDependencies: (_file, needed) => needed.filter((one) => one.endsWith('.css')),
      },
      reportCompressedSize: false,
      // All shared code is in one chunk. By default, each part that several lazy pages share becomes a chunk with its own overhead.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
    },
  };
}
