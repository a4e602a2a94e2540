/** Pages and totals of the device list, compared with a plain recomputation over random fleets. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeviceFilter, DeviceQuery, DeviceSort } from '../../server/devices/ports.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { Condition } from '../../shared/inventory/list-fields.ts';
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
  readonly serial: string;
  readonly memory: number | null;
  readonly home: string | null;
  readonly active: boolean;
  readonly contact: { readonly connected: boolean; readonly at: number } | null;
  readonly location: { readonly areas: readonly string[]; readonly fresh: boolean } | null;
}

// Times, names and areas repeat, so that ties and empty results are frequent.
const drawn: fc.Arbitrary<Drawn> = fc.record({
  user: fc.constantFrom('Ann Khan', 'ann khan', 'Bob 100%', 'Zoë'),
  hostname: fc.constantFrom(null, 'HOST-khan', 'host_1'),
  serial: fc.constantFrom('PF-1', 'pf-2 X'),
  memory: fc.constantFrom(null, 8, 16),
  home: fc.constantFrom(null, 'PK', 'US-CA'),
  active: fc.boolean(),
  contact: fc.option(fc.record({ connected: fc.boolean(), at: fc.constantFrom(0, 1, NOW - DAY, NOW) })),
  location: fc.option(fc.record({ areas: fc.constantFrom(['PK'], ['US-CA'], ['PK', 'US-CA']), fresh: fc.boolean() })),
});

const CONDITIONS: readonly (readonly Condition[])[] = [
  [{ field: 'hostname', op: 'starts-with', value: 'HOST' }],
  [{ field: 'hostname', op: 'contains', value: '_' }],
  [{ field: 'hostname', op: 'is-not', value: 'host_1' }],
  [{ field: 'hardware.serial', op: 'is', value: 'pf-1' }],
  [{ field: 'hardware.memory', op: 'unknown' }],
  [{ field: 'hardware.memory', op: 'known' }],
  [
    { field: 'hardware.memory', op: 'at-least', value: 8 },
    { field: 'hardware.memory', op: 'at-most', value: 9 },
  ],
];

const filters: fc.Arbitrary<DeviceFilter> = fc
  .record({
    status: fc.constantFrom(undefined, 'active', 'active', 'revoked'),
    text: fc.constantFrom(
      undefined,
      undefined,
      'KHAN',
      'a',
      '%',
      '_',
      'ë',
      'dev_',
      'host ann',
      'khan  pf-1',
      'x ann pf',
      "'",
    ),
    where: fc.constantFrom(undefined, undefined, undefined, ...CONDITIONS),
    area: fc.constantFrom(undefined, undefined, PK, US),
    connected: fc.constantFrom(undefined, undefined, true, false),
  })
  .map((filter): DeviceFilter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)));

const FACT_SORTS = ['hostname', 'hardware.memory'] as const;

const queries = fc.record({
  filter: filters,
  scope: fc.constantFrom(null, null, [], [{ group: null, homes: [PK] }]),
  sort: fc.constantFrom<DeviceSort[]>('id', 'user', 'enrolled', 'seen', 'seen', ...FACT_SORTS),
  descending: fc.boolean(),
  offset: fc.nat(14),
  limit: fc.constantFrom(1, 3, 20),
});

function located(
  { user, hostname, serial, memory, home, active, contact, location }: Drawn,
  index: number,
): LocatedDevice {
  return {
    user,
    home,
    enrolledAt: index % 3,
    status: active ? 'active' : 'revoked',
    presence: contact && { connected: contact.connected, listVersion: 1, lastSeenAt: contact.at },
    ...(hostname !== null && {
      hostname,
      facts: { hardware_serial: serial, ...(memory !== null && { hardware_memory: memory }) },
    }),
    ...(location && {
      seen: [{ source: 'network', areas: location.areas, at: NOW - (location.fresh ? 1 : 2) * DAY + 1 }],
    }),
  };
}

type Listed = Drawn & { readonly id: DeviceId; readonly enrolledAt: number };

/** Converts only ASCII letters, as the search does. */
const lowered = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Facts of a device that has reported its inventory. */
const factsOf = ({ hostname, serial, memory }: Drawn) =>
  hostname === null ? null : { hostname, 'hardware.serial': serial, 'hardware.memory': memory };

function meets(device: Drawn, { field, op, value }: Condition): boolean {
  const fact = (factsOf(device) as Record<string, string | number | null> | null)?.[field] ?? null;
  if (op === 'unknown' || op === 'known') return (fact === null) === (op === 'unknown');
  if (fact === null || value === undefined) return false;
  if (typeof fact === 'number') return op === 'at-least' ? fact >= Number(value) : fact <= Number(value);
  const [text, part] = [lowered(fact), lowered(String(value))];
  return (
    { is: text === part, 'is-not': text !== part, contains: text.includes(part) }[op as 'is'] ?? text.startsWith(part)
  );
}

function matches(device: Listed, query: DeviceQuery): boolean {
  const { user, hostname, serial, home, active, contact, location, id } = device;
  const { text = '', where = [], status, area, connected } = query.filter;
  const texts = [user, ...(hostname === null ? [] : [hostname, serial])].map(lowered);
  const inText = lowered(text)
    .split(/\s+/)
    .every((word) => texts.some((each) => each.includes(word)) || (word.startsWith('dev_') && id.startsWith(word)));
  const inArea = location?.fresh === true && location.areas.some((each) => each.startsWith(area ?? ''));
  const inScope = query.scope === null || (query.scope.length > 0 && home === 'PK');
  return (
    inText &&
    where.every((condition) => meets(device, condition)) &&
    inScope &&
    (status === undefined || status === (active ? 'active' : 'revoked')) &&
    (area === undefined || inArea) &&
    (connected === undefined || connected === (contact?.connected === true))
  );
}

function sortValue(device: Listed, sort: DeviceSort): string | number | null {
  const { user, enrolledAt, contact } = device;
  if (sort === 'hostname' || sort === 'hardware.memory') return factsOf(device)?.[sort] ?? null;
  return sort === 'id' ? 0 : sort === 'user' ? user : sort === 'enrolled' ? enrolledAt : (contact?.at ?? 0);
}

function sorted(fleet: readonly Listed[], { sort, descending }: DeviceQuery): Listed[] {
  const ascending = fleet.toSorted((a, b) => {
    const [x, y] = [sortValue(a, sort), sortValue(b, sort)];
    if (x === y) return a.id < b.id ? -1 : 1;
    return x === null ? -1 : y === null ? 1 : x < y ? -1 : 1;
  });
  return descending ? ascending.reverse() : ascending;
}

const TABLES = [
  'device_nexus',
  'locations',
  'location_states',
  'device_inventory',
  'device_facts',
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
            const value = sort === 'id' ? last.id : sortValue(last, sort);
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
