/** Schemas of an inventory. Every list and text has a maximum length. Unknown values are null, and a section without data is absent. */
import { z } from 'zod';
import { MISSING_REASONS, type ReportedSection, SECTIONS } from './sections.ts';

const time = z.int().min(0);
const text = (most: number) => z.string().max(most);

const systemSchema = z.strictObject({
  agent: text(64),
  hostname: text(255).nullable(),
  os: z.strictObject({
    platform: text(64),
    /** Identifier and version of the distribution in os-release(5), such as `debian` and `12`; `windows`, `macos`. */
    id: text(64).nullable(),
    version: text(64).nullable(),
    distro: text(128).nullable(),
    release: text(128).nullable(),
    kernel: text(128).nullable(),
    arch: text(32),
  }),
  hardware: z.strictObject({
    manufacturer: text(128).nullable(),
    model: text(128).nullable(),
    serial: text(128).nullable(),
    uuid: text(64).nullable(),
    cpu: text(128).nullable(),
    cores: z.int().min(0).nullable(),
    memory: z.int().min(0).nullable(),
  }),
  /** Time of the last start of the operating system. Unlike the uptime, it does not change with each report. */
  bootedAt: time.nullable(),
});
export type System = z.infer<typeof systemSchema>;

export const MOST_DISKS = 64;
export const MOST_USERS = 128;
export const MOST_ADAPTERS = 64;
export const MOST_CERTIFICATES = 64;
export const MOST_UPDATES = 300;

/** All sections except software, which has a report of its own. */
export const sectionSchemas = {
  system: systemSchema,
  disks: z
    .array(z.strictObject({ name: text(128), size: z.int().nullable(), encrypted: z.boolean().nullable() }))
    .max(MOST_DISKS),
  battery: z
    .array(
      z.strictObject({
        name: text(64),
        percent: z.int().min(0).max(100).nullable(),
        /** Present capacity as a percentage of the design capacity. */
        health: z.int().min(0).max(200).nullable(),
        cycles: z.int().min(0).nullable(),
        state: z.enum(['charging', 'discharging', 'full', 'unknown']),
      }),
    )
    .max(8),
  updates: z.strictObject({
    /** Time at which the system last fetched its list of updates. */
    checkedAt: time.nullable(),
    pending: z.int().min(0).nullable(),
    security: z.int().min(0).nullable(),
    restart: z.boolean().nullable(),
    /** The first pending updates. `pending`: number of all pending updates. */
    packages: z.array(z.strictObject({ name: text(128), version: text(128) })).max(MOST_UPDATES),
  }),
  security: z.strictObject({ firewall: z.boolean().nullable(), secureBoot: z.boolean().nullable() }),
  users: z.array(z.strictObject({ name: text(64), admin: z.boolean().nullable() })).max(MOST_USERS),
  network: z
    .array(z.strictObject({ name: text(64), mac: text(32).nullable(), addresses: z.array(text(64)).max(16) }))
    .max(MOST_ADAPTERS),
  certificates: z
    .array(
      z.strictObject({
        subject: text(200),
        issuer: text(200),
        notAfter: time,
        sha256: text(64),
        use: z.enum(['trust', 'server']),
      }),
    )
    .max(MOST_CERTIFICATES),
} as const satisfies Record<Exclude<ReportedSection, 'software'>, z.ZodType>;

export type SectionName = keyof typeof sectionSchemas;
export const SECTION_NAMES = SECTIONS.filter(
  (section): section is SectionName => section !== 'software' && section !== 'queries',
);

export const sectionsSchema = z.strictObject(sectionSchemas).partial();
export type Sections = z.infer<typeof sectionsSchema>;

export const missingSchema = z.partialRecord(z.enum(SECTIONS), z.enum(MISSING_REASONS));
export type Missing = z.infer<typeof missingSchema>;

/** Inventory of one device as the server stores it, without the software. `at`: time of the newest report, by the device's clock. */
export const inventorySchema = sectionsSchema.required({ system: true }).extend({ at: time, missing: missingSchema });
export type Inventory = z.infer<typeof inventorySchema>;
