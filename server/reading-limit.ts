/** Limit on the number of people or devices whose records one admin reads in 24 hours. The functions are pure. */

/** Sliding window in milliseconds in which the server counts the subjects. */
export const READING_WINDOW = 24 * 3_600_000;
/** Number of different subjects that one admin may read within `READING_WINDOW`. */
export const READ_SUBJECTS = 5;

/** Record that an admin has read the records of a subject (a person, device or account). */
export interface Reading {
  readonly subject: string;
  readonly at: number;
}

/** Readings that still count at `now`, as the newest time of each subject. */
function countedAt(earlier: readonly Reading[], now: number): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const { subject, at } of earlier) {
    if (at > now - READING_WINDOW) counted.set(subject, Math.max(at, counted.get(subject) ?? 0));
  }
  return counted;
}

/** Returns true if the admin has read this subject within the window. A repetition reveals nothing new, so it does not count again. */
export const isRepetition = (earlier: readonly Reading[], subject: string, now: number): boolean =>
  countedAt(earlier, now).has(subject);

/** Time from which the admin may read one more subject; null if the admin may read the given one now. `earlier`: readings of the admin. */
export function retryTime(earlier: readonly Reading[], subject: string, now: number): number | null {
  const counted = countedAt(earlier, now);
  if (counted.has(subject) || counted.size < READ_SUBJECTS) return null;
  return Math.min(...counted.values()) + READING_WINDOW;
}
