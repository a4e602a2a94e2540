import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { Identity } from '../devices/identity.ts';
import type { HttpResponse } from './refusals.ts';

const LARGEST_BODY = 512 * 1024;

/** Deadlines for receiving a request's body, in milliseconds: one for the whole body, and one between two parts of the body. */
export interface BodyDeadlines {
  readonly whole: number;
  readonly silent: number;
}

/**
 * Default deadlines for receiving a request's body. They equal the agent's own time limits, so that the server does not wait for a request
 * that the agent has given up.
 */
const DEFAULT_DEADLINES: BodyDeadlines = { whole: 60_000, silent: 30_000 };

export interface DeviceRequest {
  readonly identity: Identity;
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  readonly id: string;
}

export interface DeviceRoute {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  respond(request: DeviceRequest): Promise<HttpResponse>;
}

export const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  body: JSON.stringify(value),
});

/**
 * Reads the request's body. Throws `too_large` for a large body, and `unavailable` for an incomplete body. In both cases the server ends
 * the connection.
 */
export async function bytesOf(
  request: IncomingMessage,
  most = LARGEST_BODY,
  deadlines: BodyDeadlines = DEFAULT_DEADLINES,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const cut = () => request.destroy();
  const whole = setTimeout(cut, deadlines.whole);
  const silent = setTimeout(cut, deadlines.silent);
  try {
    for await (const chunk of request) {
      silent.refresh();
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > most) throw new CordonError('too_large', `A request has at most ${most} bytes.`);
      chunks.push(bytes);
    }
  } catch (error) {
    if (isCordonError(error)) throw error;
    throw new CordonError('unavailable', 'The request was cut off or too slow. Try again.', {}, error);
  } finally {
    clearTimeout(whole);
    clearTimeout(silent);
  }
  return Buffer.concat(chunks);
}

export function queryOf<S extends z.ZodType>(schema: S, query: URLSearchParams): z.output<S> {
  const parsed = schema.safeParse(Object.fromEntries(query));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CordonError('invalid_input', `${issue?.path.join('.')}: ${issue?.message}`, {}, parsed.error);
}

/**
 * Reads and validates a JSON body. `what` describes the expected body in the error message. Throws `invalid_input` for an invalid body,
 * `too_large` for a large body, and `unavailable` for an incomplete body.
 */
export async function bodyOf<S extends z.ZodType>(
  schema: S,
  request: IncomingMessage,
  what: string,
  most?: number,
): Promise<z.output<S>> {
  const text = (await bytesOf(request, most)).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('invalid_input', 'The body is not JSON.', {}, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', `The body is not ${what}.`, {}, parsed.error);
}
