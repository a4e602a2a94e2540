/** Advisories: import from a file in the OSV format, and the devices that have an affected version. No network is used. */
import { CordonError } from '../../shared/errors.ts';
import {
  type AdvisoryPackage,
  isAffected,
  type Osv,
  osvSchema,
  packagesOf,
  releaseOf,
} from '../../shared/inventory/advisory.ts';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import { cleanText, originOf, type SoftwareEntry } from '../../shared/inventory/software.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Scope } from '../devices/devices.ts';
import { DeviceSet } from './device-set.ts';
import { jsonElements } from './json-elements.ts';
import type { Advisory, AdvisoryStore, NewAdvisory, ReportedDevices, SoftwareStore, Version } from './ports.ts';
import { type DevicePage, devicesWith, everyDeviceWith } from './software.ts';
import { originVersionOf } from './version-filter.ts';

/** Number of advisories that the import stores in one transaction. */
const TOGETHER = 100;
/** Milliseconds after which an import lets other work run. */
const TURN = 10;
const MOST_ADVISORIES = 200_000;

export interface Imported {
  readonly read: number;
  readonly changed: number;
  readonly withdrawn: number;
  /** Number of advisories' packages that were skipped, because they belong to distributions or ecosystems that no agent reports. */
  readonly skippedPackages: number;
}

export interface AffectedPackage {
  readonly source: string;
  readonly name: string;
  readonly version: string;
}

export function createAdvisories({
  store,
  software,
  clock,
}: {
  readonly store: AdvisoryStore;
  readonly software: SoftwareStore;
  readonly clock: Clock;
}) {
  /** Imports one OSV object, or an array of them. Valid advisories before an invalid one are stored; a repeated import changes nothing. */
  async function importFile(bytes: Buffer): Promise<Imported> {
    const importedAt = clock.now();
    /** Advisories of the next transaction by id. A file can have an id several times, of which the newest counts. */
    const waiting = new Map<string, NewAdvisory>();
    const withdrawn: string[] = [];
    let [read, changed, skippedPackages] = [0, 0, 0];
    const flush = async () => {
      if (waiting.size > 0) changed += await store.put([...waiting.values()]);
      waiting.clear();
    };
    let turn = performance.now();
    for (const text of jsonElements(bytes)) {
      read += 1;
      if (read > MOST_ADVISORIES)
        throw new CordonError('too_large', `A file may have at most ${MOST_ADVISORIES} advisories.`);
      const osv = parseOsv(text, read);
      const { packages, skipped } = packagesOf(osv);
      skippedPackages += skipped;
      if (osv.withdrawn !== undefined) withdrawn.push(osv.id);
      else if (packages.length > 0) {
        const advisory = advisoryOf(osv, importedAt);
        const same = waiting.get(osv.id);
        if (!same || same.advisory.modifiedAt < advisory.modifiedAt) waiting.set(osv.id, { advisory, packages });
      }
      if (waiting.size >= TOGETHER) await flush();
      if (performance.now() - turn < TURN) continue;
      await new Promise(setImmediate);
      turn = performance.now();
    }
    await flush();
    let removed = 0;
    for (let from = 0; from < withdrawn.length; from += TOGETHER) {
      removed += await store.remove(withdrawn.slice(from, from + TOGETHER));
    }
    return { read, changed, withdrawn: removed, skippedPackages };
  }

  async function list(query: { text: string | null; cursor: string | null; limit: number; scope: Scope }) {
    const { text, cursor, limit, scope } = query;
    const found = await store.list({ text, after: cursor === null ? null : readCursor(cursor), limit: limit + 1 });
    const shown = found.slice(0, limit);
    const packages = await store.packagesOf(shown.map(({ id }) => id));
    const reported = await software.reported(scope);
    const advisories: (Advisory & { readonly devices: number })[] = [];
    for (const advisory of shown) {
      const matches = await affectedVersions(packages.get(advisory.id) ?? []);
      const sets = await software.devicesWith(matches.flatMap(({ versions }) => versions.map(({ id }) => id)));
      advisories.push({ ...advisory, devices: affectedDevices(matches, reported, sets).countWithin(reported.all) });
    }
    const last = shown.at(-1);
    return { advisories, cursor: found.length > limit && last ? cursorOf(last) : null };
  }

  async function get(id: string) {
    const advisory = await store.get(id);
    if (!advisory) throw new CordonError('not_found', 'There is no such advisory. Import it first.', { advisory: id });
    return { advisory, packages: (await store.packagesOf([id])).get(id) ?? [] };
  }

  async function devices(id: string, page: DevicePage) {
    const { advisory, packages } = await get(id);
    const matches = await affectedVersions(packages);
    const found = await devicesWith(software, labeled(matches), page, (reported, sets) =>
      affectedDevices(matches, reported, sets),
    );
    return { advisory, ...found };
  }

  async function* everyDevice(id: string, scope: Scope) {
    const matches = await affectedVersions((await get(id)).packages);
    yield* everyDeviceWith(software, labeled(matches), scope, (reported, sets) =>
      affectedDevices(matches, reported, sets),
    );
  }

  async function affectedVersions(packages: readonly AdvisoryPackage[]): Promise<Match[]> {
    const matches: Match[] = [];
    for (const one of packages) {
      const { source, name, release, ranges } = one;
      const candidates = await software.ofPackage(source, name);
      const versions = candidates.filter((version) =>
        isAffected(source, originVersionOf({ source, name: version.name }, version), ranges),
      );
      if (versions.length > 0) matches.push({ release, versions });
    }
    return matches;
  }

  /** Advisories that affect the software of one device, newest first. */
  async function ofDevice(inventory: Inventory, entries: readonly SoftwareEntry[]) {
    const release = releaseOf(inventory.system.os);
    const byPackage = Map.groupBy(entries, (entry) => `${entry[0]} ${originOf(entry).name}`);
    const names = [...byPackage.values()].flatMap(([entry]) =>
      entry ? [{ source: entry[0], name: originOf(entry).name }] : [],
    );
    const affected = new Map<string, AffectedPackage[]>();
    for (const one of await store.naming(names)) {
      if (one.release !== null && one.release !== release) continue;
      const installed = byPackage.get(`${one.source} ${one.name}`) ?? [];
      const hit = installed.filter((entry) => isAffected(one.source, originOf(entry).version, one.ranges));
      if (hit.length === 0) continue;
      const packages = hit.map(([source, name, version]) => ({ source, name, version }));
      affected.set(one.advisory, [...(affected.get(one.advisory) ?? []), ...packages]);
    }
    const advisories = await Promise.all(
      [...affected].map(async ([id, packages]) => ({ advisory: await store.get(id), packages })),
    );
    return advisories
      .flatMap(({ advisory, packages }) => (advisory ? [{ advisory, packages }] : []))
      .sort((a, b) => b.advisory.modifiedAt - a.advisory.modifiedAt);
  }

  return { importFile, list, get, devices, everyDevice, ofDevice };
}

