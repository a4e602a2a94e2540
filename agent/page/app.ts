/** The page's listener: who is heard (`guard.ts`), one handler a path, errors as problems. What was said is never logged. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import helmet from 'helmet';
import type { z } from 'zod';
import { failureOf } from '../../shared/api/failure.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { servePages } from '../../shared/pages/serve.ts';
import type { Agent } from '../agent.ts';
import type { Messaging } from '../messaging/messaging.ts';
import {
  attachmentParams,
  beforeQuery,
  conversationList,
  conversationParams,
  foundView,
  LARGEST_ATTACHMENT,
  madeView,
  messagePage,
  newConversation,
  newMessage,
  PAGE_OF_MESSAGES,
  peopleBody,
  peopleView,
  readBody,
  sessionView,
  shownBody,
  standingView,
  textQuery,
  ticketBody,
  titleBody,
  uploadQuery,
} from './api.ts';
import type { Changes } from './changes.ts';
import { cookieName, cookieOf, requireOwnHost, requireOwnPage, requireSession } from './guard.ts';
import type { Sessions } from './sessions.ts';
import { type StandingSources, standingOf } from './standing.ts';
import { createUploads } from './uploads.ts';

export interface PagePorts {
  readonly messaging: Messaging;
  readonly agent: StandingSources & Pick<Agent, 'shown' | 'onChange'>;
  readonly log: { error(facts: object, message: string): void };
}

interface AppPorts extends PagePorts {
  readonly port: number;
  /** The built page. */
  readonly folder: string;
  readonly sessions: Sessions;
  readonly changes: Changes;
}

const LARGEST_BODY = '256kb';
const NOT_BUILT =
  'The page is not built, or is being built just now: it looks again by itself.\n\nTo build it:  npm run page\n';

