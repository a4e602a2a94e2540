/** Conversion between Unix milliseconds and the value of a `datetime-local` input, in the browser's time zone, with seconds. */

export function localDateTime(instant: number): string {
  const offset = new Date(instant).getTimezoneOffset() * 60_000;
  return new Date(instant - offset).toISOString().slice(0, 19);
}

export function parseLocalDateTime(written: string): number | null {
  const instant = new Date(written).getTime();
  return written === '' || Number.isNaN(instant) ? null : instant;
}
