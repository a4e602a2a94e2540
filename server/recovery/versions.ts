/**
 * How far version numbers move at a restore. Pure. A device compares numbers alone: it refuses a list or record that is not newer than its own, and
 * a list whose number follows its own must continue its chain. So every number moves past all that can have been used since the backup.
 */

/** More versions than an installation makes in years, should the clock of the machine be wrong. */
const LEAST = 1_000_000;
/** More revisions of one order, and more orders, than people approve between a backup and its restore. */
export const ORDER_NUMBERS = 1_000;

/** A version takes a transaction that is synced to the disk: there is less than one in a millisecond. */
export const jumpSince = (recoveryPoint: number, now: number): number => LEAST + Math.max(0, now - recoveryPoint);

/** `2026-1003`: after `2026-003`, so that no number is given that a lost order may have. */
export function raisedCount(used: number, floor: number): number {
  return Math.max(used, floor) + ORDER_NUMBERS;
}
