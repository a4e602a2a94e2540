import type { RequestHandler } from 'express';
import { servePages } from '../../shared/pages/serve.ts';

const NOT_BUILT = `The console is not built yet. This page reloads by itself until the console is built.

To build it:  npm run console

The command line (npm run cordon) and the API (/api/openapi.json) work without it.
`;

export const serveConsole = (folder: string): RequestHandler =>
  servePages({ folder, noPage: ['api', 'healthz', 'readyz', 'metrics'], notBuilt: NOT_BUILT });
