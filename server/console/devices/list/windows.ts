/** The list is fetched in windows of rows: those that are on the screen, and their neighbours. */

/** Rows of one request. */
export const WINDOW = 100;
/** So many rows before and after those on the screen are fetched too, so that slow scrolling meets no gap. */
const MARGIN = 40;

/** The first rows of the windows that hold the rows `first` to `last`. */
export function windowsOf(first: number, last: number, total: number): number[] {
  if (total <= 0 || last < first) return [];
  const from = windowOf(Math.max(0, Math.min(first, total - 1)));
  const to = windowOf(Math.max(0, Math.min(last, total - 1)));
  return Array.from({ length: (to - from) / WINDOW + 1 }, (_, index) => from + index * WINDOW);
}

export const withMargin = (first: number, last: number): [number, number] => [first - MARGIN, last + MARGIN];

export const windowOf = (index: number): number => Math.floor(index / WINDOW) * WINDOW;
