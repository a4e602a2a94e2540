/**
 * Order of package versions. Each source has the order of its own package manager:
 * - dpkg: Debian Policy, section 5.6.12 (epoch, upstream version, revision; `~` sorts before the end).
 * - rpm: epoch, version and release, each by `rpmvercmp` (`~` sorts before the end, `^` after it and before anything else).
 * - flatpak, snap, windows, macos: their versions are free texts. `rpmvercmp` of the whole text compares runs of digits as numbers and runs
 *   of letters as texts, which is the order that people expect of `1.9` and `1.10`.
 */
import type { SoftwareSource } from './software.ts';

/** Negative if `a` is before `b`, zero if neither is before the other. */
export type VersionOrder = (a: string, b: string) => number;

export function versionOrder(source: SoftwareSource): VersionOrder {
  switch (source) {
    case 'dpkg':
      return compareDpkg;
    case 'rpm':
      return compareRpm;
    default:
      return compareRpmPart;
  }
}

interface Parts {
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
}

/** Parts of a version: the epoch ends at the first colon, and the release begins after the last hyphen. */
function partsOf(text: string): Parts {
  const colon = text.indexOf(':');
  const epoch = colon > 0 && /^\d+$/.test(text.slice(0, colon)) ? text.slice(0, colon) : null;
  const rest = epoch === null ? text : text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: epoch ?? '0',
    version: hyphen < 0 ? rest : rest.slice(0, hyphen),
    release: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

function compareDpkg(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareDpkgPart(left.version, right.version) ||
    compareDpkgPart(left.release, right.release)
  );
}

/**
 * Algorithm `verrevcmp` of dpkg. It alternates between runs of other characters, compared one by one, and runs of digits, compared as
 * numbers.
 */
function compareDpkgPart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weightOf(a, i) - weightOf(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const left = digitsAt(a, i);
    const right = digitsAt(b, j);
    const difference = compareNumbers(left, right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  return 0;
}

/**
 * Weight of a character in the comparison. `~` comes before the end of the text. Then follow digits and the end, then letters, then all
 * other characters.
 */
function weightOf(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === TILDE) return -1;
  return isLetter(code) ? code : code + 256;
}

function compareRpm(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  const compared = compareNumbers(left.epoch, right.epoch) || compareRpmPart(left.version, right.version);
  // A version without a release equals every release of that version, as in rpm's dependencies.
  if (compared !== 0 || left.release === '' || right.release === '') return compared;
  return compareRpmPart(left.release, right.release);
}

/** Algorithm `rpmvercmp` of rpm (rpmio/rpmvercmp.c). */
export function compareRpmPart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  for (;;) {
    while (i < a.length && isSeparator(a, i)) i += 1;
    while (j < b.length && isSeparator(b, j)) j += 1;
    const tildes = [a.charCodeAt(i) === TILDE, b.charCodeAt(j) === TILDE];
    if (tildes[0] || tildes[1]) {
      if (!tildes[0]) return 1;
      if (!tildes[1]) return -1;
      i += 1;
      j += 1;
      continue;
    }
    const carets = [a.charCodeAt(i) === CARET, b.charCodeAt(j) === CARET];
    if (carets[0] || carets[1]) {
      if (i >= a.length) return -1;
      if (j >= b.length) return 1;
      if (!carets[0]) return 1;
      if (!carets[1]) return -1;
      i += 1;
      j += 1;
      continue;
    }
    if (i >= a.length || j >= b.length) break;
    const numeric = isDigit(a, i);
    const left = numeric ? digitsAt(a, i) : lettersAt(a, i);
    const right = numeric ? digitsAt(b, j) : lettersAt(b, j);
    // A run of digits is newer than a run of letters.
    if (right.length === 0) return numeric ? 1 : -1;
    const difference = numeric ? compareNumbers(left, right) : compareTexts(left, right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  if (i >= a.length && j >= b.length) return 0;
  return i < a.length ? 1 : -1;
}

const TILDE = 0x7e;
const CARET = 0x5e;

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

const isLetter = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);

function isSeparator(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return !isDigit(text, at) && !isLetter(code) && code !== TILDE && code !== CARET;
}

function digitsAt(text: string, from: number): string {
  let to = from;
  while (to < text.length && isDigit(text, to)) to += 1;
  return text.slice(from, to);
}

function lettersAt(text: string, from: number): string {
  let to = from;
  while (to < text.length && isLetter(text.charCodeAt(to))) to += 1;
  return text.slice(from, to);
}

/** Compares texts of digits as numbers of any length. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length - right.length || compareTexts(left, right);
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
