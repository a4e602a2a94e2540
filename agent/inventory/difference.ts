/** Difference between two states of the inventory, as a report that fits into one frame. */
import { createHash } from 'node:crypto';
import { SECTION_NAMES, type SectionName, type Sections } from '../../shared/inventory/inventory.ts';
import type { InventoryReport, InventoryState } from '../../shared/inventory/report.ts';
import { entryKey, MOST_CHANGES, type SoftwareEntry } from '../../shared/inventory/software.ts';
import { sortedEntries } from './collect.ts';

/** Maximum bytes of software entries in one report. The rest of the frame's 256 KiB is for other sections and the frame itself. */
const SOFTWARE_BYTES = 96 * 1024;

export const NO_INVENTORY: InventoryState = { sections: {}, missing: {}, software: [] };

export function digestOf({ sections, missing, software }: InventoryState): string {
  const hash = createHash('sha256');
  const ordered = SECTION_NAMES.map((section) => [section, sections[section] ?? null]);
  hash.update(JSON.stringify([ordered, Object.entries(missing).sort()]));
  for (const entry of software) hash.update(`\n${entryKey(entry)}`);
  return hash.digest('hex');
}

export interface Difference {
  readonly report: InventoryReport;
  /** Inventory that the server has stored after it received the report. */
  readonly after: InventoryState;
}

/**
 * Report that changes the server's state from `base` toward `current`. `base`: null if the server has no state. If the software list
 * changed too much for one report, `after` has a part of the changes, and the next report continues. Null if nothing changed.
 */
export function differenceOf(base: InventoryState | null, current: InventoryState, at: number): Difference | null {
  const from = base ?? NO_INVENTORY;
  const baseDigest = base && digestOf(base);
  if (baseDigest === digestOf(current)) return null;
  const sections = changedSections(from.sections, current.sections);
  const software = firstChanges(from.software, current.software);
  const after = { sections: current.sections, missing: current.missing, software: software.after };
  const digest = digestOf(after);
  // `current` has the same entries in another order. The confirmation of a report would cause the next equal report, without end.
  if (digest === baseDigest) return null;
  const { added, removed } = software;
  const isChanged = base === null || added.length + removed.length > 0;
  return {
    report: {
      at,
      base: baseDigest,
      digest,
      sections,
      missing: current.missing,
      ...(isChanged && { software: { total: software.after.length, added, removed } }),
    },
    after,
  };
}

function changedSections(before: Sections, after: Sections): Sections {
  const changed: Partial<Record<SectionName, unknown>> = {};
  for (const section of SECTION_NAMES) {
    const data = after[section];
    if (data !== undefined && JSON.stringify(data) !== JSON.stringify(before[section])) changed[section] = data;
  }
  return changed as Sections;
}

interface SoftwareChanges {
  readonly added: SoftwareEntry[];
  readonly removed: SoftwareEntry[];
  readonly after: readonly SoftwareEntry[];
}

function firstChanges(before: readonly SoftwareEntry[], current: readonly SoftwareEntry[]): SoftwareChanges {
  const old = new Map(before.map((entry) => [entryKey(entry), entry]));
  const next = new Map(current.map((entry) => [entryKey(entry), entry]));
  const after = new Map(old);
  const removed: SoftwareEntry[] = [];
  const added: SoftwareEntry[] = [];
  let bytes = 0;
  const fits = (entry: SoftwareEntry, list: readonly unknown[]) => {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return bytes <= SOFTWARE_BYTES && list.length < MOST_CHANGES;
  };
  for (const [key, entry] of old) {
    if (next.has(key)) continue;
    if (!fits(entry, removed)) return { added, removed, after: sortedEntries([...after.values()]) };
    removed.push(entry);
    after.delete(key);
  }
  for (const [key, entry] of next) {
    if (old.has(key)) continue;
    if (!fits(entry, added)) return { added, removed, after: sortedEntries([...after.values()]) };
    added.push(entry);
    after.set(key, entry);
  }
  return { added, removed, after: sortedEntries([...after.values()]) };
}
