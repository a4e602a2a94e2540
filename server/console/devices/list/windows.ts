export const WINDOW = 100;
/** Number of extra rows before and after the visible rows, so that slow scrolling shows no gap. */
const MARGIN = 40;

export function windowsOf(first: number, last: number, total: number): number[] {
  if (total <= 0 || last < first) return [];
  const from = windowOf(Math.max(0, Math.min(first, total - 1)));
  const to = windowOf(Math.max(0, Math.min(last, total - 1)));
  return Array.from({ length: (to - from) / WINDOW + 1 }, (_, index) => from + index * WINDOW);
}

export const withMargin = (first: number, last: number): [number, number] => [first - MARGIN, last + MARGIN];

export const windowOf = (index: number): number => Math.floor(index / WINDOW) * WINDOW;
