/** Predicted impact of another IP database on a fleet, and its real effect after activation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { createRelocation } from '../../server/gateway/relocation.ts';
import { type CompareIpDatabase, createIpComparison } from '../../server/jurisdiction/ip-comparison.ts';
import { type IpDatabases, openIpDatabases } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { IpDatabaseStore } from '../../server/store/ip-database-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { KNOWN_ADDRESSES, writeMmdb } from '../support/mmdb-writer.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const [FIRST, SECOND, THIRD] = ['5.5.5.1', '5.5.5.2', '5.5.5.3'];
const databaseOf = (places: Record<string, string>) => {
  const all = { ...Object.fromEntries(KNOWN_ADDRESSES), ...places };
  const records = Object.entries(all).map(([address, country]) => [address, { country }] as const);
  return Readable.from([writeMmdb(Object.fromEntries(records), NOW)]);
};

describeOnEveryStore('another IP database', (openStore) => {
  let world: OrderWorld;
  let ip: IpDatabases;
  let compare: CompareIpDatabase;
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
    // The real database opens later, because it needs the world's clock.
    const chosen: Pick<IpDatabases, 'lookUp'> = { lookUp: (address) => ip.lookUp(address) };
    world = await openOrderWorld(database, ({ clock, changes }) => {
      const late = new Proxy(chosen, { get: (_, name) => Reflect.get(ip, name) }) as IpDatabases;
      jurisdiction = createJurisdiction({ store, past: new PastLocationStore(database), ip: late, clock, changes });
      return {
        fleet: { personalia: (device) => devices.get(device), devicesOf: (of) => groups.devicesOf(of) },
        jurisdiction,
      };
    });
    ip = await openIpDatabases({
      folder,
      store: new IpDatabaseStore(database),
      clock: world.clock,
      log: { warn: () => undefined },
      onActivation: () => world.bus.publish({ kind: 'ip-database' }),
    });
    compare = createIpComparison({ store, clock: world.clock, databases: ip });
    const old = await ip.import('old', databaseOf({ [FIRST!]: 'DE', [SECOND!]: 'PK', [THIRD!]: 'AE' }), null);
    await ip.activate(old.hash, null);
    const { hash } = await ip.import('new', databaseOf({ [FIRST!]: 'PK', [THIRD!]: 'AE' }), null);
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    return { database, hash };
  }

  const from = (address: string | undefined, area: string, more: Partial<LocatedDevice> = {}): LocatedDevice => ({
    home: 'GB',
    presence: { connected: true, listVersion: 1, ...(address !== undefined && { address }) },
    seen: [{ source: 'address', areas: [area], at: NOW - HOUR, connected: true }],
    ...more,
  });

  it('predicts moved devices and denials correctly', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const [moves, entries, positioned, , , , exempt] = (await addLocatedFleet(database, group, NOW, [
      from(FIRST, 'DE'),
      from(SECOND, 'PK'),
      from(FIRST, 'DE', {
        seen: [
          { source: 'position', areas: [parseHomeArea('DE')], at: NOW - MINUTE, whole: true },
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
    const { order } = await world.orders.drafting.propose(world.people.proposer.id, {
      ...terms,
      exempt: [{ device: exempt }],
    });
    for (const person of [world.people.ada, world.people.ben]) await world.sign(order, 1, person);

    const stored = async () => [
      await database.db.selectFrom('locations').selectAll().orderBy('device_id').execute(),
      await database.db.selectFrom('location_states').selectAll().orderBy('device_id').execute(),
    ];
    const before = await stored();
    const { compared, moves: sent, moved } = await compare(hash);
    expect({ compared, sent, moved: moved.size }).toEqual({
      compared: 5,
      sent: [
        { from: 'DE', to: 'PK', devices: 3 },
        { from: 'PK', to: null, devices: 1 },
      ],
      moved: 4,
    });
    expect(await world.orders.changeImpact.addresses(moved)).toEqual([
      {
        order,
        title: 'Pakistan',
        effective: NOW + 24 * HOUR,
        denied: { before: 1, after: 1 },
        newlyDenied: 1,
        newlyAllowed: 1,
      },
    ]);
    expect(await stored()).toEqual(before);
    expect(ip.current().name).toBe('old');

    // Activation while devices are connected.
    await ip.activate(hash, null);
    for (const [device, address, areas] of [
      [moves, FIRST, ['DE']],
      [entries, SECOND, ['PK']],
      [positioned, FIRST, ['DE']],
      [exempt, FIRST, ['DE']],
    ] as const) {
      await jurisdiction.relocate({ device, generation: 1, address: address ?? null, areas, open: true });
    }
    world.clock.jump(NOW + 25 * HOUR);
    await jurisdiction.observe(positioned, 1, [
      { source: 'position', areas: [parseHomeArea('DE')], at: NOW + 25 * HOUR, whole: true },
    ]);
    const allowed = async (device: DeviceId) => (await world.orders.effect.verdict(device)).services.mail.allowed;
    expect(await Promise.all([moves, entries, positioned, exempt].map(allowed))).toEqual([false, true, true, true]);
  });

  /** The gateway's connections, without sockets. */
  function connections(devices: readonly DeviceId[], address: string) {
    const sent: ServerFrame[] = [];
    const all = devices.map((device) => {
      const session = {
        device,
        generation: 1,
        address,
        areas: ['DE'] as readonly string[],
        use: ip.current().use,
        open: true,
        welcomed: true,
        locate: (use: number, areas: readonly string[]) => void Object.assign(session, { use, areas }),
        frames: { send: (frame: ServerFrame) => void sent.push(frame) },
      };
      return session;
    });
    const byDevice = new Map(all.map((one) => [one.device, one]));
    const sessions = { all: () => all.values(), live: (device: DeviceId) => byDevice.get(device) };
    return {
      sent,
      all,
      relocating: createRelocation({
        jurisdiction: { ...jurisdiction, followIpDatabase: ip.follow, currentIpDatabase: ip.current },
        sessions,
        timekeeping: { trusted: () => true },
        clock: world.clock,
      }),
    };
  }
  const areasOf = ({ sent }: { readonly sent: readonly ServerFrame[] }) =>
    sent.map((frame) => (frame.kind === 'address' ? frame.areas : frame.kind));

  it('relocates connected devices after an activation and after a rollback', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const [device, gone] = (await addLocatedFleet(database, group, NOW, [from(FIRST, 'DE'), from(FIRST, 'DE')])) as [
      DeviceId,
      DeviceId,
    ];
    const { order } = await world.orders.drafting.propose(world.people.proposer.id, {
      ...PROPOSAL,
      effective: '2015-07-24T18:00',
    });
    for (const person of [world.people.ada, world.people.ben]) await world.sign(order, 1, person);
    world.clock.jump(Date.parse('2015-07-24T13:00:00Z'));
    const denied = async (one: DeviceId) => !(await world.orders.effect.verdict(one)).services.messaging.allowed;
    expect([await denied(device), await denied(gone)]).toEqual([false, false]);
    const there = connections([device, gone], FIRST!);
    const [, leaving] = there.all;
    if (leaving) leaving.open = false;
    const published = () => world.wakes.splice(0).map(({ kind }) => kind);
    await ip.activate(hash, null);
    await turn();
    expect(published()).toContain('ip-database');
    await there.relocating.relocateAll();
    await turn();
    expect([areasOf(there), published()]).toEqual([[['PK']], ['verdicts']]);
    // One observation of one source counts after ten minutes, as for a new connection.
    expect(await denied(device)).toBe(false);
    world.clock.jump(world.clock.now() + 10 * MINUTE);
    expect([await denied(device), await denied(gone)]).toEqual([true, false]);
    await there.relocating.relocateAll();
    expect(areasOf(there)).toEqual([['PK']]);

    await ip.rollBack(null);
    await there.relocating.relocateAll();
    world.clock.jump(world.clock.now() + 10 * MINUTE);
    expect([areasOf(there), await denied(device)]).toEqual([[['PK'], ['DE']], false]);
    const { observations } = await jurisdiction.evidence(device);
    expect(observations.slice(0, 2)).toMatchObject([{ areas: ['DE'] }, { areas: ['PK'] }]);
  });

  it('is loaded by another server process, which needs its file', async () => {
    const { database, hash } = await begin();
    const [folder] = folders as [string];
    const store = new IpDatabaseStore(database);
    const log = { warn: () => undefined };
    const elsewhere = await openIpDatabases({ folder, store, clock: world.clock, log });
    expect(elsewhere.lookUp(FIRST!).country).toBe('DE');
    await ip.activate(hash, null);
    await elsewhere.follow();
    expect([elsewhere.lookUp(FIRST!).country, elsewhere.current()]).toEqual(['PK', ip.current()]);
    await ip.rollBack(null);
    rmSync(join(folder, `${ip.current().hash}.mmdb`));
    await expect(elsewhere.follow()).rejects.toMatchObject({ code: 'ip_database_invalid' });
    expect(elsewhere.lookUp(FIRST!).country).toBe('PK');
  });

  it('relocates 1,000 connected devices with progress, and blocks the event loop for at most 50 ms', async () => {
    const { database, hash } = await begin();
    const group = await addGroup(database, 'g');
    const fleet = Array.from({ length: 1_000 }, () => from(FIRST, 'DE'));
    const there = connections(await addLocatedFleet(database, group, NOW, fleet), FIRST!);
    await ip.activate(hash, null);
    const longest = longestTurn();
    const looked = there.relocating.relocateAll();
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
    expect(there.sent).toHaveLength(1_000);
    expect([...steps].slice(0, 3)).toEqual(['0 of 1000', '32 of 1000', '64 of 1000']);
    expect(there.relocating.progress()).toBeNull();
  });

  it('rejects the comparison of a missing database', async () => {
    await begin();
    await expect(compare('0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
  });
});
