/** Entries of orders into force and their ends, each with its leaf. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Execution, ExecutionState, ExecutionStore as Port } from '../orders/executions.ts';
import type { Database, Db, Tx } from './database.ts';
import { appendLeaf } from './leaves.ts';

export class ExecutionStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async executions(order: string): Promise<Execution[]> {
    const rows = await this.#database.db
      .selectFrom('order_executions')
      .selectAll()
      .where('order_number', '=', order)
      .orderBy('sequence')
      .execute();
    return rows.map(({ order_number, revision, state, at }) => ({ order: order_number, revision, state, at }));
  }

  lastExecutions(): Promise<ReadonlyMap<string, ExecutionState>> {
    return lastOf(this.#database.db);
  }

  async recordExecution(execution: Execution, leaf: LeafDraft<'order.executed'>): Promise<void> {
    const { order, revision, state, at } = execution;
    await this.#database.transaction(async (tx) => {
      const known = await lastOf(tx, order);
      if (known.get(order) === state) return;
      await tx.insertInto('order_executions').values({ order_number: order, revision, state, at }).execute();
      await appendLeaf(tx, leaf);
    });
  }
}

async function lastOf(db: Db | Tx, order?: string): Promise<ReadonlyMap<string, ExecutionState>> {
  const newest = db
    .selectFrom('order_executions')
    .select((eb) => eb.fn.max('sequence').as('sequence'))
    .groupBy('order_number')
    .$if(order !== undefined, (query) => query.where('order_number', '=', order ?? ''));
  const rows = await db.selectFrom('order_executions').selectAll().where('sequence', 'in', newest).execute();
  return new Map(rows.map((row) => [row.order_number, row.state]));
}
