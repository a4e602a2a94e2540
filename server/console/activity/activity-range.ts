import type { LedgerSearch } from '../app/searches.ts';

/**
 * Time range of a quick filter, in the reader's time zone. `to` is not included. `now`: present time of the server clock. A local day has 23
 * or 25 hours when the clock changes, so days are counted by date.
 */
export function rangeOf(range: LedgerSearch['range'], now: number): { from?: number; to?: number } {
  switch (range) {
    case undefined:
    case 'all':
      return {};
    case 'today':
      return { from: startOfDay(now, 0) };
    case 'yesterday':
      return { from: startOfDay(now, 1), to: startOfDay(now, 0) };
    case 'week':
      return { from: startOfDay(now, 6) };
  }
}

function startOfDay(now: number, daysBefore: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysBefore).getTime();
}
