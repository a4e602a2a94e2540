/**
 * Application of the public listener, which requires no sign-in. Only EST requests (RFC 7030) change data, and they carry their own
 * credentials.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response, type Router } from 'express';
import helmet from 'helmet';
import { failureOf } from '../../shared/api/failure.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Est } from './est.ts';
import { type OrderDocumentPorts, orderDocumentsRouter } from './orders.ts';
import { STYLE_HASH } from './transparency.ts';

export interface PublicPorts extends OrderDocumentPorts {
  /**
   * Handler of EST requests. It runs before Express for two reasons. The middleware of Express adds headers for browsers, and the EST client
   * library libest accepts at most 16 headers. Express also takes 4 % of the server's time for an enrollment.
   */
  readonly est?: Pick<Est, 'handle'>;
  readonly routers: readonly Router[];
  readonly log: { error(facts: object, message: string): void };
}

/** The part of the listener that Express handles: all paths except those of EST. */
export function expressApp({ routers, log, ...documents }: Omit<PublicPorts, 'est'>): Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', false);
  app.set('x-powered-by', false);
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
      // The response has no HSTS header. HSTS would apply to every port of the host, and the admin listener on the same host may use plain
      // HTTP.
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
    if (response.headersSent) next(thrown);
    else sendProblem(thrown, request, response, log);
  });
  return app;
}

export function createPublic({ est, ...ports }: PublicPorts): RequestListener {
  const { log } = ports;
  const app = expressApp(ports);
  return (request, response) => {
    const failed = (thrown: unknown) => {
      if (response.headersSent) response.destroy();
      else sendProblem(thrown, request, response, log);
    };
    if (!est?.handle(request, response, failed)) app(request, response);
  };
}

function sendProblem(
  thrown: unknown,
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
  log: PublicPorts['log'],
): void {
  const [path = ''] = url.split('?', 1);
  const { problem, headers } = failureOf(thrown, { method, path }, log);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Cache-Control', 'no-store');
  // Headers that the router set for a document are removed, because the router failed and the response is now an error.
  response.removeHeader('ETag');
  const body = JSON.stringify(problem);
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.statusCode = problem.status;
  response.end(body);
}
