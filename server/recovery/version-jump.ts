/**
 * Increase of version numbers at a restore. Pure. Devices compare numbers: they refuse an older list or record, and the next list after
 * theirs must continue its chain. Therefore every number passes all numbers that can have been used since the backup.
 */

/** Minimum jump: more versions than an installation creates in years, in case the machine's clock is wrong. */
const LEAST = 1_000_000;
/** Jump of order numbers and revisions: more than people approve between a backup and its restore. */
export const ORDER_NUMBERS = 1_000;

/** Each version needs a disk sync, so there is less than one per millisecond. */
export const versionJump = (recoveryPoint: number, now: number): number => LEAST + Math.max(0, now - recoveryPoint);

/** `2026-1003` follows `2026-003`, so that no number of a lost order is reused. */
export function raisedCount(used: number, floor: number): number {
  return Math.max(used, floor) + ORDER_NUMBERS;
}
