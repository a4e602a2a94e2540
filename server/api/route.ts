/**
 * Definition of an API route: name, method, path, schemas and handler. The name determines the rights. The Express app and the OpenAPI
 * document are made from these definitions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { ActionName } from '../../shared/api/action-names.ts';
import { fieldErrorContext, fieldErrorsOf } from '../../shared/api/field-errors.ts';
import { type OrderPart, type Visibility, WITHHELD_NOTICE } from '../../shared/api/order-readings.ts';
import { nothing } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { AccountId, DeviceId } from '../../shared/protocol/ids.ts';
import { ROUTE_ACTIONS } from '../admins/action-policy.ts';
import type { ActionContent } from '../admins/actions.ts';
import type { Account, Session } from '../admins/ports.ts';
import type { RightName, RouteName } from '../admins/rights.ts';
import { type AccessScope, isAllowed, scopeOf } from '../admins/roles.ts';
import type { OrderReader } from '../orders/adoption/order-visibility.ts';
import type { Evidence } from '../orders/evidence/evidence.ts';
import { orderPartOf } from './order-parts.ts';
import { SIGN_IN_REMEDY } from './sign-in-remedy.ts';

type Shape = z.ZodType;
type Out<S extends Shape> = z.output<S>;

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
type HandlerResult<S extends Shape> = Frozen<z.input<S>>;

export interface Caller {
  readonly account: Account;
  readonly via: 'session' | 'token';
  readonly session: Session | null;
  readonly destructive: boolean;
  /** Id of the API token; absent in a session. */
  readonly token?: string;
}

export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly scope: AccessScope;
  /**
   * Returns the groups and areas for which the caller has the given right. Handlers call this method for a right other than the right of
   * their route. Throws `forbidden` if the caller lacks the given right.
   */
  demand(right: RightName): AccessScope;
  /**
   * Requires a step-up sign-in and a second person for actions for which `action-policy.ts` demands them. A handler must call this method
   * after all checks of scope, and before the change. `body`: text that the second person confirms; default: the request's body.
   */
  authorize(action: ActionName, devices: readonly DeviceId[], body?: unknown): Promise<void>;
  /**
   * Removes the parts of an order that the caller may not see. For a withheld order, first records the access; the request fails if the
   * record cannot be stored.
   */
  readOrder(order: string): Promise<Visibility>;
  /** Names the devices of the request for the activity log, if neither its path nor its body names them. */
  concern(devices: readonly DeviceId[]): void;
  /** Devices for an action that a second person has confirmed. Null for a request that does not perform a confirmed action. */
  readonly confirmed: readonly DeviceId[] | null;
  readonly confirmer: AccountId | null;
  /**
   * Authenticated sender of the request. On a public route, a request may have no credentials; the access to this property then throws
   * `not_signed_in`.
   */
  readonly caller: Caller;
  /** Authenticates the request again, for a response that stays open. Rejects with `not_signed_in` if the session has ended. */
  callerNow(): Promise<Caller>;
  readonly address: string;
  readonly upload: Readable;
  readonly userAgent: string | undefined;
  readonly secure: boolean;
  readonly cookie: string | null;
  readonly browser: string | null;
  /** Cookie of an unfinished sign-in with the identity provider. */
  readonly pendingSignIn: string | null;
  /** Sealed challenge of a sign-in with a passkey, from its cookie. */
  readonly challenge: string | null;
  /** Confirmation of the action by a passkey (header `X-Cordon-Passkey`). */
  readonly confirmation: string | null;
}

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

/** Response with a file from disk. The callback `sent` runs after the file was sent or sending has failed. */
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

/** Response that the browser saves as a file and never displays, whatever content type the uploader stated. */
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

/**
 * Response that stays open, such as an event stream. `hold` writes the head and the body, until the handler or the client ends the
 * response.
 */
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
  /** Path below /api/v1 in Express syntax: `/devices/:id`. */
  readonly path: string;
  /** True if the path is outside /api/v1, as for health checks, metrics and the OpenAPI document. */
  readonly root?: true;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Schema of the response. The server removes fields that are not in the schema. */
  readonly response: R;
  readonly statuses?: readonly number[];
  /**
   * Handles a body that does not match the schema: returns the error for the response, or null for the usual `invalid_input`. The
   * disclosure desk records demands that its schema cannot express.
   */
  invalidBody?(input: { readonly body: unknown; readonly caller: Caller }): Promise<CordonError | null>;
  /** Set if the request or response is not JSON: a request body as a stream, or a response with a file, plain text or an event stream. */
  readonly raw?: RawKind;
  handler(
    input: Input<Out<P>, Out<Q>, Out<B>>,
  ): Promise<HandlerResult<R> | Reply<HandlerResult<R>> | FileReply | BytesReply | StreamReply>;
}

