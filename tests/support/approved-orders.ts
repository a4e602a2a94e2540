/** An order world with an approver set, and checks of its orders. */
import type { Orders } from '../../server/orders/orders.ts';
import type { Database } from '../../server/store/database.ts';
import { verifyApproverSets } from '../../shared/order/approvers.ts';
import { verifyList } from '../../shared/order/verify-list.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type OrderWorld, openOrderWorld } from './order-world.ts';
import { INSTALLATION } from './signed-documents.ts';

/** World in which two of the approvers Ada, Ben and Cyd must approve each revision. */
export async function openApprovedWorld(database: Database): Promise<OrderWorld> {
  const world = await openOrderWorld(database);
  const { ada, ben, cyd } = world.people;
  await world.approverSet([ada, ben, cyd], [ada, ben]);
  return world;
}

export async function isDenied(orders: Orders, device: DeviceId): Promise<boolean> {
  return !(await orders.effect.verdict(device)).services.messaging.allowed;
}

export async function entryKinds({ db }: Database): Promise<string[]> {
  const rows = await db.selectFrom('ledger_entries').select('kind').orderBy('id').execute();
  return rows.map(({ kind }) => kind);
}

/** Verifies the public order list as a newly enrolled device would. */
export function asNewDevice({ orders, clock }: OrderWorld, withheld = orders.list.withheld()) {
  const envelope = orders.list.current()?.envelope;
  if (!envelope) throw new Error('there is no list');
  const approverSet = verifyApproverSets(null, orders.approverSets.envelopes());
  const known = { installation: INSTALLATION, version: 0, hash: null, orders: new Map() };
  return verifyList({ envelope, withheld, approverSet, known, now: clock.now() });
}

/** State that a rejected action must not change. */
export async function orderState({ orders }: OrderWorld, database: Database) {
  return {
    orders: await orders.adoption.list(),
    list: orders.list.current()?.version,
    entries: (await entryKinds(database)).length,
  };
}
