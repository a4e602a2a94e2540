const MiB = 1024 * 1024;

/**
 * Bytes of the reserve. An order list has at most 8 MiB, the size of a frame. Its orders are stored a second time at 3/4 of their size: 14
 * MiB. The write-ahead log contains all of this once more: 28 MiB. The rest is for gates, receipts and the log's index.
 */
export const RESERVE_SIZE = 32 * MiB;
/** Bytes that the first attempt frees from the reserve. Each further attempt frees twice as many. */
export const FIRST_RELEASE = 128 * 1024;
/** Bytes of free space below which a disk is full. */
export const FULL_BELOW = MiB;
/** Free bytes that the agent leaves to other programs and its own messages when it fills the reserve. */
export const LEFT_TO_OTHERS = 4 * MiB;

export interface DiskSpace {
  /** Bytes that programs without special rights can use on the disk, without the reserve. */
  readonly free: number;
  readonly reserved: number;
  readonly size: number;
}

/** `low`: the disk has some free space, but too little for the whole reserve. */
export type DiskState = 'ok' | 'low' | 'full';

export function diskState({ free, reserved, size }: DiskSpace): DiskState {
  if (free < FULL_BELOW) return 'full';
  return reserved < size ? 'low' : 'ok';
}

export const growth = ({ free, reserved, size }: DiskSpace): number =>
  Math.max(0, Math.min(size - reserved, free - LEFT_TO_OTHERS));

/** SQLite's primary result codes for I/O error, full disk, and "cannot open" (sqlite.org/rescode.html). */
const SQLITE_WITHOUT_SPACE: ReadonlySet<number> = new Set([10, 13, 14]);
const SYSTEM_WITHOUT_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * True if freeing disk space may help. SQLite reports an I/O error or "cannot open" for an exhausted quota or a log file that cannot be
 * created. A broken disk causes the same errors; the attempt after freeing space then fails without harm.
 */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error) return SQLITE_WITHOUT_SPACE.has(Number(error.errcode) & 0xff);
  return 'code' in error && SYSTEM_WITHOUT_SPACE.has(String(error.code));
}
