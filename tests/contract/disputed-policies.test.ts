/** Policies of disputed ground: kept in versions, written into orders as they are proposed, and rehearsed before one is taken. */
import { afterEach, expect, it } from 'vitest';
import { reachOf } from '../../server/jurisdiction/ties.ts';
import type { ActInput } from '../../server/orders/proposals.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { CONTESTED, type DisputedPolicy, groundMapOf } from '../../shared/areas/disputed-policy.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { revisionSchema } from '../../shared/order/documents.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { addPlacedFleet, type PlacedDevice } from '../support/placed-fleet.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const policy = (version: number, choices: Record<string, string>): DisputedPolicy => ({
  version,
  title: `Policy ${version}`,
  date: '2015-07-01',
  features: Object.fromEntries(Object.entries(choices).map(([name, choice]) => [name, { choice, note: 'So it is.' }])),
});

describeOnEveryStore('the policy of disputed ground', (openStore) => {
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
        affectedBy: (rule) => store.reached(reachOf(rule, clock.now())),
        past: () => Promise.reject(new Error('not here')),
      },
    }));
    const { ada, ben, cyd } = world.people;
    await world.root([ada, ben, cyd], [ada, ben]);
  }
  const leaves = async () => {
    const rows = await database.db
      .selectFrom('ledger_leaves')
      .selectAll()
      .where('kind', '=', 'disputed-policy.activated')
      .orderBy('id')
      .execute();
    return rows.length;
  };
  const versions = async () =>
    (await world.policies.policies()).map(({ version, active }) => (active ? -version : version));

  it('begins with the one that is built in', async () => {
    await open();
    const nothing = { date: null, hash: null, importedAt: null, importedBy: null };
    expect(await world.policies.policies()).toEqual([
      { version: 0, title: 'Built in: all of it contested', features: {}, active: true, ...nothing },
    ]);
    expect(await world.policies.policyUses()).toEqual([]);
    expect(await world.policies.groundMap()).toEqual(new Map());
    await expect(world.policies.rollBackPolicy(null)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('keeps every version, takes one, and goes back', async () => {
    await open();
    const { policies, clock } = world;
    const first = await policies.importPolicy(policy(1, { crimea: 'UA' }), 'acc_a');
    expect(first).toMatchObject({
      version: 1,
      title: 'Policy 1',
      date: '2015-07-01',
      importedBy: 'acc_a',
      active: false,
    });
    expect(first).toMatchObject({ importedAt: clock.now(), hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await policies.groundMap()).toEqual(new Map());
    expect(await leaves()).toBe(0);
    await policies.importPolicy(policy(3, { crimea: 'RU', golan: CONTESTED }), null);

    expect(await policies.activatePolicy(1, 'acc_b')).toEqual({ ...first, active: true });
    expect(await policies.groundMap()).toEqual(groundMapOf(policy(1, { crimea: 'UA' })));
    clock.jump(clock.now() + HOUR);
    await policies.activatePolicy(3, 'acc_a');
    expect(await versions()).toEqual([-3, 1, 0]);
    expect(await policies.policyUses()).toEqual([
      { version: 3, at: clock.now(), by: 'acc_a' },
      { version: 1, at: clock.now() - HOUR, by: 'acc_b' },
    ]);
    expect((await policies.rollBackPolicy('acc_b')).version).toBe(1);
    expect((await policies.rollBackPolicy('acc_b')).version).toBe(0);
    expect(await policies.groundMap()).toEqual(new Map());
    await expect(policies.rollBackPolicy(null)).rejects.toMatchObject({ code: 'conflict' });
    expect(await leaves()).toBe(4);
    const { body } = await database.db
      .selectFrom('ledger_leaves')
      .select('body')
      .where('kind', '=', 'disputed-policy.activated')
      .orderBy('id')
      .executeTakeFirstOrThrow();
    expect(JSON.parse(body)).toMatchObject({
      public: { version: 1, title: 'Policy 1', hash: first.hash },
    });
  });

  it('refuses what does not rise, what nobody claims and what is not there; nothing has changed then', async () => {
    await open();
    const { policies } = world;
    const second = await policies.importPolicy(policy(2, { crimea: 'UA' }), null);
    expect(await policies.importPolicy(policy(2, { crimea: 'UA' }), 'acc_a')).toEqual(second);
    const refused = (code: string, tried: Promise<unknown>) => expect(tried).rejects.toMatchObject({ code });
    await refused('conflict', policies.importPolicy(policy(2, { crimea: 'RU' }), null));
    await refused('conflict', policies.importPolicy(policy(1, { crimea: 'RU' }), null));
    await refused('unknown_feature', policies.importPolicy(policy(3, { atlantis: 'GR' }), null));
    await refused('not_a_claimant', policies.importPolicy(policy(3, { crimea: 'DE' }), null));
    await refused('not_found', policies.activatePolicy(3, null));
    await refused('not_found', policies.comparePolicy(3));
    expect(await versions()).toEqual([2, -0]);
    expect(await leaves()).toBe(0);
    // Two at once of one version: one of them is kept, whole.
    const both = await Promise.allSettled(
      ['UA', 'RU'].map((area) => policies.importPolicy(policy(3, { crimea: area }), null)),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await versions()).toEqual([3, 2, -0]);
  });

  it('is written into what is proposed, and changes nothing that was', async () => {
    await open();
    const { policies, orders, people } = world;
    const mapOf = async (order: string, revision: number) =>
      parseDocument(revisionSchema, Buffer.from((await orders.revision(order, revision)).payload)).terms.disputed;
    const take = async (one: DisputedPolicy) =>
      policies.activatePolicy((await policies.importPolicy(one, null)).version, null);
    const propose = async (areas: string[], disputed: Record<string, string> = {}) => {
      const { order } = await orders.propose(people.proposer.id, { ...PROPOSAL, areas, disputed });
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
    const revise = async (order: string, changes: Omit<ActInput, 'act'>) => {
      const { revision } = await orders.act(people.proposer.id, order, { act: 'revise', ...changes });
      return mapOf(order, revision);
    };
    expect(await revise(silent, { title: 'Another' })).toEqual({ crimea: 'UA', kashmir: 'IN' });
    // The ground that new areas touch is the policy's; of the ground that was touched before the signed word stands, its silence too.
    expect(await revise(silent, { areas: ['PK', 'UA', 'IL'] })).toEqual({ crimea: 'UA', kashmir: 'IN' });
    expect(await revise(doubting, { areas: ['UA', 'IN'] })).toEqual({ kashmir: 'IN' });
    // Who speaks of the map anew speaks of all of it, and is silent to the policy.
    expect(await revise(silent, { disputed: {} })).toEqual({ crimea: 'RU', kashmir: 'IN', donetsk: 'UA' });
    expect(await revise(silent, { disputed: { crimea: CONTESTED } })).toEqual({ kashmir: 'IN', donetsk: 'UA' });
  });

  it('is rehearsed on the orders that are there, which it leaves as they are', async () => {
    await open();
    const { policies, orders, people, clock } = world;
    const at = (area: string, home: string | null = null): PlacedDevice => ({
      home,
      presence: { connected: true, listVersion: 1 },
      seen: [{ source: 'position', areas: [area], at: NOW, whole: true }],
    });
    const fleet = [at('XX-crimea'), at('UA'), at('UA-43'), at('DE', 'UA-43'), at('DE'), at('XX-kashmir'), at('RU')];
    const [simferopol, kyiv, yalta, belongs] = (await addPlacedFleet(database, group, NOW, fleet)) as [
      DeviceId,
      DeviceId,
      DeviceId,
      DeviceId,
    ];
    const effective = new Date(clock.now() + HOUR).toISOString();
    const adopt = async (areas: string[], disputed: Record<string, string>, rules: Partial<typeof PROPOSAL> = {}) => {
      const terms = { ...PROPOSAL, areas, disputed, effective, nexus: ['present' as const], ...rules };
      const { order } = await orders.propose(people.proposer.id, { ...terms, title: areas.join() });
      for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
      return order;
    };
    const ukraine = await adopt(['UA'], {});
    const russia = await adopt(['RU'], {}, { contested: 'deny' });
    const home = await adopt(['RU'], { crimea: 'RU' }, { nexus: ['home'], travellers: 'deny' });
    const like = await adopt(['UA'], { crimea: 'UA' });
    await adopt(['FR'], {});
    const withdrawn = await adopt(['RU'], { crimea: 'RU' });
    await orders.act(people.proposer.id, withdrawn, { act: 'withdraw' });
    for (const person of [people.ada, people.ben]) await world.sign(withdrawn, 2, person);

    await policies.importPolicy(policy(1, { crimea: 'UA' }), null);
    const { current, other, features } = await policies.comparePolicy(1);
    expect([current.version, other.version, features]).toEqual([0, 1, [{ feature: 'crimea', from: null, to: 'UA' }]]);
    const list = orders.currentList();
    const change = (order: string, signed: string | null, counts: object) => ({
      ...{
        order,
        title: order === ukraine ? 'UA' : 'RU',
        effective: Date.parse(effective),
        otherReasons: 0,
        ...counts,
      },
      features: [{ feature: 'crimea', signed, policy: 'UA' }],
    });
    // Yalta is known by a code that is Ukraine's until an order's map says otherwise.
    expect(await orders.policyChange(groundMapOf(other))).toEqual([
      change(ukraine, null, { denied: { before: 1, after: 2 }, newlyDenied: 1, newlyAllowed: 0 }),
      change(russia, null, { denied: { before: 1, after: 0 }, newlyDenied: 0, newlyAllowed: 1 }),
      change(home, 'RU', { denied: { before: 1, after: 0 }, newlyDenied: 0, newlyAllowed: 1 }),
    ]);
    expect(orders.currentList()).toEqual(list);

    // It comes so once somebody revises them, and not before.
    await policies.activatePolicy(1, null);
    clock.jump(clock.now() + 2 * HOUR);
    const denials = async () => {
      const verdicts = await Promise.all([simferopol, kyiv, yalta, belongs].map((device) => orders.verdict(device)));
      return verdicts.map(({ services }) => services.mail.denials.map(({ order }) => order));
    };
    expect(await denials()).toEqual([[russia, like], [ukraine, like], [ukraine, like], [home]]);
    for (const order of [ukraine, russia, home]) {
      await orders.act(people.proposer.id, order, { act: 'revise', disputed: {} });
      for (const person of [people.ada, people.ben]) await world.sign(order, 2, person);
    }
    expect(await denials()).toEqual([[ukraine, like], [ukraine, like], [ukraine, like], []]);
    expect(await orders.policyChange(await policies.groundMap())).toEqual([]);
  });
});
