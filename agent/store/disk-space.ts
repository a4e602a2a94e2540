const MiB = 1024 * 1024;

/**
 * Size in bytes of the reserve file, which keeps disk space for new orders. An order list (at most 8 MiB) and decoded copies of its orders
 * (6 MiB) need 14 MiB. SQLite's write-ahead log needs another 14 MiB. The remaining 4 of the 32 MiB are for other data, such as receipts.
 */
export const RESERVE_SIZE = 32 * MiB;
/**
 * Bytes by which the agent first shrinks the reserve file (disk space kept for new orders) when a write fails for lack of space. Each
 * further attempt frees twice as many bytes.
 */
export const FIRST_RELEASE = 128 * 1024;
/** Bytes of free space below which a disk is full. */
export const FULL_BELOW = MiB;
/**
 * Bytes of disk space that stay free for other programs and for the agent's own messages. The reserve file (space for new orders) grows
 * only into the free space above this limit.
 */
export const FREE_FOR_OTHERS = 4 * MiB;

export interface DiskSpace {
  /** Free bytes for programs without special rights. The reserve file, which keeps disk space for new orders, counts as used space. */
  readonly free: number;
  readonly reserved: number;
  readonly size: number;
}

/**
 * State of the disk. `full`: less than `FULL_BELOW` bytes are free. `low`: the disk is not full, but the reserve file for new orders has
 * not reached its full size.
 */
export type DiskState = 'ok' | 'low' | 'full';

export function diskState({ free, reserved, size }: DiskSpace): DiskState {
  if (free < FULL_BELOW) return 'full';
  return reserved < size ? 'low' : 'ok';
}

export const growth = ({ free, reserved, size }: DiskSpace): number =>
  Math.max(0, Math.min(size - reserved, free - FREE_FOR_OTHERS));

/** SQLite's primary result codes for I/O error, full disk, and "cannot open" (sqlite.org/rescode.html). */
const SQLITE_WITHOUT_SPACE: ReadonlySet<number> = new Set([10, 13, 14]);
const SYSTEM_WITHOUT_SPACE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * True if a retry after freeing disk space may succeed. SQLite reports an I/O error or "cannot open" for an exhausted quota or a log file
 * that cannot be created. A broken disk causes the same errors; the attempt after freeing space then fails without harm.
 */
export function isOutOfSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('errcode' in error) return SQLITE_WITHOUT_SPACE.has(Number(error.errcode) & 0xff);
  return 'code' in error && SYSTEM_WITHOUT_SPACE.has(String(error.code));
}
