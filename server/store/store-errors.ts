/** A full or unreachable database is `store_unavailable`. A serialization failure can be retried. All other database errors are defects. */
import { CordonError } from '../../shared/errors.ts';

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'EACCES',
  'EROFS',
  'ENOSPC',
]);
/**
 * SQLSTATE codes that mean that the database is unavailable. Classes: 08 connection, 53 insufficient resources (53100 is a full disk), 57P
 * operator intervention, 58 system error, 3D invalid database name, 28 invalid authorization. Single code: 25006 read-only transaction.
 */
const UNAVAILABLE_SQLSTATES = /^(08...|53...|57P..|58...|3D...|28...|25006)$/;
const UNAVAILABLE_SQLITE = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY|LOCKED|CORRUPT|NOTADB|PERM|AUTH|NOMEM)(_|$)/;
/** Beginnings of error messages of the library pg that have no code. */
const UNAVAILABLE_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|SASL: )/;

/** Returns a `store_unavailable` error if the database is full, unreachable or damaged. Returns every other error unchanged. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof CordonError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  // If connection attempts to several addresses fail, Node throws one AggregateError.
  const inner = error instanceof AggregateError ? codeOf(error.errors[0]) : '';
  if (code === 'SQLITE_FULL' || code === '53100' || code === 'ENOSPC') {
    return new CordonError(
      'store_unavailable',
      'The disk of the database is full. Nothing was changed. Free some space and try again.',
      {},
      error,
    );
  }
  if (
    UNAVAILABLE_CODES.has(code) ||
    UNAVAILABLE_CODES.has(inner) ||
    UNAVAILABLE_SQLSTATES.test(code) ||
    UNAVAILABLE_SQLITE.test(code) ||
    UNAVAILABLE_MESSAGES.test(message)
  ) {
    // The connection ended during a commit, which may have succeeded. The store must therefore recognize a repeated request.
    const detail = 'The server cannot reach the database or write to it. Try again when the database is available.';
    return new CordonError('store_unavailable', detail, { cause: code || inner }, error);
  }
  return error;
}

/** True for a serialization failure or a deadlock of PostgreSQL. The same transaction may succeed at the next attempt. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** True for a violation of a unique key. On PostgreSQL, this error aborts the transaction, so prefer `onConflict(…).doNothing()`. */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
