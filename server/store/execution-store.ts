/** Store of the starts and ends of orders, and of the devices to which an order denied a service at its start. */
import { sql } from 'kysely';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { AffectedDeviceStore } from '../orders/effect/affected-devices.ts';
import type { Execution, ExecutionState, ExecutionStore as Port } from '../orders/effect/executions.ts';
import { appendEntry } from './append-entries.ts';
import { insertOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';

export class ExecutionStore implements Port, AffectedDeviceStore {
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

  async recordExecution(execution: Execution, entry: EntryDraft<'order.executed'>): Promise<void> {
    const { order, revision, state, at } = execution;
    await this.#database.transaction(async (tx) => {
      const known = await lastOf(tx, order);
      if (known.get(order) === state) return;
      await tx.insertInto('order_executions').values({ order_number: order, revision, state, at }).execute();
      await appendEntry(tx, entry);
    });
  }

  async affectedAreComplete(order: string, revision: number): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('order_affected_complete')
      .select('revision')
      .where('order_number', '=', order)
      .where('revision', '=', revision)
      .executeTakeFirst();
    return row !== undefined;
  }

  async recordAffected(order: string, revision: number, devices: readonly DeviceId[]): Promise<void> {
    const rows = insertOf(
      'order_affected_devices',
      { order_number: 'text', device_id: 'text', revision: 'bigint' },
      devices.map((device) => [order, device, revision]),
    );
    await this.#database.transaction(async (tx) => {
      await sql`${rows} on conflict (order_number, device_id) do nothing`.execute(tx);
    });
  }

  async recordComplete(order: string, revision: number): Promise<void> {
    await this.#database.db
      .insertInto('order_affected_complete')
      .values({ order_number: order, revision })
      .onConflict((conflict) => conflict.columns(['order_number', 'revision']).doNothing())
      .execute();
  }

  async recordedAffected(order: string, after: DeviceId | null, limit: number): Promise<DeviceId[]> {
    const rows = await this.#database.db
      .selectFrom('order_affected_devices')
      .select('device_id')
      .where('order_number', '=', order)
      .where('device_id', '>', after ?? '')
      .orderBy('device_id')
      .limit(limit)
      .execute();
    return rows.map(({ device_id }) => deviceIdSchema.parse(device_id));
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
