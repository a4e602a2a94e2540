/** Reads stored orders for pages and for the access checks of API routes. */
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import { CordonError } from '../../../shared/errors.ts';
import { locationsOfOrder } from '../../../shared/order/order-areas.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { ExecutionStore } from '../effect/executions.ts';
import { type ProceedingStore, proceedingsView } from '../evidence/proceedings.ts';
import type { OrderRow, OrderStore, RevisionRow } from '../ports.ts';
import { type OrderView, orderView, type RevisionView, revisionView } from './order-views.ts';
import { readPayload } from './revision-payload.ts';

export interface ScopeQuery {
  readonly revision?: number | undefined;
  readonly baseline?: number | undefined;
  /**
   * True if the request concerns all devices that the order has ever affected, such as a request for an evidence pack. The scope then
   * includes the areas of all adopted revisions.
   */
  readonly life?: boolean;
}

export interface OrderScope {
  readonly revision: number;
  /** Areas of an order. The role of a caller who acts on the order must cover all of these areas. */
  readonly locations: readonly HomeArea[];
}

export interface StoredOrders {
  /** Methods that read a single order throw `not_found` for an unknown order. */
  get(order: string): Promise<OrderView>;
  revision(order: string, revision: number): Promise<RevisionView>;
  scope(order: string, query?: ScopeQuery): Promise<OrderScope>;
  list(): Promise<OrderView[]>;
}

export function createStoredOrders({
  orders,
  executions,
  proceedings,
  rules,
  clock,
}: {
  readonly orders: Pick<OrderStore, 'order' | 'orders' | 'revisions'>;
  readonly executions: Pick<ExecutionStore, 'executions'>;
  readonly proceedings: Pick<ProceedingStore, 'proceedings'>;
  readonly rules: () => readonly OrderRule[];
  readonly clock: Pick<Clock, 'now'>;
}): StoredOrders {
  async function viewOf(order: OrderRow): Promise<OrderView> {
    const { number } = order;
    const rule = rules().find((each) => each.order === number);
    const [rows, recorded] = [await orders.revisions(number), await executions.executions(number)];
    const records = proceedingsView(await proceedings.proceedings(number));
    return orderView(order, rows, recorded, records, rule, clock.now());
  }

  return {
    get: async (order) => viewOf(await orderOf(orders, order)),
    list: async () => Promise.all((await orders.orders()).map(viewOf)),
    revision: async (order, revision) => {
      const rows = await orders.revisions(order);
      return revisionView(revisionRowOf(order, rows, revision), rows, clock.now());
    },
    scope: async (order, { revision, baseline, life = false } = {}) => {
      await orderOf(orders, order);
      const rows = await orders.revisions(order);
      const requested = revisionRowOf(order, rows, revision);
      const other = baseline === undefined ? [] : [revisionRowOf(order, rows, baseline)];
      const before = life ? rows.filter(({ adoptedAt }) => adoptedAt !== null) : [];
      const locations = [requested, ...other, ...before].flatMap(({ payload }) =>
        locationsOfOrder(readPayload(payload).terms),
      );
      return { revision: requested.revision, locations: [...new Set(locations)] };
    },
  };
}

export async function orderOf(orders: Pick<OrderStore, 'order'>, number: string): Promise<OrderRow> {
  const order = await orders.order(number);
  if (order) return order;
  throw new CordonError('not_found', `There is no order ${number}.`, { order: number });
}

/**
 * Finds a revision of an order. Without a number, returns the pending revision, else the adopted revision. Throws `not_found` if the order
 * has no such revision.
 */
export function revisionRowOf(order: string, rows: readonly RevisionRow[], revision?: number): RevisionRow {
  const row =
    revision === undefined
      ? (rows.findLast((each) => each.state === 'waiting') ?? rows.findLast((each) => each.state === 'adopted'))
      : rows.find((each) => each.revision === revision);
  if (row) return row;
  throw new CordonError('not_found', `Order ${order} has no revision ${revision ?? 'that waits or is adopted'}.`);
}
