/**
 * One route said once: its name (and with it its rights), method, path, shapes and handler. The express app, the OpenAPI document and
 * the rights matrix are all made from these. A name that is not in the table of rights does not compile.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { nothing } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ActionName, ROUTE_ACTIONS } from '../admins/action-policy.ts';
import type { ActionContent } from '../admins/actions.ts';
import type { Account, Session } from '../admins/ports.ts';
import { type Reach, type RightName, type RouteName, reachOf } from '../admins/roles.ts';

type Shape = z.ZodType;
type Out<S extends Shape> = z.output<S>;

/** Handlers give what the domain gave them, which is read-only throughout. */
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
type Answer<S extends Shape> = Frozen<z.input<S>>;

/** Who calls, as this request's cookie or token says, with the grants of this moment. */
export interface Caller {
  readonly account: Account;
  readonly via: 'session' | 'token';
  /** Null with a token. */
  readonly session: Session | null;
  /** The token may perform destructive actions without a step-up sign-in. */
  readonly destructive: boolean;
}

export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** What the caller's grants let this route reach. */
  readonly reach: Reach;
  /** Asks for one right more; throws `forbidden`. */
  demand(right: RightName): Reach;
  /**
   * Demands step-up sign-in and second person as `action-policy.ts` asks for them. Call it after the checks of reach and before the change.
   * `body` replaces the request's body in what a second person confirms.
   */
  authorize(action: ActionName, devices: readonly DeviceId[], body?: unknown): Promise<void>;
  /** The devices that a second person confirmed, when this request is a confirmed action; null otherwise. */
  readonly confirmed: readonly DeviceId[] | null;
  /** Throws `not_signed_in` on a public route without a caller. */
  readonly caller: Caller;
  /** Who calls, asked anew: for what goes on after the answer has begun. Rejects with `not_signed_in` when nobody does any more. */
  callerNow(): Promise<Caller>;
  /** The socket's own address. */
  readonly address: string;
  /** The raw body of a route that takes one. */
  readonly upload: Readable;
  /** As the client calls itself. */
  readonly userAgent: string | undefined;
  /** The request came over HTTPS. */
  readonly secure: boolean;
  /** The session cookie as it came, whatever it is worth. */
  readonly cookie: string | null;
  /** The cookie of a known browser as it came, valid or not. */
  readonly browser: string | null;
}

/** An answer that is more than 200 and a body. */
export class Reply<R> {
  readonly body: R;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  constructor(
    body: R,
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string | string[]> } = {},
  ) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }
}

/** A file as an answer, sent as it is; `sent` runs when it has gone out or failed. */
export class FileReply {
  readonly path: string;
  readonly type: string;
  readonly name: string;
  readonly sent: () => Promise<void>;
  constructor(path: string, name: string, type: string, sent: () => Promise<void>) {
    this.path = path;
    this.name = name;
    this.type = type;
    this.sent = sent;
  }
}

/** Bytes as an answer, to be kept as a file: never shown as a page of ours, whatever they claim to be. */
export class BytesReply {
  readonly bytes: Buffer;
  readonly name: string;
  readonly type: string;
  constructor(bytes: Buffer, name: string, type: string) {
    this.bytes = bytes;
    this.name = name;
    this.type = type;
  }
}

/** An answer that goes on: `hold` writes its head and all that follows, until it or the client ends it. */
export class StreamReply {
  readonly hold: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly type: string;
  constructor(hold: StreamReply['hold'], type = 'text/event-stream') {
    this.hold = hold;
    this.type = type;
  }
}

type RawKind = 'upload' | 'download' | 'text' | 'stream';

interface Definition<P extends Shape, Q extends Shape, B extends Shape, R extends Shape> {
  readonly name: RouteName;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** As express writes it, below /api/v1: `/devices/:id`. */
  readonly path: string;
  /** The path stands at the root: probes, the API's description. */
  readonly root?: true;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Whatever the handler returns goes through it: what the schema does not name never leaves. */
  readonly response: R;
  /** Other statuses than 200 that the OpenAPI document should tell. */
  readonly statuses?: readonly number[];
  /** The body is the request's raw stream, the response a file, plain text or a stream of events: none of them is JSON. */
  readonly raw?: RawKind;
  handler(
    input: Input<Out<P>, Out<Q>, Out<B>>,
  ): Promise<Answer<R> | Reply<Answer<R>> | FileReply | BytesReply | StreamReply>;
}

