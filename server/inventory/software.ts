/** Software of the fleet: titles, their versions, and the devices that have them. All numbers count devices within the caller's scope. */
import { CordonError } from '../../shared/errors.ts';
import type { SoftwareSource } from '../../shared/inventory/software.ts';
import { versionOrder } from '../../shared/inventory/version-order.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';
import { DeviceSet } from './device-set.ts';
import type { ReportedDevices, SoftwareDevice, SoftwareStore, Title, Version } from './ports.ts';
import { matchesVersion, type VersionFilter } from './version-filter.ts';

export interface ListSoftware {
  readonly text: string | null;
  readonly exact: string | null;
  readonly source: SoftwareSource | null;
  readonly cursor: string | null;
  readonly limit: number;
  readonly scope: Scope;
}

export interface CountedTitle extends Title {
  readonly devices: number;
  readonly versions: number;
  /** Newest version on a device, by the version order of the package manager. */
  readonly newest: string;
}

export interface CountedVersion {
  readonly version: string;
  readonly devices: number;
}

export interface FoundDevice {
  readonly device: DeviceId;
  readonly user: string;
  readonly hostname: string | null;
  /** Matching versions on the device. There may be several, because some package managers keep several. */
  readonly versions: readonly string[];
}

/** Maximum number of batches of titles that are read for one page. An admin with a small scope may therefore get a short page. */
const MOST_BATCHES = 20;
/** Maximum number of versions on the page of a title. The page shows the versions on the most devices. */
const MOST_VERSIONS = 500;
/** Number of versions whose devices are counted before the event loop runs other tasks. */
const COUNTED_TOGETHER = 200;
/** Number of devices that are read together for a CSV file. */
const DEVICES_TOGETHER = 200;

