/** Inventory of one device, and the sections that the organization collects. */
import { z } from 'zod';
import { inventorySchema } from '../inventory/inventory.ts';
import { OPTIONAL_SECTIONS, SECTIONS } from '../inventory/sections.ts';
import { LONGEST_NAME, softwareSourceSchema } from '../inventory/software.ts';
import { instant } from './wire.ts';

export const inventoryQuery = z.strictObject({ section: z.enum(SECTIONS).optional() });
/**
 * Inventory of a device; null before its first report. The sections `users` and `network` are only for roles that help the user. `withheld`:
 * sections that the caller's role does not show.
 */
export const inventoryView = z.object({
  inventory: inventorySchema.partial({ system: true }).nullable(),
  withheld: z.array(z.enum(SECTIONS)),
});

export const deviceSoftwareQuery = z.strictObject({ text: z.string().trim().min(1).max(LONGEST_NAME).optional() });
/** Software of a device; null if the device does not report it. */
export const deviceSoftware = z.object({
  software: z.array(z.object({ source: softwareSourceSchema, name: z.string(), version: z.string() })).nullable(),
});
export const deviceAdvisories = z.object({
  advisories: z.array(
    z.object({
      id: z.string(),
      summary: z.string(),
      severity: z.string().nullable(),
      modifiedAt: instant,
      packages: z.array(z.object({ source: z.string(), name: z.string(), version: z.string() })),
    }),
  ),
});
/** Facts of a device by name (`shared/inventory/facts.ts`); null for an unknown fact. A fact that the caller's role does not show is absent. */
export const deviceFacts = z.object({
  facts: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.string())]).nullable(),
  ),
});

export const inventorySections = z.object({
  sections: z.array(
    z.object({
      section: z.enum(SECTIONS),
      title: z.string(),
      meaning: z.string(),
      on: z.boolean(),
      fixed: z.boolean(),
      personal: z.boolean(),
    }),
  ),
  /** Newest change of the collected sections; null before the first change. */
  changedAt: instant.nullable(),
  changedBy: z.string().nullable(),
});
export const inventorySectionsChange = z.strictObject({ off: z.array(z.enum(OPTIONAL_SECTIONS)).max(SECTIONS.length) });
