/** Parser for dates as people type them. The function is pure. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * Parses a date such as `2015-11-30`, `30 Nov 2015`, `30 November 2015` or `Nov 30, 2015`. Returns null for an ambiguous date (`3/4/2015`)
 * or an invalid one.
 */
export function parseDate(typed: string): string | null {
  const text = typed.trim().toLowerCase();
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (iso) return dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const [, day, month, year] =
    /^(\d{1,2})\.? ([a-z]{3,9})\.?,? (\d{4})$/.exec(text) ??
    monthFirst(/^([a-z]{3,9})\.? (\d{1,2}),? (\d{4})$/.exec(text));
  if (day === undefined || month === undefined || year === undefined) return null;
  return dateOf(Number(year), MONTHS.indexOf(month.slice(0, 3)) + 1, Number(day));
}

function monthFirst(match: RegExpExecArray | null): (string | undefined)[] {
  return match ? [match[0], match[2], match[1], match[3]] : [];
}

function dateOf(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  const same = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return same && month > 0 ? date.toISOString().slice(0, 10) : null;
}
