/** Client of the admin API. An error response becomes the typed error that the server threw. */
import type { z } from 'zod';
import { CSRF_HEADER, steppedUp } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { CordonError, ERROR_CODES, type ErrorCode, isCordonError } from '../../shared/errors.ts';

export interface Credentials {
  readonly token: string | null;
  readonly session: { readonly cookie: string; readonly csrf: string } | null;
}

const JSON_BODY = { 'content-type': 'application/json' };

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface Client {
  readonly server: string;
  /** Sends a request. `path` is relative to /api/v1. */
  call<S extends z.ZodType>(response: S, method: Method, path: string, body?: unknown): Promise<z.output<S>>;
  /** Returns the response unparsed, for a body that is not JSON. `path` is relative to the root of the server. */
  raw(method: Method, path: string, body?: Uint8Array | string, headers?: Record<string, string>): Promise<Response>;
}

/**
 * Creates a client. `code`: function that asks the user for an authenticator code if an action needs a step-up sign-in. The function
 * resolves to null if the command runs without a user.
 */
export function createClient(
  server: string,
  { token, session }: Credentials,
  code: () => Promise<string | null> = async () => null,
): Client {
  const origin = originOf(server);
  const proof: Record<string, string> = token
    ? { authorization: `Bearer ${token}` }
    : session
      ? { cookie: session.cookie, [CSRF_HEADER]: session.csrf }
      : {};

  async function raw(method: Method, path: string, body?: Uint8Array | string, headers: Record<string, string> = {}) {
    let response: Response;
    try {
      const content = body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) };
      response = await fetch(origin + path, {
        method,
        headers: { ...proof, ...headers },
        redirect: 'error',
        ...content,
      });
    } catch (error) {
      const why = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
      const mend = 'Check that the server runs there, or give another URL with --server.';
      throw new CordonError('unavailable', `Cannot reach ${origin}${why}. ${mend}`, {}, error);
    }
    if (response.ok) return response;
    throw await refusal(response);
  }

  async function steppedUpNow(): Promise<boolean> {
    const totp = session && !token ? await code() : null;
    if (totp === null) return false;
    const response = await raw('POST', '/api/v1/session/step-up', JSON.stringify({ totp }), JSON_BODY);
    steppedUp.parse(await response.json());
    return true;
  }

  async function send(...args: Parameters<typeof raw>): Promise<Response> {
    try {
      return await raw(...args);
    } catch (error) {
      if (!isCordonError(error, 'step_up_required') || !(await steppedUpNow())) throw error;
      return raw(...args);
    }
  }

  return {
    server: origin,
    raw: send,
    async call(schema, method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? undefined : JSON_BODY;
      const response = await send(method, `/api/v1${path}`, text, headers);
      const parsed = schema.safeParse(await response.json());
      if (parsed.success) return parsed.data;
      throw new CordonError(
        'unavailable',
        'The server sent a response of unknown form. Check that server and command line have the same version.',
      );
    },
  };
}

function originOf(server: string): string {
  const url = URL.parse(server);
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url.origin;
  throw new CordonError(
    'invalid_input',
    `${server} is not the URL of a server. Give a URL such as http://localhost:8445.`,
  );
}

async function refusal(response: Response): Promise<CordonError> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const detail = `The server answered ${response.status} without a reason. Check that the URL belongs to a Cordon server.`;
    return new CordonError('unavailable', detail, {}, error);
  }
  const problem = problemSchema.safeParse(json);
  if (!problem.success) return new CordonError('unavailable', `The server answered ${response.status}.`);
  const { code, detail, context } = problem.data;
  return new CordonError(isCode(code) ? code : 'internal', detail, context);
}

const isCode = (code: string): code is ErrorCode => ERROR_CODES.some((known) => known === code);

export function queryOf(parameters: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(parameters).toString();
  return query === '' ? '' : `?${query}`;
}
