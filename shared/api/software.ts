/** Software of the fleet and advisories. All numbers count active devices within the caller's scope. */
import { z } from 'zod';
import { rangesSchema } from '../inventory/advisory.ts';
import { LONGEST_NAME, LONGEST_VERSION, softwareSourceSchema } from '../inventory/software.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

/** Maximum bytes of a file with advisories. A larger export can be split. */
export const LARGEST_ADVISORY_FILE = 64 * 1024 * 1024;

const limit = z.coerce.number().int().min(1).max(200).default(50);
const cursor = z.string().max(1000).optional();
const titleFilter = {
  /** Part of the name. */
  text: z.string().trim().min(1).max(LONGEST_NAME).optional(),
  /** Whole name. */
  name: z.string().min(1).max(LONGEST_NAME).optional(),
  source: softwareSourceSchema.optional(),
};
export const softwareQuery = z.strictObject({ ...titleFilter, limit, cursor });
export const softwareCsvQuery = z.strictObject(titleFilter);
export const titleParams = z.object({ id: z.coerce.number().int().min(1) });

const version = z.string().min(1).max(LONGEST_VERSION).optional();
/** Filter of versions, in the order of the source's package manager. */
const versionFilter = { below: version, atLeast: version, above: version, version };
export const softwareDevicesQuery = z.strictObject({
  ...versionFilter,
  limit,
  cursor: z.coerce.number().int().min(0).optional(),
});
export const softwareDevicesCsvQuery = z.strictObject(versionFilter);

const title = { id: z.int(), source: softwareSourceSchema, name: z.string() };
export const softwareTitle = z.object({
  ...title,
  devices: z.int(),
  versions: z.int(),
  newest: z.string(),
});
export const softwarePage = z.object({ titles: z.array(softwareTitle), cursor: z.string().nullable() });
export const softwareDetail = z.object({
  ...title,
  devices: z.int(),
  /** Versions, newest first. */
  versions: z.array(z.object({ version: z.string(), devices: z.int() })),
});
export type SoftwareDetail = z.infer<typeof softwareDetail>;

const foundDevice = z.object({
  device: deviceIdSchema,
  user: z.string(),
  hostname: z.string().nullable(),
  versions: z.array(z.string()),
});
export const softwareDevicePage = z.object({
  title: z.object(title),
  devices: z.array(foundDevice),
  total: z.int(),
  cursor: z.int().nullable(),
});

export const advisoryParams = z.object({ id: z.string().min(1).max(100) });
export const advisoryQuery = z.strictObject({ text: z.string().trim().min(1).max(128).optional(), limit, cursor });
export const advisoryDevicesQuery = softwareDevicesQuery.pick({ limit: true, cursor: true });

const advisory = {
  id: z.string(),
  summary: z.string(),
  severity: z.string().nullable(),
  aliases: z.array(z.string()),
  publishedAt: instant.nullable(),
  modifiedAt: instant,
  importedAt: instant,
};
export const listedAdvisory = z.object({ ...advisory, devices: z.int() });
export const advisoryPage = z.object({ advisories: z.array(listedAdvisory), cursor: z.string().nullable() });
export const advisoryDetail = z.object({
  ...advisory,
  details: z.string(),
  packages: z.array(
    z.object({
      source: softwareSourceSchema,
      name: z.string(),
      /** Distribution and version, such as `debian:12`; null for all. */
      release: z.string().nullable(),
      ranges: rangesSchema,
    }),
  ),
});
export const advisoryDevicePage = z.object({
  advisory: z.object(advisory),
  devices: z.array(foundDevice),
  total: z.int(),
  cursor: z.int().nullable(),
});
export const advisoryImport = z.object({
  /** Number of advisories in the file. */
  read: z.int(),
  /** Number of advisories that are new, or newer than the stored ones. */
  changed: z.int(),
  /** Number of stored advisories that the file withdraws. */
  withdrawn: z.int(),
  /** Number of packages of distributions and ecosystems that no agent reports. */
  skippedPackages: z.int(),
});
