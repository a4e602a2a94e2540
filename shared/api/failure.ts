/** What was thrown while a request was answered, as the problem to answer with: the same on every listener that speaks to people. */
import { randomUUID } from 'node:crypto';
import { CordonError } from '../errors.ts';
import { problemOf } from './problems.ts';
import type { Problem } from './wire.ts';

export interface Failure {
  readonly error: CordonError;
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** A failure of our own is logged under an id that the answer carries. */
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

/** express throws errors with a status for what the caller did. Their text may quote the body, so it is not repeated. */
function asCordonError(thrown: unknown): CordonError {
  if (thrown instanceof CordonError) return thrown;
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : 500;
  if (status === 413) return new CordonError('too_large', 'The request is larger than this path takes.');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const detail = 'The request could not be read: its path or body is malformed (JSON is well-formed and in UTF-8).';
    return new CordonError('invalid_input', detail);
  }
  return new CordonError('internal', 'unexpected', {}, thrown);
}

/** Name, message and stack only: an error's other properties may hold a request's body. */
function causeOf(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const { cause } = thrown;
  return { error: thrown.stack, ...(cause instanceof Error ? { cause: cause.stack } : {}) };
}
