/** What the two databases' errors mean: full or gone is `store_unavailable`, a lost race is tried again, the rest is a bug of ours. */
import { CordonError } from '../../shared/errors.ts';

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const GONE = new Set([
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
/** SQLSTATE classes: 08 connection, 53 out of resources (53100 is a full disk), 57P operator intervention, 58 system, 3D no such database, 28 sign-in. */
const GONE_STATES = /^(08...|53...|57P..|58...|3D...|28...|25006)$/;
const GONE_SQLITE = /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|BUSY|LOCKED|CORRUPT|NOTADB|PERM|AUTH|NOMEM)(_|$)/;
/** What pg throws without a code. */
const GONE_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** The same error, or a `store_unavailable` around it when the database is full, gone or damaged. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof CordonError) return error;
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : '';
  // A pool's connection attempt to several addresses fails with one AggregateError.
  const inner = error instanceof AggregateError ? codeOf(error.errors[0]) : '';
  if (code === 'SQLITE_FULL' || code === '53100' || code === 'ENOSPC') {
    return new CordonError('store_unavailable', 'The disk of the database is full: nothing was changed.', {}, error);
  }
  if (GONE.has(code) || GONE.has(inner) || GONE_STATES.test(code) || GONE_SQLITE.test(code) || GONE_WORDS.test(words)) {
    // Whether a commit that was under way has happened is not known here: whoever repeats it must be told the truth.
    const detail = 'The database cannot be reached or written; try again when it is back.';
    return new CordonError('store_unavailable', detail, { cause: code || inner }, error);
  }
  return error;
}

/** A serialisation failure or a deadlock of PostgreSQL: the same transaction may succeed when it is run again. */
export function isRetryable(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** A row with this key exists already. On PostgreSQL the transaction is lost then: prefer `onConflict(…).doNothing()`. */
export function isUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
