/**
 * Express app of the public listener, which requires no sign-in. Only EST requests (RFC 7030) change data, and they carry their own
 * credentials.
 */
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import { failureOf } from '../../shared/api/failure.ts';
import { CordonError } from '../../shared/errors.ts';
import { type OrderDocumentPorts, orderDocumentsRouter } from './orders.ts';
import { STYLE_HASH } from './transparency.ts';

export interface PublicPorts extends OrderDocumentPorts {
  /**
   * Router for EST clients. It runs before the middleware that adds headers for browsers, because the EST library libest accepts at most 16
   * headers.
   */
  readonly est?: Router;
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
      // Send no HSTS header: HSTS applies to every port of a host, and the admin listener on this host may use plain HTTP.
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
    // Remove headers that the router set for a document before it failed, because the response is now a problem.
    response.removeHeader('ETag');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}
