/**
 * Report of an inventory: the difference between a state that the server has acknowledged (`base`) and a newer state (`digest`). A report
 * without a base contains the complete state, or its first part: the difference of a large state is sent as several reports, each with the
 * digest of the one before as its base. A server that does not have the base asks for a complete report with the frame `inventory-wanted`.
 */
import { z } from 'zod';
import type { Missing } from './inventory.ts';
import { missingSchema, type Sections, sectionsSchema } from './inventory.ts';
import { entryKey, MOST_CHANGES, MOST_ENTRIES, type SoftwareEntry, softwareEntrySchema } from './software.ts';

/** SHA-256 in lower-case hex. The agent computes it, and the server only compares it. */
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const noNulls = (entries: readonly SoftwareEntry[]): boolean =>
  entries.every((entry) => entryKey(entry).split('\0').length === 4);
const entries = z.array(softwareEntrySchema).max(MOST_CHANGES).refine(noNulls, 'contains a zero byte');

export const inventoryReportSchema = z.strictObject({
  at: z.int().min(0),
  base: digest.nullable(),
  digest,
  /** Sections that have changed, each with its complete content. */
  sections: sectionsSchema,
  /** All sections without data, each with the reason. */
  missing: missingSchema,
  /** Change of the software list. `total`: number of entries after the change, by which the server detects a lost or repeated change. */
  software: z.strictObject({ total: z.int().min(0).max(MOST_ENTRIES), added: entries, removed: entries }).optional(),
});
export type InventoryReport = z.infer<typeof inventoryReportSchema>;

/** Complete state of an inventory on the device. */
export interface InventoryState {
  readonly sections: Sections;
  readonly missing: Missing;
  readonly software: readonly SoftwareEntry[];
}
