/** Orders of every state in a store that a restore adapted: each order can be read, and new revisions skip the numbers of lost ones. */
import { afterEach, expect, it, vi } from 'vitest';
import { ORDER_NUMBERS } from '../../server/recovery/version-jump.ts';
import type { Database } from '../../server/store/database.ts';
import { restoreWith } from '../../server/store/restore-store.ts';
import { PROPOSAL_LIFETIME } from '../../shared/order/proposal-end.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const LATER = { ...PROPOSAL, effective: new Date(NOW + 60 * DAY).toISOString() };

describeOnEveryStore('orders in a restored store', (open) => {
  let world: OrderWorld;
  let database: Database;
  afterEach(async () => world.stop());

  /** Creates one order in each state, named after the state. */
  async function ordersOfEachState() {
    database = await open();
    world = await openOrderWorld(database);
    const { ada, ben, cyd, proposer } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const { drafting } = world.orders;
    const propose = async () => (await drafting.propose(proposer.id, LATER)).order;
    const adopt = async (order: string, revision: number) => {
      for (const person of [ada, ben]) await world.sign(order, revision, person);
    };
    const expired = await propose();
    world.clock.jump(NOW + PROPOSAL_LIFETIME);
    await vi.waitFor(async () => expect((await world.orders.adoption.get(expired)).status).toBe('expired'));
    const declined = await propose();
    await drafting.decline(ada.id, declined, 1, 'Not needed.');
    const adopted = await propose();
    await adopt(adopted, 1);
    const withdrawn = await propose();
    await adopt(withdrawn, 1);
    await drafting.proposeAction(proposer.id, withdrawn, { action: 'withdraw' });
    await adopt(withdrawn, 2);
    const revised = await propose();
    await adopt(revised, 1);
    await drafting.proposeAction(proposer.id, revised, { action: 'revise', title: 'Other' });
    const pending = await propose();
    return { expired, declined, adopted, withdrawn, revised, pending };
  }

  async function expectReadable(orders: Awaited<ReturnType<typeof ordersOfEachState>>) {
    const { adoption, drafting } = await world.reopen();
    const views = new Map((await adoption.list()).map((view) => [view.number, view]));
    const shown = Object.fromEntries(
      Object.entries(orders).map(([name, number]) => {
        const { status, latestRevision } = views.get(number) ?? {};
        return [name, [status, latestRevision]];
      }),
    );
    expect(shown).toEqual({
      expired: ['expired', 1],
      declined: ['declined', 1],
      adopted: ['active', 1],
      withdrawn: ['withdrawn', 2],
      revised: ['active', 2],
      pending: ['expired', 1],
    });
    for (const number of Object.values(orders)) expect((await adoption.get(number)).number).toBe(number);
    const { proposer } = world.people;
    for (const [number, last] of [
      [orders.pending, 1],
      [orders.adopted, 1],
    ] as const) {
      const { revision } = await drafting.proposeAction(proposer.id, number, { action: 'revise', title: 'Again' });
      expect(revision).toBe(last + ORDER_NUMBERS + 1);
      expect((await adoption.get(number)).latestRevision).toBe(revision);
    }
  }

  it('stay readable after the restore, and state why a proposal ended', async () => {
    const orders = await ordersOfEachState();
    await restoreWith(database, async ({ rows }) => {
      await rows.withdraw(world.clock.now(), Date.now());
      await rows.raiseOrderNumbers(ORDER_NUMBERS, 2015);
    });
    await expectReadable(orders);
    expect((await world.orders.adoption.get(orders.pending)).revisions[0]).toMatchObject({
      state: 'superseded',
      endReason: 'The server was restored from a backup.',
    });
  });

  it('become readable in a store that an earlier version restored', async () => {
    const orders = await ordersOfEachState();
    await database.db
      .updateTable('order_revisions')
      .set({ state: 'superseded' })
      .where('state', 'in', ['requested', 'waiting'])
      .execute();
    await database.db
      .updateTable('orders')
      .set((eb) => ({ latest_revision: eb('latest_revision', '+', 1_000) }))
      .execute();
    await expectReadable(orders);
  });
});
