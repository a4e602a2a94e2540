/** Effects of admins' location statements on announced and active orders, on every store. */
import { afterEach, expect, it } from 'vitest';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, newAccountId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet } from '../support/located-fleet.ts';
import { NO_ADDRESSES } from '../support/no-addresses.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [PK, DE] = [parseHomeArea('PK'), parseHomeArea('DE')];

describeOnEveryStore('location statements and orders', (openStore) => {
  let database: Database;
  let store: DeviceStore;
  let world: OrderWorld;
  let places: Jurisdiction;
  let inside: DeviceId;
  let outside: DeviceId;
  afterEach(async () => world.stop());

  /** An order for Pakistan that starts in a day, a device in Pakistan, and a device in Germany. */
  async function begin(): Promise<string> {
    database = await openStore();
    store = new DeviceStore(database);
    const groups = new GroupStore(database);
    world = await openOrderWorld(database, ({ clock, changes }) => {
      places = createJurisdiction({
        store: new JurisdictionStore(database),
        past: new PastLocationStore(database),
        ip: NO_ADDRESSES,
        clock,
        changes,
      });
      return {
        fleet: { personalia: (device) => store.get(device), devicesOf: (of) => groups.devicesOf(of) },
        jurisdiction: places,
      };
    });
    const { proposer, ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const group = await addGroup(database, 'all');
    const seen = (area: string) => [{ source: 'address', areas: [area], at: NOW - HOUR, connected: true } as const];
    const fleet = ['PK', 'DE'].map((area) => ({ home: area, seen: seen(area) }));
    const devices = await addLocatedFleet(database, group, NOW, fleet);
    [inside, outside] = [devices[0]!, devices[1]!];
    const effective = new Date(NOW + DAY).toISOString();
    const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, nexus: ['present'], effective });
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    return order;
  }
  const presence = (area: typeof PK, days = 2) =>
    ({ kind: 'presence', areas: [area], until: NOW + days * DAY }) as const;

  async function state(device: DeviceId, area: typeof PK, by: { confirmedBy: ReturnType<typeof newAccountId> | null }) {
    const statement = { ...presence(area), reason: 'called in', at: NOW, by: newAccountId(), ...by };
    await store.update(device, { statement }, NOW);
    await places.deviceChanged(device);
    world.changes.devicesMoved([device]);
  }

  it('name the orders from which they release a device, or to which they subject it', async () => {
    const order = await begin();
    const services = [...PROPOSAL.services];
    const effects = async (device: DeviceId, statement: ReturnType<typeof presence>, ownHome: typeof PK) => {
      const own = { home: ownHome, seat: null };
      const change = { device, present: { statement: null, ...own }, placement: { statement, ...own } };
      return (await world.orders.statements.placements([change])).map(({ device: of, ...effect }) => {
        expect(of).toBe(device);
        return effect;
      });
    };
    expect(await effects(inside, presence(DE), PK)).toEqual([{ order, released: services, denied: [] }]);
    expect(await effects(outside, presence(PK), DE)).toEqual([{ order, released: [], denied: services }]);
    expect(await effects(outside, presence(DE), DE)).toEqual([]);
    // The statement ends before the order takes effect.
    expect(await effects(inside, { ...presence(DE), until: NOW + HOUR }, PK)).toEqual([]);
    await world.orders.drafting.proposeAction(world.people.proposer.id, order, { action: 'withdraw' });
    for (const person of [world.people.ada, world.people.ben]) await world.sign(order, 2, person);
    expect(await effects(inside, presence(DE), PK)).toEqual([]);
  });

  it('appear with the order and as warnings in its rehearsal until they end', async () => {
    const order = await begin();
    expect(await world.orders.statements.overriding(order)).toEqual([]);
    const second = newAccountId();
    await state(inside, DE, { confirmedBy: null });
    await state(outside, PK, { confirmedBy: second });
    const listed = async () =>
      (await world.orders.statements.overriding(order)).map(({ device, statement, effect }) => ({
        device,
        confirmedBy: statement.confirmedBy,
        released: effect.released.length,
        denied: effect.denied.length,
      }));
    const both = [
      { device: inside, confirmedBy: null, released: PROPOSAL.services.length, denied: 0 },
      { device: outside, confirmedBy: second, released: 0, denied: PROPOSAL.services.length },
    ];
    expect((await listed()).sort((a) => (a.device === inside ? -1 : 1))).toEqual(both);
    const warned = async () =>
      (await world.orders.impact.warnings(order, 1)).filter(({ code }) => code === 'location_statements');
    const [warning] = await warned();
    expect(warning).toMatchObject({ devices: 2 });
    expect(warning?.detail).toContain('release 1 device from the order and bring 1 device under it');
    expect(warning?.detail).toContain('No second person confirmed 1 statement.');

    // The withdrawal of a statement has the opposite effect.
    const own = { home: PK, seat: null };
    const back = { present: { statement: presence(DE), ...own }, placement: { statement: null, ...own } };
    expect(await world.orders.statements.placements([{ device: inside, ...back }])).toEqual([
      { device: inside, order, released: [], denied: [...PROPOSAL.services] },
    ]);
    world.clock.jump(NOW + 3 * DAY);
    expect(await listed()).toEqual([]);
    expect(await warned()).toEqual([]);
  });
});
