/** Decisions about disk space and the reserve for orders (ADR 36). Pure. */

const MiB = 1024 * 1024;

/**
 * Bytes of the reserve. A frame from the server has at most 8 MiB, so an order list does too. The orders in the list are stored a second time, at 3/4 of
 * their size there: 14 MiB of documents at most. The write-ahead log holds them once more until the checkpoint: 28 MiB. The rest is for
 * gates, receipts and the log's index.
 */
export const RESERVE_SIZE = 32 * MiB;
/** Bytes that the reserve releases at first; each further attempt releases twice as much. */
export const FIRST_RELEASE = 128 * 1024;
/** Bytes of free space below which a disk is full. */
export const FULL_BELOW = MiB;
/** Bytes that the agent leaves to other programs and to its own messages when it builds the reserve. */
export const LEFT_TO_OTHERS = 4 * MiB;

/** Sizes in bytes. */
export interface DiskSpace {
  /** Space for programs without special rights, excluding the reserve. */
  readonly free: number;
  readonly reserved: number;
  readonly size: number;
}

/** `low`: the disk has some space, but too little for the whole reserve. */
export type DiskState = 'ok' | 'low' | 'full';

export function diskState({ free, reserved, size }: DiskSpace): DiskState {
  if (free < FULL_BELOW) return 'full';
  return reserved < size ? 'low' : 'ok';
}

/** Bytes by which the reserve may grow now. */
export const growth = ({ free, reserved, size }: DiskSpace): number =>
  Math.max(0, Math.min(size - reserved, free - LEFT_TO_OTHERS));

/** Primary result codes of SQLite (sqlite.org/rescode.html): I/O error, full, cannot open. */
const SQLITE_WITHOUT_SPACE: ReadonlySet<number> = new Set([10, 13, 14]);
const SYSTEM_WITHOUT_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * True when more space may help. SQLite reports a used-up quota, and a log that cannot be created, as an I/O error or as "cannot open". A broken disk gives
 * the same errors; the attempt with more space then fails too, without harm.
 */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error) return SQLITE_WITHOUT_SPACE.has(Number(error.errcode) & 0xff);
  return 'code' in error && SYSTEM_WITHOUT_SPACE.has(String(error.code));
}