export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | null;
  readonly callerNow: () => Promise<Caller | null>;
  readonly authorize: (content: ActionContent) => Promise<void>;
  readonly readOrder: Evidence['read'];
  /** Records in the activity log that the handler begins. Rejects if the record cannot be stored; the handler must not run then. */
  readonly begin: (parts: {
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
  }) => Promise<void>;
  readonly concern: (devices: readonly DeviceId[]) => void;
  readonly confirmed: readonly DeviceId[] | null;
  readonly confirmer: AccountId | null;
  readonly address: string;
  readonly userAgent: string | undefined;
  readonly secure: boolean;
  readonly upload: Readable;
  readonly cookie: string | null;
  readonly browser: string | null;
  /** Cookie of an unfinished sign-in with the identity provider. */
  readonly pendingSignIn: string | null;
  readonly challenge: string | null;
  readonly confirmation: string | null;
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
      // Check rights before schemas, so that a caller without the right learns nothing about valid input.
      const scope = scopeOf(name, grants);
      const params = parsed(definition.params, input.params, 'path');
      const query = parsed(definition.query, input.query, 'query');
      const body = await parsedBody(definition, raw === 'upload' ? {} : input.body, () => signedIn(input.caller));
      const authorize = (action: ActionName, devices: readonly DeviceId[], content: unknown = body) => {
        input.concern(devices);
        return input.authorize({ action, route: name, params, body: content, devices });
      };
      const policy = ROUTE_ACTIONS[name];
      if (isAction(policy)) await authorize(policy, []);
      const reader = (): OrderReader => {
        const { id: account, person } = signedIn(input.caller).account;
        const mayRead = isAllowed(() => scopeOf('orders.read-withheld', grants));
        return { account, person, areas: mayRead ? scopeOf('orders.read-withheld', grants).areas : [] };
      };
      const part = orderPartOf(name);
      if (part !== null) await requireReading(input.readOrder, reader(), part, params);
      await input.begin({ params, query, body });
      const result = await handler({
        params,
        query,
        body,
        authorize,
        concern: input.concern,
        confirmed: input.confirmed,
        confirmer: input.confirmer,
        scope,
        demand: (right) => scopeOf(right, grants),
        readOrder: (order) =>
          input.readOrder(order, reader(), { part: 'terms', about: null }, { revision: null, masked: true }),
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
        pendingSignIn: input.pendingSignIn,
        challenge: input.challenge,
        confirmation: input.confirmation,
      });
      if (result instanceof FileReply || result instanceof BytesReply || result instanceof StreamReply) return result;
      const reply = result instanceof Reply ? result : new Reply(result);
      return new Reply<unknown>(response.parse(reply.body), { status: reply.status, headers: { ...reply.headers } });
    },
  };
}

export function locatedBy(demand: (right: RightName) => AccessScope): AccessScope['devices'] {
  return isAllowed(() => demand('devices.evidence')) ? demand('devices.evidence').devices : [];
}

function isAction(policy: (typeof ROUTE_ACTIONS)[RouteName]): policy is ActionName {
  return typeof policy === 'string' && policy !== 'signed' && policy !== 'harmless';
}

const orderPath = z.object({ number: z.string(), revision: z.number().optional(), sha256: z.string().optional() });

/** Throws `order_withheld` if the order is withheld and the caller may not read this part of the legal basis. */
async function requireReading(
  readOrder: Evidence['read'],
  reader: OrderReader,
  part: OrderPart,
  params: unknown,
): Promise<void> {
  const { number, revision = null, sha256 = null } = orderPath.parse(params);
  // The console's order page reads the texts of all revisions at once, so the access log records them as one part.
  const about = part === 'terms' || revision === null ? sha256 : String(revision);
  const visibility = await readOrder(number, reader, { part, about }, { revision, masked: false });
  if (visibility === 'hidden') throw new CordonError('order_withheld', WITHHELD_NOTICE, { order: number });
}

function signedIn(caller: Caller | null): Caller {
  if (!caller) throw new CordonError('not_signed_in', `The request has no credentials. ${SIGN_IN_REMEDY}`);
  return caller;
}

async function parsedBody<P extends Shape, Q extends Shape, B extends Shape, R extends Shape>(
  { body: schema, invalidBody }: Pick<Definition<P, Q, B, R>, 'body' | 'invalidBody'>,
  body: unknown,
  caller: () => Caller,
): Promise<Out<B>> {
  try {
    return parsed(schema, body, 'body');
  } catch (invalid) {
    const error = await invalidBody?.({ body, caller: caller() });
    throw error ?? invalid;
  }
}

/**
 * Throws `invalid_input` with one sentence and the path of the invalid field. The error never contains the invalid value, which may be a
 * secret.
 */
function parsed<S extends Shape>(schema: S | undefined, value: unknown, where: 'path' | 'query' | 'body'): Out<S> {
  const result = (schema ?? nothing).safeParse(value ?? {});
  if (result.success) return result.data as Out<S>;
  const issue = result.error.issues[0];
  const path = [where, ...(issue?.path ?? []).map(String)].join('.');
  const context = { path, ...fieldErrorContext(fieldErrorsOf(result.error, [where])) };
  throw new CordonError('invalid_input', `${path}: ${issue?.message ?? 'does not match the API description'}`, context);
}
