/**
 * Fixed order and complete list of the files in an evidence pack, so that packs with equal content have equal bytes. A new kind of file
 * needs a new `PACK_TYPE`, because older verifiers refuse unknown files.
 */
import {
  AUTHORITY,
  CHECKPOINT,
  CONTINUATIONS,
  DESTRUCTION,
  ENTRIES,
  GROWTH,
  LOCATIONS,
  MANIFEST,
  numberIn,
  PROCEEDINGS,
  PUBLIC_ROOT,
  type Series,
  SILENT,
  SUMMARY,
} from './format.ts';

const ORDER: readonly (string | { readonly series: Series })[] = [
  PUBLIC_ROOT,
  AUTHORITY.root,
  AUTHORITY.issuing,
  { series: 'approvers' },
  { series: 'revisions' },
  { series: 'lists' },
  CHECKPOINT,
  ENTRIES,
  GROWTH,
  CONTINUATIONS,
  { series: 'receipts' },
  SILENT,
  LOCATIONS,
  DESTRUCTION,
  PROCEEDINGS,
  SUMMARY,
  MANIFEST,
];

export interface FilePosition {
  readonly kind: number;
  /** Number of a file in its series, such as receipts; 0 for a single file. */
  readonly number: number;
}

/** Position of a file in an evidence pack; null for a name that no file of a pack can have. */
export function positionOf(name: string): FilePosition | null {
  for (const [kind, of] of ORDER.entries()) {
    const number = typeof of === 'string' ? (of === name ? 0 : null) : numberIn(of.series, name);
    if (number !== null) return { kind, number };
  }
  return null;
}

export const isBefore = (one: FilePosition, other: FilePosition): boolean =>
  one.kind < other.kind || (one.kind === other.kind && one.number < other.number);
