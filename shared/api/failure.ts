/** Conversion of a thrown error into a problem response (RFC 9457), for all HTTP listeners. */
import { randomUUID } from 'node:crypto';
import { CordonError } from '../errors.ts';
import { problemOf } from './problems.ts';
import type { Problem } from './wire.ts';

export interface Failure {
  readonly error: CordonError;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Problem response for a thrown error. An internal error gets an id that appears in the log and in the response. */
export function failureOf(
  thrown: unknown,
  request: { readonly method: string; readonly path: string },
  log: { error(facts: object, message: string): void },
): Failure {
  const error = asCordonError(thrown);
  const problem = problemOf(error);
  if (problem.status >= 500) {
    const id = randomUUID();
    const { method, path } = request;
    log.error({ id, method, path, code: error.code, ...causeOf(thrown) }, 'request failed');
    problem.context = { ...problem.context, id };
  }
  const { retryAfter } = error.context;
  const headers = typeof retryAfter === 'number' ? { 'Retry-After': String(retryAfter) } : {};
  return { error, problem, headers };
}

/**
 * Express sets `status` on errors that the client caused. The message of such an error may quote the request body, so the response omits
 * the message.
 */
export function asCordonError(thrown: unknown): CordonError {
  if (thrown instanceof CordonError) return thrown;
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : 500;
  if (status === 413)
    return new CordonError('too_large', 'The request is larger than this path accepts. Send a smaller request.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const detail = 'The request cannot be read, because its path or body is malformed. Send well-formed JSON in UTF-8.';
    return new CordonError('invalid_input', detail);
  }
  return new CordonError('internal', 'unexpected', {}, thrown);
}

/** Only name, message and stack are logged, because other properties of the error may contain the request body. */
function causeOf(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const { cause } = thrown;
  return { error: thrown.stack, ...(cause instanceof Error ? { cause: cause.stack } : {}) };
}
