/** Pages and totals of the device list, compared with a plain recomputation over random fleets. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeviceFilter, DeviceQuery, DeviceSort } from '../../server/devices/ports.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { PK } from '../support/device-world.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';
import { describeOnEveryStore } from './every-store.ts';

const NOW = Date.parse('2015-07-24T12:00:00.000Z');
const DAY = 86_400_000;
const US = parseHomeArea('US');

/** A device whose location is the given areas, in evidence of the last hour or of the last week. */
interface Drawn {
  readonly user: string;
  readonly hostname: string | null;
  readonly home: string | null;
  readonly active: boolean;
  readonly contact: { readonly connected: boolean; readonly at: number } | null;
  readonly location: { readonly areas: readonly string[]; readonly fresh: boolean } | null;
}

// Times, names and areas repeat, so that ties and empty results are frequent.
const drawn: fc.Arbitrary<Drawn> = fc.record({
  user: fc.constantFrom('Ann Khan', 'ann khan', 'Bob 100%', 'Zoë'),
  hostname: fc.constantFrom(null, 'HOST-khan', 'host_1'),
  home: fc.constantFrom(null, 'PK', 'US-CA'),
  active: fc.boolean(),
  contact: fc.option(fc.record({ connected: fc.boolean(), at: fc.constantFrom(0, 1, NOW - DAY, NOW) })),
  location: fc.option(fc.record({ areas: fc.constantFrom(['PK'], ['US-CA'], ['PK', 'US-CA']), fresh: fc.boolean() })),
});

const filters: fc.Arbitrary<DeviceFilter> = fc
  .record({
    status: fc.constantFrom(undefined, 'active', 'active', 'revoked'),
    text: fc.constantFrom(undefined, undefined, 'KHAN', 'a', '%', '_', 'ë', 'dev_'),
    area: fc.constantFrom(undefined, undefined, PK, US),
    connected: fc.constantFrom(undefined, undefined, true, false),
  })
  .map((filter): DeviceFilter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)));

const queries = fc.record({
  filter: filters,
  scope: fc.constantFrom(null, null, [], [{ group: null, homes: [PK] }]),
  sort: fc.constantFrom<DeviceSort[]>('id', 'user', 'enrolled', 'seen', 'seen'),
  descending: fc.boolean(),
  offset: fc.nat(14),
  limit: fc.constantFrom(1, 3, 20),
});

function located({ user, hostname, home, active, contact, location }: Drawn, index: number): LocatedDevice {
  return {
    user,
    home,
    enrolledAt: index % 3,
    status: active ? 'active' : 'revoked',
    presence: contact && { connected: contact.connected, listVersion: 1, lastSeenAt: contact.at },
    ...(hostname !== null && { hostname }),
    ...(location && {
      seen: [{ source: 'network', areas: location.areas, at: NOW - (location.fresh ? 1 : 2) * DAY + 1 }],
    }),
  };
}

type Listed = Drawn & { readonly id: DeviceId; readonly enrolledAt: number };

/** Converts only ASCII letters, as the search does. */
const lowered = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function matches({ user, hostname, home, active, contact, location, id }: Listed, query: DeviceQuery): boolean {
  const { text, status, area, connected } = query.filter;
  const inText = [user, hostname ?? '', id].some((each) => lowered(each).includes(lowered(text ?? '')));
  const inArea = location?.fresh === true && location.areas.some((each) => each.startsWith(area ?? ''));
  const inScope = query.scope === null || (query.scope.length > 0 && home === 'PK');
  return (
    inText &&
    inScope &&
    (status === undefined || status === (active ? 'active' : 'revoked')) &&
    (area === undefined || inArea) &&
    (connected === undefined || connected === (contact?.connected === true))
  );
}

function sorted(fleet: readonly Listed[], { sort, descending }: DeviceQuery): Listed[] {
  const value = ({ user, enrolledAt, contact }: Listed) =>
    ({ id: 0, user, enrolled: enrolledAt, seen: contact?.at ?? 0 })[sort];
  const ascending = fleet.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
  });
  return descending ? ascending.reverse() : ascending;
}

const TABLES = [
  'device_nexus',
  'locations',
  'location_states',
  'device_inventory',
  'device_presence',
  'devices',
] as const;

describeOnEveryStore('the list of devices, recomputed', (open) => {
  it('shows the same devices and totals as a plain search, at each offset and after each cursor', async () => {
    const database = await open();
    const store = new DeviceStore(database);
    const group = await addGroup(database, 'g');
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawn, { maxLength: 12 }),
        fc.array(queries, { minLength: 12, maxLength: 12 }),
        async (devices, asked) => {
          for (const table of TABLES) await database.db.deleteFrom(table).execute();
          const ids = await addLocatedFleet(database, group, NOW, devices.map(located));
          const fleet = ids.map((id, index): Listed => ({ id, enrolledAt: index % 3, ...(devices[index] as Drawn) }));
          for (const { offset, limit, ...query } of asked) {
            const whole: DeviceQuery = { ...query, now: NOW, after: null, offset: 0, limit: 20 };
            const all = sorted(
              fleet.filter((device) => matches(device, whole)),
              whole,
            );
            const page = await store.list({ ...whole, offset, limit });
            expect([page.devices.map(({ id }) => id), page.total]).toEqual([
              all.slice(offset, offset + limit).map(({ id }) => id),
              all.length,
            ]);
            const last = all[offset];
            if (!last) continue;
            const { sort } = query;
            const value = { id: last.id, user: last.user, enrolled: last.enrolledAt, seen: last.contact?.at ?? 0 }[
              sort
            ];
            const next = await store.list({ ...whole, after: { value, id: last.id }, limit });
            expect(next.devices.map(({ id }) => id)).toEqual(
              all.slice(offset + 1, offset + 1 + limit).map(({ id }) => id),
            );
            expect(next.total).toBe(all.length);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
