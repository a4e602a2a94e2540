/** What another IP database would do to a fleet, said before it is taken and true afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { createRelocating } from '../../server/gateway/relocating.ts';
import { type IpDatabases, openIpDatabases } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { KNOWN_PLACES, writeMmdb } from '../support/mmdb-writer.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { addPlacedFleet, type PlacedDevice } from '../support/placed-fleet.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const [FIRST, SECOND, THIRD] = ['5.5.5.1', '5.5.5.2', '5.5.5.3'];
const databaseOf = (places: Record<string, string>) => {
  const all = { ...Object.fromEntries(KNOWN_PLACES), ...places };
  const records = Object.entries(all).map(([address, country]) => [address, { country }] as const);
  return Readable.from([writeMmdb(Object.fromEntries(records), NOW)]);
};

describeOnEveryStore('another IP database', (openStore) => {
  let world: OrderWorld;
  let ip: IpDatabases;
  let jurisdiction: Jurisdiction;
  const folders: string[] = [];
  afterEach(async () => {
    await world.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  async function begin(): Promise<{ database: Database; hash: string }> {
    const database = await openStore();
    const store = new JurisdictionStore(database);
    const folder = mkdtempSync(join(tmpdir(), 'cordon-ip-'));
    folders.push(folder);
    const [devices, groups] = [new DeviceStore(database), new GroupStore(database)];
    // The one in use is chosen once the world has a clock.
    const chosen: Pick<IpDatabases, 'look'> = { look: (address) => ip.look(address) };
    world = await openOrderWorld(database, ({ clock, bus }) => {
      const late = new Proxy(chosen, { get: (_, name) => Reflect.get(ip, name) }) as IpDatabases;
      jurisdiction = createJurisdiction({ store, ip: late, clock, bus });
      return {
        fleet: { personalia: (device) => devices.get(device), devicesOf: (of) => groups.devicesOf(of) },
        jurisdiction,
      };
    });
    ip = await openIpDatabases({ folder, store, clock: world.clock, log: { warn: () => undefined } });
    const old = await ip.import('old', databaseOf({ [FIRST!]: 'DE', [SECOND!]: 'PK', [THIRD!]: 'AE' }), null);
    await ip.activate(old.hash, null);
    const { hash } = await ip.import('new', databaseOf({ [FIRST!]: 'PK', [THIRD!]: 'AE' }), null);
    const { ada, ben, cyd } = world.people;
    await world.root([ada, ben, cyd], [ada, ben]);
    return { database, hash };
  }

  const from = (address: string | undefined, area: string, more: Partial<PlacedDevice> = {}): PlacedDevice => ({
    home: 'GB',
    presence: { connected: true, listVersion: 1, ...(address !== undefined && { address }) },
    seen: [{ source: 'address', areas: [area], at: NOW - HOUR, connected: true }],
    ...more,
  });

  it('says which devices would move, whom orders would deny then, and it comes so', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const [moves, leaves, positioned, , , , exempt] = (await addPlacedFleet(database, group, NOW, [
      from(FIRST, 'DE'),
      from(SECOND, 'PK'),
      from(FIRST, 'DE', {
        seen: [
          { source: 'position', areas: ['DE'], at: NOW - MINUTE, whole: true },
          { source: 'address', areas: ['DE'], at: NOW - HOUR, connected: true },
        ],
      }),
      from(THIRD, 'AE'),
      from(FIRST, 'DE', { status: 'revoked' }),
      from(FIRST, 'DE', {
        presence: { connected: false, listVersion: 1, lastSeenAt: NOW - 25 * HOUR, address: '5.5.5.1' },
      }),
      from(FIRST, 'DE'),
    ])) as [DeviceId, DeviceId, DeviceId, DeviceId, DeviceId, DeviceId, DeviceId];
    const terms = { ...PROPOSAL, zone: 'UTC', effective: '2015-07-25T12:00' };
    const { order } = await world.orders.propose(world.people.proposer.id, { ...terms, exempt: [{ device: exempt }] });
    for (const person of [world.people.ada, world.people.ben]) await world.sign(order, 1, person);

    const before = await database.db.selectFrom('locations').selectAll().orderBy('device_id').execute();
    const { compared, moves: told, moved } = await jurisdiction.compareIpDatabase(hash);
    expect({ compared, told, moved: moved.size }).toEqual({
      compared: 5,
      told: [
        { from: 'DE', to: 'PK', devices: 3 },
        { from: 'PK', to: null, devices: 1 },
      ],
      moved: 4,
    });
    expect(await world.orders.addressChange(moved)).toEqual([
      {
        ...{ order, title: 'Pakistan', effective: NOW + 24 * HOUR },
        ...{ denied: { before: 1, after: 1 }, newlyDenied: 1, newlyAllowed: 1 },
      },
    ]);
    expect(await database.db.selectFrom('locations').selectAll().orderBy('device_id').execute()).toEqual(before);
    expect(ip.current().name).toBe('old');

    // It is taken while they are connected.
    await jurisdiction.activateIpDatabase(hash, null);
    for (const [device, address, areas] of [
      [moves, FIRST, ['DE']],
      [leaves, SECOND, ['PK']],
      [positioned, FIRST, ['DE']],
      [exempt, FIRST, ['DE']],
    ] as const) {
      await jurisdiction.locateAnew({ device, generation: 1, address: address ?? null, areas, open: true });
    }
    world.clock.jump(NOW + 25 * HOUR);
    await jurisdiction.observe(positioned, 1, [
      { source: 'position', areas: ['DE'], at: NOW + 25 * HOUR, whole: true },
    ]);
    const allowed = async (device: DeviceId) => (await world.orders.verdict(device)).services.mail.allowed;
    expect(await Promise.all([moves, leaves, positioned, exempt].map(allowed))).toEqual([false, true, true, true]);
  });

  /** Connections as the gateway has them, without a socket. */
  function connections(devices: readonly DeviceId[], address: string) {
    const told: ServerFrame[] = [];
    const all = devices.map((device) => ({
      ...{ device, generation: 1, address, areas: ['DE'] as readonly string[], use: ip.current().use, open: true },
      welcomed: true,
      send: (frame: ServerFrame) => void told.push(frame),
    }));
    const byDevice = new Map(all.map((one) => [one.device, one]));
    const sessions = { all: () => all.values(), live: (device: DeviceId) => byDevice.get(device) };
    return {
      told,
      all,
      relocating: createRelocating({
        jurisdiction,
        sessions,
        timekeeping: { trusted: () => true },
        clock: world.clock,
      }),
    };
  }
  const areasOf = ({ told }: { readonly told: readonly ServerFrame[] }) =>
    told.map((frame) => (frame.kind === 'address' ? frame.areas : frame.kind));

  it('judges those who are connected by it when it is taken, and by the one before when that is taken back', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const [device, gone] = (await addPlacedFleet(database, group, NOW, [from(FIRST, 'DE'), from(FIRST, 'DE')])) as [
      DeviceId,
      DeviceId,
    ];
    const { order } = await world.orders.propose(world.people.proposer.id, {
      ...PROPOSAL,
      effective: '2015-07-24T18:00',
    });
    for (const person of [world.people.ada, world.people.ben]) await world.sign(order, 1, person);
    world.clock.jump(Date.parse('2015-07-24T13:00:00Z'));
    const denied = async (one: DeviceId) => !(await world.orders.verdict(one)).services.messaging.allowed;
    expect([await denied(device), await denied(gone)]).toEqual([false, false]);
    const there = connections([device, gone], FIRST!);
    const [, leaving] = there.all;
    if (leaving) leaving.open = false;
    const published = () => world.wakes.splice(0).map(({ kind }) => kind);
    await jurisdiction.activateIpDatabase(hash, null);
    await turn();
    expect(published()).toContain('ip-database');
    await there.relocating.look();
    await turn();
    expect([areasOf(there), published()]).toEqual([[['PK']], ['verdicts']]);
    // One word of one source: it counts once it has stood for ten minutes, as a new connection's would.
    expect(await denied(device)).toBe(false);
    world.clock.jump(world.clock.now() + 10 * MINUTE);
    expect([await denied(device), await denied(gone)]).toEqual([true, false]);
    await there.relocating.look();
    expect(areasOf(there)).toEqual([['PK']]);

    await jurisdiction.rollBackIpDatabase(null);
    await there.relocating.look();
    world.clock.jump(world.clock.now() + 10 * MINUTE);
    expect([areasOf(there), await denied(device)]).toEqual([[['PK'], ['DE']], false]);
    const { observations } = await jurisdiction.evidence(device);
    expect(observations.slice(0, 2)).toMatchObject([{ areas: ['DE'] }, { areas: ['PK'] }]);
  });

  it('is taken up by another node, and its file must be there', async () => {
    const { database, hash } = await begin();
    const [folder] = folders as [string];
    const store = new JurisdictionStore(database);
    const log = { warn: () => undefined };
    const elsewhere = await openIpDatabases({ folder, store, clock: world.clock, log });
    expect(elsewhere.look(FIRST!).country).toBe('DE');
    await ip.activate(hash, null);
    await elsewhere.follow();
    expect([elsewhere.look(FIRST!).country, elsewhere.current()]).toEqual(['PK', ip.current()]);
    await ip.rollback(null);
    rmSync(join(folder, `${ip.current().hash}.mmdb`));
    await expect(elsewhere.follow()).rejects.toMatchObject({ code: 'ip_database_invalid' });
    expect(elsewhere.look(FIRST!).country).toBe('PK');
  });

  it('moves a thousand who are connected, holds up the loop for no more than 50 ms, and says how far it is', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const fleet = Array.from({ length: 1_000 }, () => from(FIRST, 'DE'));
    const there = connections(await addPlacedFleet(database, group, NOW, fleet), FIRST!);
    await jurisdiction.activateIpDatabase(hash, null);
    const longest = longestTurn();
    const looked = there.relocating.look();
    const steps = new Set<string>();
    let over = false;
    const watching = (async () => {
      while (!over) {
        const now = there.relocating.progress();
        if (now && now.of > 0) steps.add(`${now.done} of ${now.of}`);
        await turn();
      }
    })();
    await looked;
    over = true;
    await watching;
    expect(longest()).toBeLessThan(50);
    expect(there.told).toHaveLength(1_000);
    expect([...steps].slice(0, 3)).toEqual(['0 of 1000', '32 of 1000', '64 of 1000']);
    expect(there.relocating.progress()).toBeNull();
  });

  it('refuses to compare what is not there', async () => {
    await begin();
    await expect(jurisdiction.compareIpDatabase('0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
  });
});
