/**
 * Express app of the admin listener: security headers, authentication, one handler per route, and problem responses (RFC 9457). The app
 * never logs a request body.
 */
import type { IncomingMessage } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { z } from 'zod';
import { failureOf } from '../../shared/api/failure.ts';
import { PASSKEY_HEADER } from '../../shared/api/passkeys.ts';
import { providerResult } from '../../shared/api/provider.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { ROUTE_ACTIONS } from '../admins/action-policy.ts';
import type { Actions } from '../admins/actions.ts';
import type { Admins } from '../admins/admins.ts';
import { RIGHTS, RIGHTS_WITHOUT_ROUTE, type RouteName } from '../admins/rights.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { actorOf } from './actions.ts';
import { type ActivityPort, createRequestRecord, type RequestRecord } from './activity-record.ts';
import {
  authenticate,
  browserOf,
  challengeOf,
  cookieOf,
  pendingSignInOf,
  refuseOtherSites,
  requirePasskey,
} from './authentication.ts';
import type { Client, ClientOf } from './client-address.ts';
import { serveConsole } from './console.ts';
import { createHostCheck } from './host-check.ts';
import { BytesReply, FileReply, type RawInput, Reply, type Route, StreamReply } from './route.ts';
import { SIGN_IN_REMEDY } from './sign-in-remedy.ts';

/** Maximum bytes of a request body: enough for an order with a thousand exemptions and notices in several languages. */
const LARGEST_BODY = '1mb';
/**
 * Maximum bytes of a body of a route that needs no sign-in: enough for the largest response of a passkey. An attacker can send many such
 * bodies at once.
 */
const LARGEST_PUBLIC_BODY = '64kb';
/** Deadline in milliseconds for a request body that is no upload. */
const BODY_WITHIN = 30_000;

export interface ApiLog {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

interface RequestFacts {
  route?: string;
  target?: string;
  account?: string;
  via?: string;
  email?: string | undefined;
  address?: string;
  code?: string;
}

export interface ApiPorts {
  readonly monitor: Pick<Monitor, 'adminRequest'>;
  readonly admins: Pick<Admins, 'session' | 'sessionOfCookie' | 'tokenAccount' | 'passkeyPending' | 'accountAt'>;
  readonly activity: ActivityPort;
  readonly actions: Pick<Actions, 'authorize'>;
  readonly readOrder: RawInput['readOrder'];
  /** True if the admin listener itself uses HTTPS, false if HTTPS ends at a reverse proxy. */
  readonly secure: boolean;
  readonly clientOf: ClientOf;
  /** Open connections of the listener. The listener closes those of a signed-in account last. */
  readonly connections: { signedIn(request: IncomingMessage, account: AccountId): void };
  readonly routes: readonly Route[];
  readonly log: ApiLog;
  readonly names: readonly string[];
  readonly consoleFolder: string;
}

export function createApi(ports: ApiPorts): express.Express {
  const { monitor, routes, log, names, consoleFolder } = ports;
  requireComplete(routes);
  const requireOwnHost = createHostCheck(names);
  const app = express();
  app.set('etag', false);
  app.set('query parser', 'simple');
  const directives = {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  };
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives } }));
  app.use(observeRequests(monitor));
  app.use((request, _response, next) => {
    requireOwnHost(request.headers.host);
    next();
  });
  const signedInParser = express.json({ limit: LARGEST_BODY, strict: true });
  const publicParser = express.json({ limit: LARGEST_PUBLIC_BODY, strict: true });
  for (const route of routes) {
    const parser = RIGHTS[route.name].scope === 'public' ? publicParser : signedInParser;
    app[route.method](route.path, handlerOf(route, parser, ports));
  }

  app.use(serveConsole(consoleFolder));
  app.use(() => {
    throw new CordonError('not_found', 'The API has no such path. /api/openapi.json lists all paths.');
  });
  app.use((thrown: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    const { error, problem, headers } = failureOf(thrown, request, log);
    factsOf(response).code = error.code;
    response.set(headers).status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}

function observeRequests(monitor: ApiPorts['monitor']): express.RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    const begun = performance.now();
    const { method } = request;
    const peer = request.socket.remoteAddress ?? null;
    response.once('close', () => {
      const {
        route = null,
        target = null,
        account = null,
        via = null,
        email = null,
        code = null,
        address,
      } = factsOf(response);
      monitor.adminRequest({
        method,
        route,
        target,
        account,
        via,
        email,
        code,
        address: address ?? peer,
        // The client disconnected before the response. 499 is nginx's status for this case.
        status: response.headersSent ? response.statusCode : 499,
        milliseconds: performance.now() - begun,
      });
    });
    next();
  };
}

