/** Difference of two texts, line by line. */

export interface Line {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/**
 * Maximum number of line pairs to compare. Beyond it, the whole changed middle counts as replaced, because the comparison would take too
 * long.
 */
const MOST_PAIRS = 4_000_000;

export function lineDifference(before: string, after: string): Line[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = differenceOf(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

const same = (lines: readonly string[]): Line[] => lines.map((text) => ({ kind: 'same', text }));
const removed = (lines: readonly string[]): Line[] => lines.map((text) => ({ kind: 'removed', text }));
const added = (lines: readonly string[]): Line[] => lines.map((text) => ({ kind: 'added', text }));

/** Lines of the longest common subsequence stay; all others were removed or added. */
function differenceOf(a: readonly string[], b: readonly string[]): Line[] {
  if (a.length * b.length > MOST_PAIRS || a.length === 0 || b.length === 0) return [...removed(a), ...added(b)];
  const width = b.length + 1;
  // Length of the longest common subsequence of the lines from (i, j) on.
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push({ kind: 'removed', text: a[i] ?? '' });
      i += 1;
    } else {
      lines.push({ kind: 'added', text: b[j] ?? '' });
      j += 1;
    }
  }
  return [...lines, ...removed(a.slice(i)), ...added(b.slice(j))];
}
