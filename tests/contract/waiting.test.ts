/** What waits for approvals: whoever is named as one whose approval counts can give it, and nobody else can. */
import { afterEach, expect, it } from 'vitest';
import { isCordonError } from '../../shared/errors.ts';
import { signRootPayload } from '../../shared/order/approver-key.ts';
import { type OrderWorld, openOrderWorld, type Person, PROPOSAL } from '../support/order-world.ts';
import { describeOnEveryStore } from './every-store.ts';

describeOnEveryStore('what waits for approvals', (open) => {
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
  const revisions = async () => (await world.orders.waiting()).revisions;
  const root = async () => (await world.orders.waiting()).root;

  it('is a revision, for everyone in the root but its proposer and who has approved', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    expect(await world.orders.waiting()).toEqual({ revisions: [], root: null });
    await world.root([proposer, ada, ben], [ada, ben]);
    const { order } = await world.orders.propose(proposer.id, PROPOSAL);
    const other = await world.orders.propose(ada.id, PROPOSAL);
    const proposed = {
      act: 'propose',
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

  it('is a hold, for its proposer too, while the order is not held', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben } = world.people;
    await world.root([proposer, ada, ben], [ada, ben]);
    const { order } = await world.orders.propose(proposer.id, PROPOSAL);
    for (const person of [ada, ben]) await world.sign(order, 1, person);
    await world.orders.act(proposer.id, order, { act: 'hold' });
    const everybody = idsOf([proposer, ada, ben]);
    expect(await revisions()).toMatchObject([{ revision: 2, act: 'hold', approvals: 0, needed: 1, open: everybody }]);
    await world.sign(order, 2, proposer);
    expect(await revisions()).toEqual([]);
    await world.orders.act(proposer.id, order, { act: 'hold' });
    expect(await revisions()).toMatchObject([{ revision: 3, act: 'hold', needed: 2, open: idsOf([ada, ben]) }]);
    expect(await refused(world.sign(order, 3, proposer))).toBe(true);
  });

  it('is not what another revision took the place of, and forgets approvals by keys that have left the root', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    await world.root([ada, ben, cyd], [ada, ben]);
    const { order } = await world.orders.propose(proposer.id, PROPOSAL);
    await world.sign(order, 1, ada);
    await world.orders.act(proposer.id, order, { act: 'revise', title: 'Again' });
    expect(await revisions()).toMatchObject([{ revision: 2, title: 'Again', approvals: 0 }]);
    await world.sign(order, 2, ada);
    await world.root([ben, cyd], [ben, cyd]);
    expect(await revisions()).toMatchObject([{ approvals: 0, needed: 2, open: idsOf([ben, cyd]) }]);
  });

  it('is a root, for those whose signature is missing under it or under the one before', async () => {
    world = await openOrderWorld(await open());
    const { proposer, ada, ben, cyd } = world.people;
    await world.root([ada, ben], [ada]);
    expect(await root()).toEqual({ version: 1, signatures: 1, open: idsOf([ben]) });
    const sign = async ({ id, key }: Person, version: number) => {
      const { waiting } = await world.orders.approvers();
      return world.orders.signRoot(id, version, {
        keyid: key.keyid,
        signature: signRootPayload(key, waiting?.payload ?? ''),
      });
    };
    await sign(ben, 1);
    expect(await root()).toBeNull();
    await world.root([cyd, proposer, ada], []);
    expect(await root()).toEqual({ version: 2, signatures: 0, open: idsOf([ada, ben, cyd, proposer]) });
    await sign(ada, 2);
    await sign(cyd, 2);
    // Under the new root two have signed; what is missing is one more of the old.
    expect(await root()).toEqual({ version: 2, signatures: 2, open: idsOf([ben]) });
    await sign(ben, 2);
    expect(await root()).toBeNull();
    expect(world.orders.rootVersion()).toBe(2);
  });
});