function handlerOf(route: Route, parser: express.RequestHandler, ports: ApiPorts) {
  const { admins, actions, clientOf, connections, secure: encrypted, readOrder } = ports;
  const isPublic = RIGHTS[route.name].scope === 'public';

  async function run(request: Request, response: Response, { address, secure }: Client, record: RequestRecord) {
    const facts = factsOf(response);
    const cookieSuffices = route.name === 'events.listen';
    const callerNow = () => authenticate(admins, { headers: request.headers, address, secure, cookieSuffices });
    const caller = isPublic ? null : await callerNow();
    if (caller) {
      Object.assign(facts, { account: caller.account.id, via: caller.via });
      connections.signedIn(request, caller.account.id);
      await record.signedIn(caller);
    }
    if (!isPublic && !caller) throw new CordonError('not_signed_in', SIGN_IN_REMEDY);
    if (caller) await requirePasskey(admins, caller, route.name);
    const confirmation = request.get(PASSKEY_HEADER) ?? null;
    // Read the body only after authentication, so that an unauthenticated client cannot occupy a megabyte of memory.
    if (route.raw !== 'upload' && route.body) await read(parser, request, response);
    if (route.name === 'session.create' && typeof request.body?.email === 'string') facts.email = request.body.email;
    const reply = await route.run({
      params: request.params,
      query: request.query,
      body: request.body,
      caller,
      callerNow,
      authorize: async (content) => {
        if (caller) await actions.authorize(actorOf(caller, confirmation), content);
      },
      readOrder,
      begin: record.begin,
      concern: record.concern,
      confirmed: null,
      confirmer: null,
      address,
      userAgent: request.headers['user-agent'],
      secure,
      upload: request,
      cookie: cookieOf(request.headers, secure),
      browser: browserOf(request.headers, secure),
      pendingSignIn: pendingSignInOf(request.headers, secure),
      challenge: challengeOf(request.headers, secure),
      confirmation,
    });
    if (route.name === 'provider.finish') facts.email = emailOfProviderSignIn(reply);
    // After a sign-in with a passkey, only the response contains the account's e-mail address.
    if (route.name === 'session.create-by-passkey' && 'body' in reply) facts.email = emailIn(reply.body);
    // For a step-up or a link at the identity provider, the account is not in the response. It comes from the session.
    const inSession = async () => (route.name === 'provider.finish' ? ((await callerNow())?.account.id ?? null) : null);
    await record.succeeded('body' in reply ? reply.body : null, partsOf(request), inSession);
    return reply;
  }

  return async (request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Cache-Control', 'no-store');
    const facts = factsOf(response);
    facts.route = route.name;
    facts.target = Object.values(request.params).join(' ');
    const client = clientOf({ remoteAddress: request.socket.remoteAddress, encrypted }, request.headers);
    facts.address = client.address;
    const source = { address: client.address, agent: request.headers['user-agent'] };
    const record = createRequestRecord(ports, route, source);
    let reply: Awaited<ReturnType<Route['run']>>;
    try {
      refuseOtherSites(request.headers);
      reply = await run(request, response, client, record);
    } catch (error) {
      const { email } = facts;
      await record.failed(error, partsOf(request), async () =>
        email === undefined ? null : await admins.accountAt(email),
      );
      throw error;
    }
    if (reply instanceof FileReply) return send(response, reply, next);
    if (reply instanceof BytesReply) {
      // The title becomes a header value and contains user input, so only letters, digits and a few signs are allowed.
      response
        .attachment(reply.name.replaceAll(/[^\p{L}\p{N} ._-]/gu, '_'))
        .type(reply.type)
        .send(reply.bytes);
      return;
    }
    if (reply instanceof StreamReply) {
      if (request.method !== 'HEAD') return reply.hold(request, response);
      response.type(reply.type).end();
      return;
    }
    response.status(reply.status).set(reply.headers);
    if (route.raw === 'text') response.type('text/plain').send(reply.body);
    else response.json(reply.body);
  };
}

const partsOf = ({ params, query, body }: Request) => ({ params, query, body: body as unknown });

/** Address of the person who signed in with the identity provider; undefined for a confirmation or a link. */
function emailOfProviderSignIn(reply: unknown): string | undefined {
  const signedIn = reply instanceof Reply ? providerResult.safeParse(reply.body).data : undefined;
  return signedIn?.session?.account.email;
}
const signedIn = z.object({ account: z.object({ email: z.string() }) });
const emailIn = (body: unknown): string => signedIn.parse(body).account.email;

const factsOf = (response: Response): RequestFacts => response.locals;

/**
 * Throws if a right has no route, if two routes have the same name, if a changing route has no action policy, or if only some of the demo's
 * routes are present.
 */
function requireComplete(routes: readonly Route[]): void {
  const mounted = new Set(routes.map((route) => route.name));
  const ofDemo = (name: RouteName) => name.startsWith('demo.');
  const demo = [...mounted].some(ofDemo);
  const withoutRoute = new Set<string>(RIGHTS_WITHOUT_ROUTE);
  const named = Object.keys(RIGHTS).filter((name): name is RouteName => !withoutRoute.has(name));
  const missing = named.filter((name) => !mounted.has(name) && (demo || !ofDemo(name)));
  const unruled = routes.filter(({ name, method }) => method !== 'get' && ROUTE_ACTIONS[name] === undefined);
  if (unruled.length > 0) {
    throw new Error(`the action policy has no entry for ${unruled.map(({ name }) => name).join(', ')}`);
  }
  if (missing.length > 0 || mounted.size !== routes.length) {
    throw new Error(`the API is incomplete: no route for ${missing.join(', ') || 'nothing'}, or a name twice`);
  }
}

/** Parses the body of a request. Throws `unavailable` if the body is not complete within `BODY_WITHIN`. */
async function read(parser: express.RequestHandler, request: Request, response: Response): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const deadline = setTimeout(() => {
    reject(new CordonError('unavailable', 'The request was too slow. Send its body within 30 seconds.'));
  }, BODY_WITHIN);
  const finished = (error?: unknown) => (error === undefined ? resolve() : reject(error));
  try {
    Promise.resolve(parser(request, response, finished)).catch(reject);
    await promise;
  } finally {
    clearTimeout(deadline);
  }
}

function send(response: Response, { path, type, name, sent }: FileReply, next: NextFunction): void {
  response.type(type).attachment(name);
  response.sendFile(path, { dotfiles: 'allow', cacheControl: false }, (error) => {
    sent().then(() => error && next(error), next);
  });
}