export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | null;
  readonly callerNow: () => Promise<Caller | null>;
  readonly authorize: (content: ActionContent) => Promise<void>;
  readonly confirmed: readonly DeviceId[] | null;
  readonly address: string;
  readonly userAgent: string | undefined;
  readonly secure: boolean;
  readonly upload: Readable;
  readonly cookie: string | null;
  readonly browser: string | null;
}

export interface Route {
  readonly name: RouteName;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly params: Shape | null;
  readonly query: Shape | null;
  readonly body: Shape | null;
  readonly response: Shape;
  readonly statuses: readonly number[];
  readonly raw: RawKind | null;
  /** Parses, authorises, acts; answers with what the response schema lets through. */
  run(input: RawInput): Promise<Reply<unknown> | FileReply | BytesReply | StreamReply>;
}

type Nothing = typeof nothing;

export function route<
  P extends Shape = Nothing,
  Q extends Shape = Nothing,
  B extends Shape = Nothing,
  R extends Shape = Nothing,
>(definition: Definition<P, Q, B, R>): Route {
  const { name, method, path, summary, response, handler } = definition;
  const raw = definition.raw ?? null;
  return {
    name,
    method,
    path: definition.root ? path : `/api/v1${path}`,
    summary,
    params: definition.params ?? null,
    query: definition.query ?? null,
    body: definition.body ?? null,
    response,
    statuses: definition.statuses ?? [200],
    raw,
    async run(input) {
      const grants = input.caller?.account.grants ?? [];
      // Rights before shapes: whoever may not call learns nothing of what it takes.
      const reach = reachOf(name, grants);
      const params = parsed(definition.params, input.params, 'path');
      const query = parsed(definition.query, input.query, 'query');
      const body = parsed(definition.body, raw === 'upload' ? {} : input.body, 'body');
      const authorize = (action: ActionName, devices: readonly DeviceId[], content: unknown = body) =>
        input.authorize({ action, route: name, params, body: content, devices });
      const policy = ROUTE_ACTIONS[name];
      if (isAction(policy)) await authorize(policy, []);
      const answer = await handler({
        params,
        query,
        body,
        authorize,
        confirmed: input.confirmed,
        reach,
        demand: (right) => reachOf(right, grants),
        get caller() {
          return signedIn(input.caller);
        },
        callerNow: async () => signedIn(await input.callerNow()),
        address: input.address,
        userAgent: input.userAgent,
        secure: input.secure,
        upload: input.upload,
        cookie: input.cookie,
        browser: input.browser,
      });
      if (answer instanceof FileReply || answer instanceof BytesReply || answer instanceof StreamReply) return answer;
      const reply = answer instanceof Reply ? answer : new Reply(answer);
      return new Reply<unknown>(response.parse(reply.body), { status: reply.status, headers: { ...reply.headers } });
    },
  };
}

/** The action of a route that always performs the same one. */
function isAction(policy: (typeof ROUTE_ACTIONS)[RouteName]): policy is ActionName {
  return typeof policy === 'string' && policy !== 'signed' && policy !== 'harmless';
}

function signedIn(caller: Caller | null): Caller {
  if (!caller) throw new CordonError('not_signed_in', 'Sign in first.');
  return caller;
}

/** A schema's refusal as one sentence and the field's path; never the value, which may be a secret. */
function parsed<S extends Shape>(schema: S | undefined, value: unknown, where: 'path' | 'query' | 'body'): Out<S> {
  const result = (schema ?? nothing).safeParse(value ?? {});
  if (result.success) return result.data as Out<S>;
  const issue = result.error.issues[0];
  const path = [where, ...(issue?.path ?? []).map(String)].join('.');
  throw new CordonError('invalid_input', `${path}: ${issue?.message ?? 'not as the API describes it'}`, { path });
}
