/** Pending approvals. Exactly the named people can give an approval that counts. */
import { afterEach, expect, it } from 'vitest';
import { isCordonError } from '../../shared/errors.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { type OrderWorld, openOrderWorld, type Person, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

describeOnEveryStore('pending approvals', (open) => {
  let world: OrderWorld;
  afterEach(() => world.stop());

  const idsOf = (people: readonly Person[]) => new Set(people.map(({ id }) => id));
  const refused = async (act: Promise<unknown>) => {
    try {
      await act;
    } catch (error) {
      if (isCordonError(error)) return true;
      throw error;
    }
    return false;
  };
  const revisions = async () => (await world.orders.adoption.pendingApprovals()).revisions;
  const approverSet = async () => (await world.orders.adoption.pendingApprovals()).approverSet;

  it('name for a revision each approver except the proposer and those who have approved', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    expect(await world.orders.adoption.pendingApprovals()).toEqual({ revisions: [], approverSet: null });
    await world.approverSet([proposer, ada, ben], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    const other = await world.orders.drafting.propose(ada.id, PROPOSAL);
    const proposed = {
      action: 'propose',
      revision: 1,
      approvals: 0,
      needed: 2,
      areas: PROPOSAL.areas,
      title: PROPOSAL.title,
    };
    expect(await revisions()).toEqual([
      { ...proposed, order, proposedAt: world.clock.now(), open: idsOf([ada, ben]) },
      { ...proposed, order: other.order, proposedAt: world.clock.now(), open: idsOf([proposer, ben]) },
    ]);
    for (const person of [proposer, cyd]) expect(await refused(world.sign(order, 1, person))).toBe(true);
    await world.sign(order, 1, ada);
    expect((await revisions())[0]).toMatchObject({ order, approvals: 1, needed: 2, open: idsOf([ben]) });
    await world.sign(order, 1, ben);
    expect((await revisions()).map((each) => each.order)).toEqual([other.order]);
  });

  it('name for a pause also its proposer, unless the order is paused already', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben } = world.people;
    await world.approverSet([proposer, ada, ben], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'pause' });
    const everybody = idsOf([proposer, ada, ben]);
    expect(await revisions()).toMatchObject([
      { revision: 2, action: 'pause', approvals: 0, needed: 1, open: everybody },
    ]);
    await world.sign(order, 2, proposer);
    expect(await revisions()).toEqual([]);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'pause' });
    expect(await revisions()).toMatchObject([{ revision: 3, action: 'pause', needed: 2, open: idsOf([ada, ben]) }]);
    expect(await refused(world.sign(order, 3, proposer))).toBe(true);
  });

  it('omit superseded revisions and approvals with keys outside the approver set', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const { order } = await world.orders.drafting.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.orders.drafting.proposeAction(proposer.id, order, { action: 'revise', title: 'Again' });
    expect(await revisions()).toMatchObject([{ revision: 2, title: 'Again', approvals: 0 }]);
    await world.sign(order, 2, ada);
    await world.approverSet([ben, cyd], [ben, cyd]);
    expect(await revisions()).toMatchObject([{ approvals: 0, needed: 2, open: idsOf([ben, cyd]) }]);
  });

  it('name for an approver set the people whose signature is missing in it or in the previous set', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben], [ada]);
    expect(await approverSet()).toEqual({ version: 1, signatures: 1, open: idsOf([ben]) });
    const sign = async ({ id, key }: Person, version: number) => {
      const { pending } = await world.orders.approverSets.view();
      return world.orders.approverSets.sign(id, version, {
        keyid: key.keyid,
        signature: signApproverSetPayload(key, pending?.payload ?? ''),
      });
    };
    await sign(ben, 1);
    expect(await approverSet()).toBeNull();
    await world.approverSet([cyd, proposer, ada], []);
    expect(await approverSet()).toEqual({ version: 2, signatures: 0, open: idsOf([ada, ben, cyd, proposer]) });
    await sign(ada, 2);
    await sign(cyd, 2);
    // Two members of the new set have signed. One signature by a member of the old set is missing.
    expect(await approverSet()).toEqual({ version: 2, signatures: 2, open: idsOf([ben]) });
    await sign(ben, 2);
    expect(await approverSet()).toBeNull();
    expect(world.orders.approverSets.version()).toBe(2);
  });
});
