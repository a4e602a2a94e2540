/**
 * Increase of version numbers at a restore. Pure. Devices refuse an order list or device record that is older than the stored one, so each
 * new number exceeds all numbers that the server can have used since the backup.
 */

/** Minimum increase of a version number, in case the machine's clock is wrong: more versions than an installation creates in years. */
const LEAST = 1_000_000;
/** Increase of order numbers and revision numbers: more revisions than people approve between a backup and its restore. */
export const ORDER_NUMBERS = 1_000;

/**
 * Increase since the backup: at least one version per millisecond. The server creates fewer versions, because each version needs a disk
 * sync.
 */
export const versionJump = (recoveryPoint: number, now: number): number => LEAST + Math.max(0, now - recoveryPoint);

/** Next order number: `2026-1003` follows `2026-003`, so that no number of a lost order is reused. */
export function raisedCount(used: number, floor: number): number {
  return Math.max(used, floor) + ORDER_NUMBERS;
}
