/** Territory policies: the store keeps their versions, proposals copy the assignments, and a preview shows the impact before activation. */
import { afterEach, expect, it } from 'vitest';
import { affectedQuery } from '../../server/jurisdiction/nexus-index.ts';
import type { ActionInput } from '../../server/orders/drafting/proposals.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { CONTESTED, type TerritoryPolicy, territoryMapOf } from '../../shared/areas/territory-policy.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const policy = (version: number, choices: Record<string, string>): TerritoryPolicy => ({
  version,
  title: `Policy ${version}`,
  date: '2015-07-01',
  features: Object.fromEntries(Object.entries(choices).map(([name, choice]) => [name, { choice, note: 'So it is.' }])),
});

describeOnEveryStore('the territory policy', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  let group: GroupId;
  afterEach(async () => world.stop());

  async function open(): Promise<void> {
    database = await openStore();
    const [devices, groups] = [new DeviceStore(database), new GroupStore(database)];
    const store = new JurisdictionStore(database);
    group = await addGroup(database, 'g');
    world = await openOrderWorld(database, ({ clock }) => ({
      fleet: { personalia: (device) => devices.get(device), devicesOf: (of) => groups.devicesOf(of) },
      jurisdiction: {
        facts: (asked) => store.facts(asked),
        affectedBy: (rule) => store.affected(affectedQuery(rule, clock.now())),
        past: () => Promise.reject(new Error('not here')),
      },
    }));
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
  }
  const entries = async () => {
    const rows = await database.db
      .selectFrom('ledger_entries')
      .selectAll()
      .where('kind', '=', 'territory-policy.activated')
      .orderBy('id')
      .execute();
    return rows.length;
  };
  const versions = async () =>
    (await world.policies.list()).map(({ version, active }) => (active ? -version : version));

  it('starts with the built-in policy', async () => {
    await open();
    const nothing = { date: null, hash: null, importedAt: null, importedBy: null };
    expect(await world.policies.list()).toEqual([
      { version: 0, title: 'Built in: all territories contested', features: {}, active: true, ...nothing },
    ]);
    expect(await world.policies.uses()).toEqual([]);
    expect(await world.policies.territoryMap()).toEqual(new Map());
    await expect(world.policies.rollBack(null)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('stores every version, activates one, and rolls back', async () => {
    await open();
    const { policies, clock } = world;
    const first = await policies.import(policy(1, { crimea: 'UA' }), 'acc_a');
    expect(first).toMatchObject({
      version: 1,
      title: 'Policy 1',
      date: '2015-07-01',
      importedBy: 'acc_a',
      active: false,
    });
    expect(first).toMatchObject({ importedAt: clock.now(), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await policies.territoryMap()).toEqual(new Map());
    expect(await entries()).toBe(0);
    await policies.import(policy(3, { crimea: 'RU', golan: CONTESTED }), null);

    expect(await policies.activate(1, 'acc_b')).toEqual({ ...first, active: true });
    expect(await policies.territoryMap()).toEqual(territoryMapOf(policy(1, { crimea: 'UA' })));
    clock.jump(clock.now() + HOUR);
    await policies.activate(3, 'acc_a');
    expect(await versions()).toEqual([-3, 1, 0]);
    expect(await policies.uses()).toEqual([
      { version: 3, at: clock.now(), by: 'acc_a' },
      { version: 1, at: clock.now() - HOUR, by: 'acc_b' },
    ]);
    expect((await policies.rollBack('acc_b')).version).toBe(1);
    expect((await policies.rollBack('acc_b')).version).toBe(0);
    expect(await policies.territoryMap()).toEqual(new Map());
    await expect(policies.rollBack(null)).rejects.toMatchObject({ code: 'conflict' });
    expect(await entries()).toBe(4);
    const { body } = await database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('kind', '=', 'territory-policy.activated')
      .orderBy('id')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(body)).toMatchObject({
      public: { version: 1, title: 'Policy 1', hash: first.hash },
    });
  });

  it('rejects lower versions, other claimants and missing versions, and changes nothing', async () => {
    await open();
    const { policies } = world;
    const second = await policies.import(policy(2, { crimea: 'UA' }), null);
    expect(await policies.import(policy(2, { crimea: 'UA' }), 'acc_a')).toEqual(second);
    const refused = (code: string, tried: Promise<unknown>) => expect(tried).rejects.toMatchObject({ code });
    await refused('conflict', policies.import(policy(2, { crimea: 'RU' }), null));
    await refused('conflict', policies.import(policy(1, { crimea: 'RU' }), null));
    await refused('unknown_territory', policies.import(policy(3, { atlantis: 'GR' }), null));
    await refused('not_a_claimant', policies.import(policy(3, { crimea: 'DE' }), null));
    await refused('not_found', policies.activate(3, null));
    await refused('not_found', policies.compare(3));
    expect(await versions()).toEqual([2, -0]);
    expect(await entries()).toBe(0);
    // Two imports of one version at the same time: one is stored completely.
    const both = await Promise.allSettled(
      ['UA', 'RU'].map((area) => policies.import(policy(3, { crimea: area }), null)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await versions()).toEqual([3, 2, -0]);
  });

  it('is copied into proposals, and does not change existing orders', async () => {
    await open();
    const { policies, orders, people } = world;
    const mapOf = async (order: string, revision: number) =>
      parseDocument(revisionSchema, Buffer.from((await orders.adoption.revision(order, revision)).payload)).terms
        .disputed;
    const take = async (one: TerritoryPolicy) => policies.activate((await policies.import(one, null)).version, null);
    const propose = async (areas: string[], disputed: Record<string, string> = {}) => {
      const { order } = await orders.drafting.propose(people.proposer.id, { ...PROPOSAL, areas, disputed });
      return order;
    };
    const before = await propose(['UA']);
    await take(policy(1, { crimea: 'UA', kashmir: 'IN' }));
    const [silent, outspoken, doubting, foreign] = [
      await propose(['UA', 'PK']),
      await propose(['UA'], { crimea: 'RU' }),
      await propose(['UA'], { crimea: CONTESTED }),
      await propose(['DE']),
    ];
    expect(await Promise.all([before, silent, outspoken, doubting, foreign].map((order) => mapOf(order, 1)))).toEqual([
      {},
      { crimea: 'UA', kashmir: 'IN' },
      { crimea: 'RU' },
      {},
      {},
    ]);
    for (const order of [silent, doubting])
      for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);

    await take(policy(2, { crimea: 'RU', kashmir: 'IN', donetsk: 'UA' }));
    expect(await mapOf(silent, 1)).toEqual({ crimea: 'UA', kashmir: 'IN' });
    const revise = async (order: string, changes: Omit<ActionInput, 'action'>) => {
      const { revision } = await orders.drafting.proposeAction(people.proposer.id, order, {
        action: 'revise',
        ...changes,
      });
      return mapOf(order, revision);
    };
    expect(await revise(silent, { title: 'Another' })).toEqual({ crimea: 'UA', kashmir: 'IN' });
    // New territories get the policy's assignments. Territories of the signed order keep theirs, also when they are contested.
    expect(await revise(silent, { areas: ['PK', 'UA', 'IL'] })).toEqual({ crimea: 'UA', kashmir: 'IN' });
    expect(await revise(doubting, { areas: ['UA', 'IN'] })).toEqual({ kashmir: 'IN' });
    // A revision with a map of its own replaces the whole map, and takes nothing from the policy.
    expect(await revise(silent, { disputed: {} })).toEqual({ crimea: 'RU', kashmir: 'IN', donetsk: 'UA' });
    expect(await revise(silent, { disputed: { crimea: CONTESTED } })).toEqual({ kashmir: 'IN', donetsk: 'UA' });
  });

  it('has an impact preview for existing orders, which do not change', async () => {
    await open();
    const { policies, orders, people, clock } = world;
    const at = (area: string, home: string | null = null): LocatedDevice => ({
      home,
      presence: { connected: true, listVersion: 1 },
      seen: [{ source: 'position', areas: [area], at: NOW, whole: true }],
    });
    const fleet = [at('XX-crimea'), at('UA'), at('UA-43'), at('DE', 'UA-43'), at('DE'), at('XX-kashmir'), at('RU')];
    const [simferopol, kyiv, yalta, belongs] = (await addLocatedFleet(database, group, NOW, fleet)) as [
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
    ];
    const effective = new Date(clock.now() + HOUR).toISOString();
    const adopt = async (areas: string[], disputed: Record<string, string>, rules: Partial<typeof PROPOSAL> = {}) => {
      const terms = { ...PROPOSAL, areas, disputed, effective, nexus: ['present' as const], ...rules };
      const { order } = await orders.drafting.propose(people.proposer.id, { ...terms, title: areas.join() });
      for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
      return order;
    };
    const ukraine = await adopt(['UA'], {});
    const russia = await adopt(['RU'], {}, { contested: 'deny' });
    const home = await adopt(['RU'], { crimea: 'RU' }, { nexus: ['home'], travelers: 'deny' });
    const like = await adopt(['UA'], { crimea: 'UA' });
    await adopt(['FR'], {});
    const withdrawn = await adopt(['RU'], { crimea: 'RU' });
    await orders.drafting.proposeAction(people.proposer.id, withdrawn, { action: 'withdraw' });
    for (const person of [people.ada, people.ben]) await world.sign(withdrawn, 2, person);
    const paused = await adopt(['RU'], {}, { contested: 'deny' });
    const propose = async (action: 'pause' | 'withdraw') => {
      const { revision } = await orders.drafting.proposeAction(people.proposer.id, paused, { action });
      for (const person of [people.ada, people.ben]) await world.sign(paused, revision, person);
    };
    await propose('pause');

    await policies.import(policy(1, { crimea: 'UA' }), null);
    const { current, other, territories } = await policies.compare(1);
    expect([current.version, other.version, territories]).toEqual([
      0,
      1,
      [{ territory: 'crimea', from: null, to: 'UA' }],
    ]);
    const list = orders.list.current();
    const change = (order: string, signed: string | null, counts: object) => ({
      order,
      title: order === ukraine ? 'UA' : 'RU',
      effective: Date.parse(effective),
      otherReasons: 0,
      ...counts,
      territories: [{ territory: 'crimea', signed, policy: 'UA' }],
    });
    // The code of Yalta belongs to Ukraine unless an order's map assigns Crimea.
    expect(await orders.changeImpact.policy(territoryMapOf(other))).toEqual([
      change(ukraine, null, { denied: { before: 1, after: 2 }, newlyDenied: 1, newlyAllowed: 0 }),
      change(russia, null, { denied: { before: 1, after: 0 }, newlyDenied: 0, newlyAllowed: 1 }),
      change(home, 'RU', { denied: { before: 1, after: 0 }, newlyDenied: 0, newlyAllowed: 1 }),
      // A paused order has the effect that it has after it is resumed.
      change(paused, null, { denied: { before: 1, after: 0 }, newlyDenied: 0, newlyAllowed: 1 }),
    ]);
    expect(orders.list.current()).toEqual(list);

    // The effect begins only with a revision of these orders.
    await propose('withdraw');
    await policies.activate(1, null);
    clock.jump(clock.now() + 2 * HOUR);
    const denials = async () => {
      const verdicts = await Promise.all(
        [simferopol, kyiv, yalta, belongs].map((device) => orders.effect.verdict(device)),
      );
      return verdicts.map(({ services }) => services.mail.denials.map(({ order }) => order));
    };
    expect(await denials()).toEqual([[russia, like], [ukraine, like], [ukraine, like], [home]]);
    for (const order of [ukraine, russia, home]) {
      await orders.drafting.proposeAction(people.proposer.id, order, { action: 'revise', disputed: {} });
      for (const person of [people.ada, people.ben]) await world.sign(order, 2, person);
    }
    expect(await denials()).toEqual([[ukraine, like], [ukraine, like], [ukraine, like], []]);
    expect(await orders.changeImpact.policy(await policies.territoryMap())).toEqual([]);
  });
});
