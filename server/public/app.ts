/**
 * The public listener's express app: anyone may ask, nobody signs in, and nothing here changes anything but EST, which brings its own
 * credentials. It mounts routers and holds no rule.
 */
import { randomUUID } from 'node:crypto';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import { CordonError } from '../../shared/errors.ts';
import { problemOf } from '../api/problems.ts';
import { type OrderDocumentPorts, orderDocumentsRouter } from './orders.ts';
import { STYLE_HASH } from './transparency.ts';

export interface PublicPorts extends OrderDocumentPorts {
  /** EST, CRL, ledger: each knows its own paths. */
  readonly routers: readonly Router[];
  readonly log: { error(facts: object, message: string): void };
}

export function createPublic({ routers, log, ...documents }: PublicPorts): express.Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', false);
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: [STYLE_HASH],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      // It counts for every port of the host, and the admin listener may speak plain HTTP there.
      strictTransportSecurity: false,
    }),
  );
  app.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text/plain').send('ok\n');
  });
  app.use(orderDocumentsRouter(documents));
  for (const router of routers) app.use(router);
  app.use(() => {
    throw new CordonError('not_found', 'There is no such path on the public listener.');
  });
  app.use((thrown: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    const error = asCordonError(thrown);
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const id = randomUUID();
      log.error({ id, method: request.method, path: request.path, code: error.code, error: stackOf(thrown) }, 'failed');
      problem.context = { ...problem.context, id };
    }
    const { retryAfter } = error.context;
    if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(retryAfter));
    response.setHeader('Cache-Control', 'no-store');
    // A router may have announced the document that it then could not give.
    response.removeHeader('ETag');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}

/** express throws errors with a status for what the caller did: a path that cannot be decoded, say. */
function asCordonError(thrown: unknown): CordonError {
  if (thrown instanceof CordonError) return thrown;
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : 500;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new CordonError('invalid_input', 'The request could not be read: its path or body is malformed.');
  }
  return new CordonError('internal', 'unexpected', {}, thrown);
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : typeof thrown;
}
