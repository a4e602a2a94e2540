/**
 * Increase of version numbers at a restore. The functions are pure. Devices refuse an order list or device record that is older than the
 * stored one, so each new number exceeds all numbers that the server can have used since the backup.
 */

/**
 * Minimum by which a restore increases a document's version number. Normally, the increase grows with the time since the backup. The
 * minimum suffices even if a wrong clock hides that time, because an installation creates fewer versions than this in several years.
 */
const LEAST = 1_000_000;
/**
 * Number of order numbers and revision numbers that the server skips at a restore, so that it reuses no number from after the backup.
 * People create fewer orders and revisions than this between a backup and its restore.
 */
export const ORDER_NUMBERS = 1_000;

/**
 * Returns the increase of version numbers at a restore, with one version per millisecond since the backup. The server cannot have created
 * more versions in that time, because each version needs a disk sync.
 */
export const versionJump = (recoveryPoint: number, now: number): number => LEAST + Math.max(0, now - recoveryPoint);

/**
 * Returns the highest order number (without the year) that the server skips after a restore, so that it reuses no number of a lost order.
 * If `2026-003` is the highest number in the backup, the next order is `2026-1004`.
 */
export function raisedCount(used: number, floor: number): number {
  return Math.max(used, floor) + ORDER_NUMBERS;
}
