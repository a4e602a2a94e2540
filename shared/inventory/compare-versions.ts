/**
 * Order of versions of operating systems, kernels and agents, such as `12.4`, `6.1.0-18` or `2.0-rc1`, for groups and policies. Numbers
 * compare as numbers, and a missing number counts as 0. A pre-release (`~` or letters after a hyphen, such as `-rc1`) is older than its
 * release. For packages, the order of their package manager applies instead (`version-order.ts`). The functions are pure.
 */

const PARTS = /\d+|[a-z]+|~/g;
/** Maximum length of a compared version, which limits the time of the comparison. Facts of the catalog are shorter. */
const LONGEST = 256;

/** Returns -1 if `a` is older than `b`, 1 if it is newer, and 0 if both are equal. */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  const [parts, others] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(parts.length, others.length); index += 1) {
    const [left, right] = [parts[index], others[index]];
    if (isZero(left) && isZero(right)) continue;
    const difference = rankOf(left) - rankOf(right) || compareParts(left, right);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

const partsOf = (version: string): readonly string[] => version.slice(0, LONGEST).toLowerCase().match(PARTS) ?? [];

const isZero = (part: string | undefined): boolean => part === undefined || /^0+$/.test(part);

/** Letters and `~` are older than the end of the version, and a further number is newer. */
function rankOf(part: string | undefined): number {
  if (part === undefined) return 2;
  if (part === '~') return 0;
  return /\d/.test(part) ? 3 : 1;
}

function compareParts(a = '', b = ''): number {
  if (a === b) return 0;
  if (!/^\d/.test(a)) return a < b ? -1 : 1;
  const [x, y] = [BigInt(a), BigInt(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}
