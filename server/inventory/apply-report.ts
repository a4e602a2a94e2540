/** Pure rules for the change of a stored inventory by a report. */

import { CordonError } from '../../shared/errors.ts';
import { type Inventory, inventorySchema, SECTION_NAMES } from '../../shared/inventory/inventory.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import { FIXED_SECTION, type Section } from '../../shared/inventory/sections.ts';

/**
 * Returns the inventory after a report. `stored`: null for a report with the complete state. Throws `invalid_input` if the result lacks the
 * section `system`.
 */
export function applySections(stored: Inventory | null, { at, base, sections, missing }: InventoryReport): Inventory {
  const merged: Record<string, unknown> = { ...(base === null ? {} : stored), ...sections, at, missing };
  for (const section of SECTION_NAMES) if (section !== FIXED_SECTION && missing[section]) delete merged[section];
  const parsed = inventorySchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', 'The inventory lacks the section system.', {}, parsed.error);
}

/** Removes data of sections that the organization has switched off. A device may still report them until it has received the setting. */
export function withoutSections(report: InventoryReport, off: readonly Section[]): InventoryReport {
  if (off.every((section) => !(section in report.sections) && (section !== 'software' || !report.software)))
    return report;
  const sections = { ...report.sections };
  const missing = { ...report.missing };
  for (const section of off) {
    if (section === FIXED_SECTION) continue;
    missing[section] = 'off';
    if (section !== 'software' && section !== 'queries') delete sections[section];
  }
  return { ...report, sections, missing };
}

export interface SoftwareChange {
  readonly added: readonly number[];
  readonly removed: readonly number[];
  readonly after: readonly number[];
}

/**
 * Change of a device's list of version ids. Null if the number of entries does not match `total`. The report may then repeat an entry or
 * remove an unknown one, or the server lost a change.
 */
export function changeSoftware(
  before: readonly number[],
  {
    complete,
    added,
    removed,
    total,
  }: {
    readonly complete: boolean;
    readonly added: readonly number[];
    readonly removed: readonly number[];
    readonly total: number;
  },
): SoftwareChange | null {
  const old = new Set(before);
  const next = new Set(complete ? [] : before);
  for (const id of removed) next.delete(id);
  for (const id of added) next.add(id);
  if (next.size !== total) return null;
  return {
    added: [...next].filter((id) => !old.has(id)),
    removed: before.filter((id) => !next.has(id)),
    after: [...next].sort((a, b) => a - b),
  };
}
