/**
 * The public listener's express app: anyone may ask, nobody signs in, and nothing here changes anything but EST, which brings its own
 * credentials. It mounts routers and holds no rule.
 */
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import { failureOf } from '../../shared/api/failure.ts';
import { CordonError } from '../../shared/errors.ts';
import { type OrderDocumentPorts, orderDocumentsRouter } from './orders.ts';
import { STYLE_HASH } from './transparency.ts';

export interface PublicPorts extends OrderDocumentPorts {
  /** For machines alone: in front of the headers that browsers heed, since libest takes no answer with more than 16. */
  readonly est?: Router;
  /** CRL, ledger: each knows its own paths. */
  readonly routers: readonly Router[];
  readonly log: { error(facts: object, message: string): void };
}

export function createPublic({ est, routers, log, ...documents }: PublicPorts): express.Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', false);
  app.set('x-powered-by', false);
  if (est) app.use(est);
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
    const { problem, headers } = failureOf(thrown, request, log);
    response.set(headers);
    response.setHeader('Cache-Control', 'no-store');
    // A router may have announced the document that it then could not give.
    response.removeHeader('ETag');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}
