import { afterEach, describe, expect, it } from 'vitest';
import type { Orders } from '../../server/orders/orders.ts';
import type { Database } from '../../server/store/database.ts';
import { verifyApproverSets } from '../../shared/order/approvers.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { orderListSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { verifyList } from '../../shared/order/verify-list.ts';
import { asNewDevice, entryKinds, isDenied, openApprovedWorld, orderState } from '../support/approved-orders.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { type OrderWorld, PROPOSAL } from '../support/order-world.ts';
import { INSTALLATION } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const EFFECTIVE = Date.parse('2015-11-30T19:00:00.000Z');
const HOUR = 3_600_000;

describeOnEveryStore('approvals of orders', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(() => world.stop());

  async function begin(): Promise<OrderWorld['people']> {
    database = await openStore();
    world = await openApprovedWorld(database);
    return world.people;
  }

  it('case 31: rejects approvals by the proposer, by a second key of one person, and with the key of another person', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const second = { id: ada.id, key: await world.addKey(ada.id) };
    await world.approverSet([ada, second, ben, proposer], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    const before = await orderState(world, database);
    expect(await codeOfAsync(world.sign(order, 1, proposer))).toBe('same_person');
    expect(await codeOfAsync(world.sign(order, 1, second))).toBe('same_person');
    expect(await codeOfAsync(world.sign(order, 1, cyd))).toBe('approver_unknown');
    expect(await codeOfAsync(world.sign(order, 1, { id: ben.id, key: ada.key }))).toBe('forbidden');
    const { payload } = await world.orders.adoption.revision(order, 1);
    const forged = { keyid: ben.key.keyid, signature: ada.key.sign(Buffer.from(payload)).toString('base64') };
    expect(await codeOfAsync(world.orders.adoption.approve(ben.id, order, 1, forged))).toBe('approval_invalid');
    // A repeated approval, as after a lost response, gets the first result and counts once.
    expect(await world.sign(order, 1, ada)).toMatchObject({ adopted: false });
    expect(await orderState(world, database)).toEqual(before);
  });

  it('case 32: discards approvals when a new revision replaces the proposal', async () => {
    const { proposer, ada, ben } = await begin();
    const { order, payload } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', areas: ['IN'] });
    expect(await codeOfAsync(world.sign(order, 1, ben))).toBe('revision_superseded');
    const old = ada.key.sign(Buffer.from(payload)).toString('base64');
    expect(
      await codeOfAsync(world.orders.adoption.approve(ada.id, order, 2, { keyid: ada.key.keyid, signature: old })),
    ).toBe('approval_invalid');
    expect(await world.sign(order, 2, ben)).toMatchObject({ adopted: false });
    expect(world.orders.adoption.rules()).toEqual([]);
    expect(await world.sign(order, 2, ada)).toMatchObject({ adopted: true });
  });

  it('counts approvals one after another when two nodes act at the same time', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const first = world.orders;
    const second = await world.reopen();
    const { order } = await first.drafting.propose(proposer.id, PROPOSAL);
    world.orders = first;
    const { payload } = await first.adoption.revision(order, 1);
    const { approveRevision } = await import('../../shared/order/approver-key.ts');
    const by = (orders: Orders, { id, key }: OrderWorld['people']['ada']) =>
      orders.adoption.approve(id, order, 1, { keyid: key.keyid, signature: approveRevision(key, payload) });
    const results = await Promise.all([by(first, ada), by(second, ben), by(first, cyd)]);
    expect(results.filter(({ adopted }) => !adopted)).toHaveLength(1);
    const kinds = await entryKinds(database);
    expect(kinds.filter((kind) => kind === 'order.adopted')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'order.approval')).toHaveLength(3);
    expect((await first.adoption.get(order)).revisions[0]?.approvals).toHaveLength(3);
    // Two simultaneous proposals get two numbers.
    const both = await Promise.all([
      first.drafting.propose(proposer.id, PROPOSAL),
      second.drafting.propose(proposer.id, PROPOSAL),
    ]);
    expect(both.map((each) => each.order).sort()).toEqual(['2015-002', '2015-003']);
  });

  it('adopts an approver set by the previous and the new members, and names orders that need new approvals', async () => {
    const { proposer, ada, ben, cyd } = await begin();
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    const { version } = world.orders.list.current() ?? { version: 0 };
    await world.approverSet([ada, cyd, proposer], [cyd, proposer].slice(0, 1));
    expect(world.orders.approverSets.version()).toBe(1);
    expect((await world.orders.approverSets.view()).pending?.version).toBe(2);
    await world.approverSet([ada, cyd, proposer], [ada, cyd]);
    expect(world.orders.approverSets.version()).toBe(2);
    expect(world.orders.list.current()?.version).toBe(version + 1);
    expect(world.orders.list.uncovered()).toEqual([order]);
    expect(asNewDevice(world).orders.size).toBe(0);
    expect(await codeOfAsync(world.sign(order, 1, ben))).toBe('approver_unknown');
    expect(await world.sign(order, 1, cyd)).toMatchObject({ adopted: true });
    expect(world.orders.list.uncovered()).toEqual([]);
    expect(asNewDevice(world).orders.get(order)?.revision.revision).toBe(1);
    const same = { threshold: 2, keyids: [ada.key.keyid, (await world.addKey(ada.id)).keyid] };
    expect(await codeOfAsync(world.orders.approverSets.propose(same))).toBe('same_person');
  });

  describe('after each approver got another key', () => {
    async function rotated(): Promise<OrderWorld['people']> {
      const { proposer, ada, ben, cyd } = world.people;
      const renewed = async ({ id }: OrderWorld['people']['ada']) => ({ id, key: await world.addKey(id) });
      const after = { proposer, ada: await renewed(ada), ben: await renewed(ben), cyd: await renewed(cyd) };
      await world.approverSet([after.ada, after.ben, after.cyd], [ada, ben, after.ada, after.ben]);
      expect(world.orders.approverSets.version()).toBe(2);
      return after;
    }

    it('keeps a two-person pause while only one approver has signed again', async () => {
      const { proposer, ada, ben } = await begin();
      const device = world.addDevice('PK');
      const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      for (const person of [ada, ben]) await world.sign(order, 1, person);
      await world.orders.drafting.proposeAction(proposer.id, order, { action: 'pause' });
      for (const person of [ada, ben]) await world.sign(order, 2, person);
      const known = {
        installation: INSTALLATION,
        ...asNewDevice(world),
        version: world.orders.list.current()?.version ?? 0,
      };
      const after = await rotated();
      const held = async () => {
        expect(await isDenied(world.orders, device)).toBe(false);
        expect(await world.orders.adoption.get(order)).toMatchObject({
          status: 'paused',
          pausedUntil: null,
          executions: [],
        });
        const envelope = world.orders.list.current()?.envelope;
        const approverSet = verifyApproverSets(null, world.orders.approverSets.envelopes());
        const seen = envelope && verifyList({ envelope, approverSet, known, now: world.clock.now() });
        expect(seen).toMatchObject({ alerts: [] });
        expect(seen?.orders.get(order)).toMatchObject({ permanentPause: true, revision: { revision: 2 } });
      };
      world.clock.jump(EFFECTIVE + 100 * HOUR);
      await held();
      expect(await world.sign(order, 2, after.ada)).toMatchObject({ adopted: true });
      await held();
      expect([asNewDevice(world).orders.size, world.orders.list.uncovered()]).toEqual([0, [order]]);
      await world.reopen();
      await held();
      await world.sign(order, 2, after.ben);
      await held();
      expect([asNewDevice(world).orders.get(order)?.permanentPause, world.orders.list.uncovered()]).toEqual([true, []]);
      // The store keeps all signatures. The order list has only those of the current approver set.
      expect((await world.orders.adoption.get(order)).revisions[1]?.approvals).toHaveLength(4);
      const envelope = world.orders.list.current()?.envelope;
      const list = envelope && parseDocument(orderListSchema, payloadOf(envelope, PAYLOAD_TYPES.list));
      const keys = list?.orders.at(-1)?.signatures.map(({ keyid }) => keyid);
      expect(keys?.sort()).toEqual([after.ada.key.keyid, after.ben.key.keyid].sort());
    });

    it('counts an older and a newer key of one person as one person', async () => {
      const { proposer, ada, ben } = await begin();
      const device = world.addDevice('PK');
      const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
      for (const person of [ada, ben]) await world.sign(order, 1, person);
      world.clock.jump(EFFECTIVE);
      const later = { ...PROPOSAL, effective: '2016-01-01T00:00' };
      const { order: other } = await world.orders.drafting.propose(proposer.id, later);
      await world.sign(other, 1, ada);
      await world.orders.drafting.proposeAction(proposer.id, order, { action: 'pause' });
      await world.sign(order, 2, ada);
      const after = await rotated();
      expect((await world.orders.adoption.pendingApprovals()).revisions).toMatchObject([
        { order: other, approvals: 0 },
      ]);
      expect(await world.sign(other, 1, after.ada)).toMatchObject({ adopted: false });
      expect((await world.orders.adoption.pendingApprovals()).revisions).toMatchObject([
        { order: other, approvals: 1 },
      ]);
      await world.sign(order, 2, after.ada);
      expect((await world.orders.adoption.get(order)).pausedUntil).toBe(EFFECTIVE + 72 * HOUR);
      expect(await isDenied(world.orders, device)).toBe(false);
      world.clock.jump(EFFECTIVE + 72 * HOUR);
      expect(await isDenied(world.orders, device)).toBe(true);
      expect(await world.sign(other, 1, after.ben)).toMatchObject({ adopted: true });
    });
  });
});
