/** A time as an input of the kind `datetime-local` has it, in the reader's zone, to the second. */

export function writtenLocal(instant: number): string {
  const offset = new Date(instant).getTimezoneOffset() * 60_000;
  return new Date(instant - offset).toISOString().slice(0, 19);
}

/** Null while it is no time. */
export function readLocal(written: string): number | null {
  const instant = new Date(written).getTime();
  return written === '' || Number.isNaN(instant) ? null : instant;
}