export function createPageApp({ messaging, agent, log, port, folder, sessions, changes }: AppPorts): express.Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', 'simple');
  // Of an answer that is no page: it may do nothing at all, wherever it is opened.
  const directives = {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    sandbox: [],
  };
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives }, strictTransportSecurity: false }));
  app.use((request, _response, next) => {
    requireOwnHost(request.headers, port);
    next();
  });

  const api = express.Router();
  app.use('/api', api);
  api.use((request, response, next) => {
    response.set('Cache-Control', 'no-store');
    requireOwnPage(request.headers);
    next();
  });
  const json = express.json({ limit: LARGEST_BODY, strict: true });

  api.post(
    '/session',
    json,
    answer(sessionView, (request, response) => {
      const { ticket } = read(ticketBody, request.body);
      const { cookie, token } = sessions.exchange(ticket, Date.now());
      response.cookie(cookieName(port), cookie, { httpOnly: true, sameSite: 'strict', path: '/' });
      return { token };
    }),
  );
  // No page can add a header to a stream of events; it tells nothing but that something has changed.
  api.get('/events', async (request, response) => {
    const session = sessions.ofCookie(cookieOf(request.headers, port));
    if (!session) throw new CordonError('not_signed_in', 'Open this page by a link from `cordon-agent open`.');
    await changes.hold(session, request, response);
  });
  // Before any body is read.
  api.use((request, _response, next) => {
    requireSession(sessions, request.headers, port);
    next();
  });
  api.delete(
    '/session',
    answer(done, (request, response) => {
      sessions.end(cookieOf(request.headers, port));
      response.clearCookie(cookieName(port), { httpOnly: true, sameSite: 'strict', path: '/' });
      return DONE;
    }),
  );

  api.get(
    '/standing',
    answer(standingView, () => standingOf(messaging.state(), agent)),
  );
  api.post(
    '/shown',
    json,
    answer(done, ({ body }) => {
      agent.shown(read(shownBody, body).orders);
      return DONE;
    }),
  );
  api.get(
    '/people',
    answer(peopleView, async ({ query }) => ({ people: await messaging.people(read(textQuery, query).text) })),
  );
  api.get(
    '/conversations',
    answer(conversationList, () => ({ conversations: messaging.conversations() })),
  );
  api.post(
    '/conversations',
    json,
    answer(madeView, async ({ body }) => ({ id: await messaging.start(read(newConversation, body)) })),
  );
  api.patch(
    '/conversations/:id',
    json,
    answer(done, async ({ params, body }) => {
      await messaging.rename(read(conversationParams, params).id, read(titleBody, body).title);
      return DONE;
    }),
  );
  api.delete(
    '/conversations/:id',
    answer(done, async ({ params }) => {
      await messaging.leave(read(conversationParams, params).id);
      return DONE;
    }),
  );
  api.post(
    '/conversations/:id/people',
    json,
    answer(done, async ({ params, body }) => {
      await messaging.addPeople(read(conversationParams, params).id, read(peopleBody, body).people);
      return DONE;
    }),
  );
  api.post(
    '/conversations/:id/read',
    json,
    answer(done, async ({ params, body }) => {
      await messaging.read(read(conversationParams, params).id, read(readBody, body).messages);
      return DONE;
    }),
  );
  api.get(
    '/conversations/:id/messages',
    answer(messagePage, ({ params, query }) => {
      const { before } = read(beforeQuery, query);
      const page = { limit: PAGE_OF_MESSAGES, ...(before !== undefined && { before }) };
      return { messages: messaging.messages(read(conversationParams, params).id, page) };
    }),
  );
  const uploads = createUploads();
  api.post(
    '/conversations/:id/messages',
    json,
    answer(madeView, async ({ params, body }) => {
      const { text, attachments } = read(newMessage, body);
      const taken = uploads.get(attachments, Date.now());
      const id = await messaging.send(read(conversationParams, params).id, { text, attachments: taken });
      uploads.drop(attachments);
      return { id };
    }),
  );
  api.post(
    '/uploads',
    express.raw({ limit: LARGEST_ATTACHMENT, type: () => true }),
    answer(madeView, ({ query, body }) => {
      // Without a body there is none to parse.
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
      return { id: uploads.add({ ...read(uploadQuery, query), bytes }, Date.now()) };
    }),
  );
  api.get('/messages/:id/attachments/:index', async ({ params }, response) => {
    const { id, index } = read(attachmentParams, params);
    const { bytes } = await messaging.attachment(id, index);
    response.type('application/octet-stream').attachment('attachment').send(Buffer.from(bytes));
  });
  api.get(
    '/search',
    answer(foundView, ({ query }) => ({ messages: messaging.search(read(textQuery, query).text) })),
  );
  api.get('/export', async (_request, response) => {
    const lines = await begun(messaging.export());
    response.type('application/x-ndjson').attachment('cordon-messages.jsonl');
    await pipeline(Readable.from(lines), response);
  });
  api.use(() => {
    throw new CordonError('not_found', 'There is no such path.');
  });

  app.use(servePages({ folder, noPage: ['api'], notBuilt: NOT_BUILT }));
  app.use(() => {
    throw new CordonError('not_found', 'There is no such path.');
  });
  app.use((thrown: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    const { problem, headers } = failureOf(thrown, request, log);
    response.set(headers).set('Cache-Control', 'no-store').removeHeader('Content-Disposition');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  return app;
}

/** What the schema does not name never leaves. */
function answer<S extends z.ZodType>(
  schema: S,
  handle: (request: Request, response: Response) => Frozen<z.input<S>> | Promise<Frozen<z.input<S>>>,
): RequestHandler {
  return async (request, response) => {
    response.json(schema.parse(await handle(request, response)));
  };
}

/** The interface gives what it gives read-only throughout. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** A schema's refusal as one sentence; never the value, which may be what somebody wrote. */
function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CordonError('invalid_input', `${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'malformed'}`);
}

/** Asks for the first line at once: a copy that cannot be made is refused before an answer has begun. */
async function begun(exported: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const rest = exported[Symbol.asyncIterator]();
  const first = await rest.next();
  return (async function* () {
    for (let at = first; !at.done; at = await rest.next()) yield `${at.value}\n`;
  })();
}
