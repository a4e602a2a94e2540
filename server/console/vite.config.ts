import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(import.meta.resolve(path));

export default defineConfig({
  root: here('./'),
  cacheDir: here('../../node_modules/.cache/vite'),
  plugins: [react()],
  // The server puts a nonce of its own into every answer (`server/api/console.ts`).
  html: { cspNonce: 'CSP_NONCE' },
  build: {
    outDir: here('./dist'),
    target: 'es2024',
    // From these on light-dark() and nesting are the browser's own; what is made of them for older ones loses the colours.
    cssTarget: ['chrome123', 'firefox128', 'safari17.5'],
    // The policy forbids data: scripts and fonts, and a file that is fetched is cached by its name.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What every page needs comes in one piece: left to itself it is cut wherever a lazy page uses a part of it, and each piece has a head of its own.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } } },
  },
});
