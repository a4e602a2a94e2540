/**
 * Security advisories in the OSV format (ossf.github.io/osv-schema), and the rule that says which versions an advisory affects. Only the
 * fields that Cordon uses are checked; an advisory may have others.
 */
import { z } from 'zod';
import type { SoftwareSource } from './software.ts';
import { versionOrder } from './version-order.ts';

/** Text without null characters and half surrogate pairs, which PostgreSQL cannot store. */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .transform((value) => value.toWellFormed().replaceAll('\0', ''));

const eventSchema = z
  .object({ introduced: text(128), fixed: text(128), last_affected: text(128), limit: text(128) })
  .partial();

const affectedSchema = z.object({
  package: z.object({ ecosystem: text(128), name: text(200) }).optional(),
  ranges: z
    .array(z.object({ type: text(32), events: z.array(eventSchema).max(100) }))
    .max(100)
    .optional(),
  versions: z.array(text(128)).max(20_000).optional(),
});

export const osvSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/),
  modified: z.iso.datetime({ offset: true }),
  published: z.iso.datetime({ offset: true }).optional(),
  withdrawn: z.iso.datetime({ offset: true }).optional(),
  aliases: z.array(text(100)).max(100).optional(),
  upstream: z.array(text(100)).max(1000).optional(),
  summary: text(1000).optional(),
  details: text(100_000).optional(),
  severity: z
    .array(z.object({ type: text(32), score: text(200) }))
    .max(16)
    .optional(),
  affected: z.array(affectedSchema).max(5000).optional(),
});
export type Osv = z.infer<typeof osvSchema>;

/** Events of one range of versions. `introduced: '0'` means every version. */
export const rangesSchema = z.strictObject({
  events: z.array(
    z.array(z.strictObject({ kind: z.enum(['introduced', 'fixed', 'last_affected']), version: text(128) })),
  ),
  versions: z.array(text(128)),
});
export type AffectedRanges = z.infer<typeof rangesSchema>;

/** Package that an advisory names, for one distribution. `release`: `debian:12`, or null for every release of every distribution. */
export interface AdvisoryPackage {
  readonly source: SoftwareSource;
  readonly name: string;
  readonly release: string | null;
  readonly ranges: AffectedRanges;
}

/** True if the version is in one of the ranges or lists (OSV schema, "Evaluation"). */
export function isAffected(source: SoftwareSource, version: string, { events, versions }: AffectedRanges): boolean {
  if (versions.includes(version)) return true;
  const order = versionOrder(source);
  return events.some((range) => {
    const sorted = range.toSorted((a, b) => {
      if (a.version === b.version) return 0;
      if (a.version === '0') return -1;
      return b.version === '0' ? 1 : order(a.version, b.version);
    });
    let affected = false;
    for (const event of sorted) {
      if (event.kind === 'introduced') {
        if (event.version === '0' || order(version, event.version) >= 0) affected = true;
      } else if (event.kind === 'fixed') {
        if (order(version, event.version) >= 0) affected = false;
      } else if (order(version, event.version) > 0) affected = false;
    }
    return affected;
  });
}

/** Distributions whose packages agents report, by the ecosystem's name in OSV. */
const ECOSYSTEMS: Readonly<Record<string, { readonly source: SoftwareSource; readonly id: string }>> = {
  Debian: { source: 'dpkg', id: 'debian' },
  Ubuntu: { source: 'dpkg', id: 'ubuntu' },
  'Rocky Linux': { source: 'rpm', id: 'rocky' },
  AlmaLinux: { source: 'rpm', id: 'almalinux' },
};

/**
 * Distribution of an OSV ecosystem: `Debian:12` gives dpkg and `debian:12`, `Ubuntu:22.04:LTS` gives `ubuntu:22.04`. Null for ecosystems
 * whose packages no agent reports, such as npm, and for `Ubuntu:Pro`, whose packages have other versions.
 */
export function distributionOf(ecosystem: string): Pick<AdvisoryPackage, 'source' | 'release'> | null {
  const [name = '', version] = ecosystem.split(':');
  const found = Object.hasOwn(ECOSYSTEMS, name) ? ECOSYSTEMS[name] : undefined;
  if (!found || (version !== undefined && !/^\d[\d.]*$/.test(version))) return null;
  return { source: found.source, release: version === undefined ? null : `${found.id}:${version}` };
}

/**
 * Release of a device for the comparison with advisories, from os-release(5). Enterprise distributions have advisories for each major
 * version (`rocky:9`), and their devices name a minor version (`9.4`).
 */
export function releaseOf(os: { readonly id: string | null; readonly version: string | null }): string | null {
  if (os.id === null || os.version === null) return null;
  const major = os.id === 'rocky' || os.id === 'almalinux';
  return `${os.id}:${major ? os.version.split('.')[0] : os.version}`;
}

/** Packages of an advisory that agents report. Also the number of its packages that no agent reports. */
export function packagesOf({ affected = [] }: Osv): { readonly packages: AdvisoryPackage[]; readonly skipped: number } {
  const packages = affected.flatMap(({ package: named, ranges = [], versions = [] }): AdvisoryPackage[] => {
    const distribution = named && distributionOf(named.ecosystem);
    if (!named || !distribution) return [];
    const events = ranges.filter(({ type }) => type === 'ECOSYSTEM').map(({ events: all }) => all.flatMap(eventsOf));
    return [{ ...distribution, name: named.name, ranges: { events, versions } }];
  });
  return { packages, skipped: affected.length - packages.length };
}

type RangeEvent = AffectedRanges['events'][number][number];

function eventsOf(event: z.infer<typeof eventSchema>): RangeEvent[] {
  return (['introduced', 'fixed', 'last_affected'] as const).flatMap((kind) => {
    const version = event[kind];
    return version === undefined ? [] : [{ kind, version }];
  });
}
