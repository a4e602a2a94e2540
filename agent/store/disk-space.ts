/** Decisions about disk space and the reserve for orders (ADR 36), as pure functions. */

const MiB = 1024 * 1024;

/**
 * Size of the reserve in bytes. A frame from the server has at most 8 MiB, so an order list does too. The orders in the list are stored a
 * second time, at 3/4 of their size in the list: at most 14 MiB of documents. The write-ahead log contains them once more until its
 * checkpoint: 28 MiB. The rest is for gates, receipts and the log's index.
 */
export const RESERVE_SIZE = 32 * MiB;
/** Bytes of the reserve that the first attempt frees. Each further attempt frees twice as many bytes as the one before. */
export const FIRST_RELEASE = 128 * 1024;
/** Bytes of free space below which a disk is full. */
export const FULL_BELOW = MiB;
/** Bytes of free space that the agent leaves when it fills the reserve, for other programs and for its own messages. */
export const LEFT_TO_OTHERS = 4 * MiB;

/** Sizes in bytes. */
export interface DiskSpace {
  /** Bytes that programs without special rights can use on the disk. The reserve's bytes are not included. */
  readonly free: number;
  readonly reserved: number;
  readonly size: number;
}

/** State of the disk. `low`: the disk has some free space, but too little for the whole reserve. */
export type DiskState = 'ok' | 'low' | 'full';

export function diskState({ free, reserved, size }: DiskSpace): DiskState {
  if (free < FULL_BELOW) return 'full';
  return reserved < size ? 'low' : 'ok';
}

/** Bytes by which the reserve may grow now. */
export const growth = ({ free, reserved, size }: DiskSpace): number =>
  Math.max(0, Math.min(size - reserved, free - LEFT_TO_OTHERS));

/** SQLite's primary result codes for I/O error, full disk, and "cannot open" (sqlite.org/rescode.html). */
const SQLITE_WITHOUT_SPACE: ReadonlySet<number> = new Set([10, 13, 14]);
const SYSTEM_WITHOUT_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Returns true if freeing disk space may help. If a quota is used up, or a log file cannot be created, SQLite reports an I/O error or
 * "cannot open". A broken disk causes the same errors. In that case, the attempt after freeing space fails too, without harm.
 */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error) return SQLITE_WITHOUT_SPACE.has(Number(error.errcode) & 0xff);
  return 'code' in error && SYSTEM_WITHOUT_SPACE.has(String(error.code));
}