export function createSoftware(store: SoftwareStore) {
  async function list({ text, exact, source, cursor, limit, scope }: ListSoftware) {
    const reported = await store.reported(scope);
    const items: CountedTitle[] = [];
    let after = cursor === null ? null : readCursor(cursor);
    for (let batch = 0; batch < MOST_BATCHES; batch += 1) {
      const titles = await store.titles({ text, exact, source, after, limit });
      const last = titles.at(-1);
      for (const title of await counted(titles, reported)) {
        items.push(title);
        if (items.length === limit) return { items, cursor: cursorOf(title) };
      }
      if (!last || titles.length < limit) return { items, cursor: null };
      after = { name: last.name, source: last.source };
    }
    return { items, cursor: after && cursorOf(after) };
  }

  /** Number of devices that have each title. A title without devices in the scope is absent. */
  async function counted(titles: readonly Title[], reported: ReportedDevices): Promise<CountedTitle[]> {
    const byTitle = Map.groupBy(
      await countedVersions(
        titles.map(({ id }) => id),
        reported,
      ),
      ({ title }) => title,
    );
    return titles.flatMap((title) => {
      const present = byTitle.get(title.id) ?? [];
      const order = versionOrder(title.source);
      const [first, ...others] = new Set(present.map(({ version }) => version));
      if (first === undefined) return [];
      const newest = others.reduce((a, b) => (order(a, b) < 0 ? b : a), first);
      const devices = unionOf(present.map(({ set }) => set)).countWithin(reported.all);
      return [{ ...title, devices, versions: others.length + 1, newest }];
    });
  }

  /** Versions of the titles on devices within the scope. A lying device can cause thousands of versions of one title. */
  async function countedVersions(titles: readonly number[], { all: reported }: ReportedDevices) {
    const versions = await store.versions(titles);
    const sets = await store.devicesWith(versions.map(({ id }) => id));
    const present: (Version & { readonly set: DeviceSet; readonly devices: number })[] = [];
    for (const [index, version] of versions.entries()) {
      const set = sets.get(version.id);
      const devices = set?.countWithin(reported) ?? 0;
      if (set && devices > 0) present.push({ ...version, set, devices });
      if (index % COUNTED_TOGETHER === COUNTED_TOGETHER - 1) await new Promise(setImmediate);
    }
    return present;
  }

  async function* all(query: Omit<ListSoftware, 'cursor' | 'limit'>): AsyncGenerator<CountedTitle> {
    let cursor: string | null = null;
    do {
      const page: { items: CountedTitle[]; cursor: string | null } = await list({
        ...query,
        cursor,
        limit: DEVICES_TOGETHER,
      });
      yield* page.items;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  async function titleOf(id: number): Promise<Title> {
    const title = await store.title(id);
    if (!title) throw unknownTitle(id);
    return title;
  }

  /** Title with its versions, newest first. Throws `not_found` if no device within the scope has it. */
  async function show(id: number, scope: Scope) {
    const title = await titleOf(id);
    const reported = await store.reported(scope);
    const present = await countedVersions([id], reported);
    if (present.length === 0) throw unknownTitle(id);
    const order = versionOrder(title.source);
    const versions = [...Map.groupBy(present, ({ version }) => version)]
      .map(([version, same]): CountedVersion => {
        const devices =
          same.length === 1 ? (same[0]?.devices ?? 0) : unionOf(same.map(({ set }) => set)).countWithin(reported.all);
        return { version, devices };
      })
      .sort((a, b) => b.devices - a.devices)
      .slice(0, MOST_VERSIONS)
      .sort((a, b) => order(b.version, a.version) || (a.version < b.version ? -1 : 1));
    return { ...title, devices: unionOf(present.map(({ set }) => set)).countWithin(reported.all), versions };
  }

  /** Devices that have a matching version, in the order of their first report. */
  async function devices(id: number, filter: VersionFilter, page: DevicePage) {
    const title = await titleOf(id);
    const versions = (await store.versions([id])).filter(({ version }) =>
      matchesVersion(title.source, version, filter),
    );
    const found = await devicesWith(store, versions, page);
    if (found.total === 0 && !(await isVisible(id, page.scope))) throw unknownTitle(id);
    return { title, ...found };
  }

  const isVisible = async (id: number, scope: Scope): Promise<boolean> =>
    (await countedVersions([id], await store.reported(scope))).length > 0;

  async function* everyDevice(id: number, filter: VersionFilter, scope: Scope): AsyncGenerator<FoundDevice> {
    const title = await titleOf(id);
    const versions = (await store.versions([id])).filter(({ version }) =>
      matchesVersion(title.source, version, filter),
    );
    yield* everyDeviceWith(store, versions, scope);
  }

  return { list, all, show, devices, everyDevice, removeUnused: () => store.removeUnused() };
}

export interface DevicePage {
  readonly scope: Scope;
  readonly cursor: number;
  readonly limit: number;
}

/**
 * Page of the devices that have one of the versions. `within`: set of devices to which the page is limited, such as those with one
 * distribution.
 */
export async function devicesWith(
  store: SoftwareStore,
  versions: readonly Pick<Version, 'id' | 'version'>[],
  { scope, cursor, limit }: DevicePage,
  within: (reported: ReportedDevices, sets: ReadonlyMap<number, DeviceSet>) => DeviceSet = (_, sets) =>
    unionOf(sets.values()),
): Promise<{ devices: FoundDevice[]; total: number; cursor: number | null }> {
  const reported = await store.reported(scope);
  const sets = await store.devicesWith(versions.map(({ id }) => id));
  const matching = within(reported, sets).within(reported.all);
  const numbers = matching.numbers(cursor, limit + 1);
  const shown = await store.devices(numbers.slice(0, limit), scope);
  return {
    devices: shown.map((device) => foundDevice(device, versions)),
    total: matching.size,
    cursor: numbers.length > limit ? (numbers[limit - 1] ?? null) : null,
  };
}

/** All devices that have one of the versions, read a part at a time. */
export async function* everyDeviceWith(
  store: SoftwareStore,
  versions: readonly Pick<Version, 'id' | 'version'>[],
  scope: Scope,
  within: (reported: ReportedDevices, sets: ReadonlyMap<number, DeviceSet>) => DeviceSet = (_, sets) =>
    unionOf(sets.values()),
): AsyncGenerator<FoundDevice> {
  const reported = await store.reported(scope);
  const sets = await store.devicesWith(versions.map(({ id }) => id));
  const matching = within(reported, sets).within(reported.all);
  let after = 0;
  for (;;) {
    const numbers = matching.numbers(after, DEVICES_TOGETHER);
    for (const device of await store.devices(numbers, scope)) yield foundDevice(device, versions);
    after = numbers.at(-1) ?? after;
    if (numbers.length < DEVICES_TOGETHER) return;
    await new Promise(setImmediate);
  }
}

function foundDevice(
  { device, user, hostname, versions }: SoftwareDevice,
  wanted: readonly Pick<Version, 'id' | 'version'>[],
): FoundDevice {
  const present = new Set(versions);
  const matching = wanted.filter(({ id }) => present.has(id)).map(({ version }) => version);
  return { device, user, hostname, versions: [...new Set(matching)] };
}

function unionOf(sets: Iterable<DeviceSet>): DeviceSet {
  const all = new DeviceSet();
  for (const set of sets) all.addAll(set);
  return all;
}

const cursorOf = ({ name, source }: { readonly name: string; readonly source: string }): string =>
  Buffer.from(JSON.stringify([name, source]), 'utf8').toString('base64url');

function readCursor(cursor: string): { name: string; source: string } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && typeof parsed[0] === 'string' && typeof parsed[1] === 'string') {
      return { name: parsed[0], source: parsed[1] };
    }
    throw new Error('the cursor has another form');
  } catch (error) {
    const detail = 'The cursor belongs to another list. Start without a cursor.';
    throw new CordonError('invalid_input', detail, { field: 'cursor' }, error);
  }
}

function unknownTitle(id: number): CordonError {
  return new CordonError('not_found', 'No device in your scope has reported this software.', { title: id });
}
