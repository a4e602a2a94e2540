import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { personsWhoSigned, verifyApproverSets } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { orderListSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { MAX_FRAME_FROM_SERVER } from '../../shared/protocol/frames.ts';
import { asNewDevice, isDenied, openApprovedWorld, orderState } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, PROPOSAL } from '../support/order-world.ts';
import { INSTALLATION, NOW } from '../support/signed-documents.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;

describeOnEveryStore('public order list', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openApprovedWorld(database);
    return world.people;
  }

  it('enforces a withheld order on devices, and lists only its stub until its publication', async () => {
    const { proposer, ada, ben } = await begin();
    const device = world.addDevice('PK');
    const published = Date.parse('2016-01-05T00:00:00.000Z');
    const secret = { title: 'Secret title', publication: { until: new Date(published).toISOString() } };
    const { order, digest, payload } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...secret });
    const { key } = ada;
    const { stub = '', ...bare } = approvalOf(key, payload);
    for (const wrong of [
      bare,
      { ...bare, stub: bare.signature },
      { ...bare, stub: approvalOf(ben.key, payload).stub },
    ]) {
      expect(await codeOfAsync(world.orders.adoption.approve(ada.id, order, 1, wrong))).toBe('approval_invalid');
    }
    expect(stub).not.toBe('');
    await world.sign(order, 1, ada);
    await world.sign(order, 1, ben);
    const list = () => {
      const envelope = world.orders.list.current()?.envelope;
      return envelope ? parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list)) : null;
    };
    const listed = () =>
      list()?.orders.map(({ payload: text }) => JSON.parse(Buffer.from(text, 'base64').toString())) ?? [];
    const { services, areas } = PROPOSAL;
    expect(listed()).toEqual([{ installation: INSTALLATION, order, revision: 1, services, areas, digest }]);
    const [first] = list()?.orders ?? [];
    const approverSet = verifyApproverSets(null, world.orders.approverSets.envelopes());
    expect(first && personsWhoSigned(first, approverSet)).toEqual(new Set([ada.id, ben.id]));
    expect([asNewDevice(world).alerts, asNewDevice(world).orders.get(order)?.revision.terms.title]).toEqual([
      [],
      'Secret title',
    ]);
    expect(world.orders.list.uncovered()).toEqual([]);

    const extended = await world.orders.drafting.proposeAction(proposer.id, order, {
      action: 'extend',
      effective: '2015-12-31T00:00',
    });
    await world.sign(order, extended.revision, ada);
    await world.sign(order, extended.revision, ben);
    world.clock.jump(Date.parse('2015-12-31T00:00:00.000Z'));
    expect(await isDenied(world.orders, device)).toBe(true);
    const held = await world.orders.drafting.proposeAction(proposer.id, order, { action: 'pause' });
    await world.sign(order, held.revision, ada);
    expect(await isDenied(world.orders, device)).toBe(false);
    expect(listed().map(({ revision }) => revision)).toEqual([2, 3]);
    expect(asNewDevice(world).orders.get(order)?.revision.status).toBe('paused');
    const released = await world.orders.drafting.proposeAction(proposer.id, order, { action: 'resume' });
    await world.sign(order, released.revision, ada);
    await world.sign(order, released.revision, ben);
    expect(await isDenied(world.orders, device)).toBe(true);
    await world.orders.stop();
    await world.reopen();
    expect([listed().map((each) => Object.keys(each).length), asNewDevice(world).alerts]).toEqual([[6], []]);

    const bodies = async () =>
      (await database.db.selectFrom('ledger_entries').select('body').execute()).map(({ body }) => body);
    await until(async () => expect((await world.orders.adoption.get(order)).executions.length).toBe(3));
    expect((await bodies()).join().match(/propose|extend|hold|release|"active"|inactive|Secret/g)).toBeNull();

    const version = world.orders.list.current()?.version ?? 0;
    world.clock.jump(published);
    await until(async () => expect(world.orders.list.current()?.version).toBeGreaterThan(version));
    expect(listed()).toMatchObject([{ order, revision: 4, terms: { title: 'Secret title' } }]);
    expect(world.orders.list.withheld()).toEqual([]);
    expect(await isDenied(world.orders, device)).toBe(true);
    const { payload: last, revision } = await world.orders.drafting.proposeAction(proposer.id, order, {
      action: 'withdraw',
    });
    expect(JSON.parse(last).salt).toBeUndefined();
    await world.sign(order, revision, ada);
    await world.sign(order, revision, ben);
    expect([await isDenied(world.orders, device), asNewDevice(world).orders.get(order)?.revision.status]).toEqual([
      false,
      'withdrawn',
    ]);
    expect((await bodies()).join()).toContain('withdraw');
  });

  it('keeps an order that a law withholds withheld after its withdrawal', async () => {
    const { proposer, ada, ben } = await begin();
    const law = { publication: { law: 'section 5' } };
    const { order } = await world.orders.drafting.propose(proposer.id, { ...PROPOSAL, ...law });
    for (const act of [null, 'withdraw'] as const) {
      const { revision } = act
        ? await world.orders.drafting.proposeAction(proposer.id, order, { action: act })
        : { revision: 1 };
      await world.sign(order, revision, ada);
      await world.sign(order, revision, ben);
      expect(asNewDevice(world, []).alerts).toMatchObject([{ code: 'withheld_missing' }]);
      expect(asNewDevice(world).orders.get(order)?.revision.revision).toBe(revision);
    }
    world.clock.jump(NOW + 400 * 24 * HOUR);
    await until(async () => expect(world.orders.list.current()?.version).toBeGreaterThan(3));
    expect(asNewDevice(world, []).orders.size).toBe(0);
  });

  it('signs a new order list every day, each with the hash of the previous list', async () => {
    await begin();
    let before = world.orders.list.current()?.version ?? 0;
    expect(before).toBe(1);
    for (let day = 1; day <= 3; day += 1) {
      world.clock.jump(NOW + day * 24 * HOUR);
      await expect.poll(() => world.orders.list.current()?.version).toBe(before + 1);
      before += 1;
    }
    // A long jump of the clock makes only one list.
    world.clock.jump(NOW + 400 * 24 * HOUR);
    await expect.poll(() => world.orders.list.current()?.version).toBe(before + 1);
    await turn();
    expect(world.orders.list.current()?.version).toBe(before + 1);
    expect(asNewDevice(world).expired).toBe(false);
  });

  it('rejects an order that would make the order list too large for devices', async () => {
    const { proposer, ada, ben } = await begin();
    const frame = () => {
      const [envelope, withheld] = [world.orders.list.current()?.envelope, world.orders.list.withheld()];
      return JSON.stringify({ kind: 'list', envelope, withheld }).length;
    };
    const tags = Array.from({ length: 480 }, (_, at) => `en-${(100 + at).toString()}`);
    const long = {
      ...PROPOSAL,
      authoritativeLanguage: tags[0],
      statement: Object.fromEntries(tags.map((tag) => [tag, 'x'.repeat(4_000)])),
    };
    // Each of the two orders alone would fit into the list.
    const { order } = await world.orders.drafting.propose(proposer.id, long);
    const { order: other } = await world.orders.drafting.propose(proposer.id, {
      ...long,
      publication: { law: 'section 5' },
    });
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(ada.id, order, { action: 'pause' });
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
    expect([asNewDevice(world).alerts, frame() > 6_000_000, frame() < MAX_FRAME_FROM_SERVER]).toEqual([[], true, true]);
    await world.sign(other, 1, ada);
    const before = await orderState(world, database);
    expect(await codeOfAsync(world.sign(other, 1, ben))).toBe('too_large');
    expect(await codeOfAsync(world.orders.drafting.propose(proposer.id, long))).toBe('too_large');
    const { problems } = await world.orders.impact.preview({ ...long, action: 'propose' }, () => undefined);
    expect(problems).toMatchObject([{ field: 'order', code: 'too_large' }]);
    expect(await orderState(world, database)).toEqual(before);
    expect(await codeOfAsync(world.orders.drafting.propose(proposer.id, PROPOSAL))).toBe('accepted');
    // A withdrawal is always possible.
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'withdraw' });
    for (const person of [ada, ben]) await world.sign(order, 3, person);
    expect(asNewDevice(world).orders.get(order)?.revision.status).toBe('withdrawn');
  });
});