/** Affected versions on devices with the given release of a distribution. If `release` is null, on all devices. */
interface Match {
  readonly release: string | null;
  readonly versions: readonly (Version & { readonly name: string })[];
}

/** Versions labeled with the names of their packages, for display in a list of devices. */
const labeled = (matches: readonly Match[]): { id: number; version: string }[] =>
  matches.flatMap(({ versions }) => versions.map(({ id, name, version }) => ({ id, version: `${name} ${version}` })));

function affectedDevices(
  matches: readonly Match[],
  { all, byRelease }: ReportedDevices,
  sets: ReadonlyMap<number, DeviceSet>,
): DeviceSet {
  const affected = new DeviceSet();
  for (const { release, versions } of matches) {
    const allowed = release === null ? all : byRelease.get(release);
    if (!allowed) continue;
    for (const { id } of versions) {
      const set = sets.get(id);
      if (set) affected.addAll(set.within(allowed));
    }
  }
  return affected;
}

function parseOsv(text: string, index: number): Osv {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(index, 'is not JSON', error);
  }
  const parsed = osvSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(index, `does not follow the OSV format: ${issue?.path.join('.')} ${issue?.message}`, parsed.error);
}

const invalid = (index: number, what: string, cause: unknown): CordonError =>
  new CordonError('invalid_input', `Advisory ${index} of the file ${what}.`, { index }, cause);

function advisoryOf(osv: Osv, importedAt: number): Advisory {
  const { id, summary, details = '', aliases = [], upstream = [], severity = [], published, modified } = osv;
  const [firstLine = ''] = details.split('\n', 1);
  return {
    id,
    summary: cleanText(summary ?? firstLine, 300) || id,
    details: details.slice(0, 10_000).toWellFormed(),
    severity: severity[0]?.score ?? null,
    aliases: [...new Set([...aliases, ...upstream])].slice(0, 100),
    publishedAt: published === undefined ? null : Date.parse(published),
    modifiedAt: Date.parse(modified),
    importedAt,
  };
}

const cursorOf = ({ modifiedAt, id }: Advisory): string => `${modifiedAt}.${id}`;

function readCursor(cursor: string): { modifiedAt: number; id: string } {
  const [, time, id] = /^(\d{1,15})\.(.{1,100})$/.exec(cursor) ?? [];
  if (time !== undefined && id !== undefined) return { modifiedAt: Number(time), id };
  throw new CordonError('invalid_input', 'The cursor belongs to another list. Start without a cursor.', {
    field: 'cursor',
  });
}
