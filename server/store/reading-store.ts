import { ORDER_PARTS } from '../../shared/api/order-readings.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { accountIdSchema } from '../../shared/protocol/ids.ts';
import type { ReadingStore as Port, ReadingRow, StoredReading } from '../orders/evidence/order-readings.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';

interface NewReading {
  readonly reading: StoredReading;
  readonly entry: EntryDraft<'order.read'>;
}

async function record(tx: Tx, { reading, entry }: NewReading): Promise<void> {
  const { order, account, part, about, span } = reading;
  const key = { order_number: order, account_id: account, part, about: about ?? '', span };
  const { numInsertedOrUpdatedRows = 0n } = await tx
    .insertInto('order_readings')
    .values({ ...key, first_at: entry.at, last_at: entry.at, count: 1 })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows > 0n) {
    await appendEntry(tx, entry);
    return;
  }
  await tx
    .updateTable('order_readings')
    .set(({ eb }) => ({ last_at: entry.at, count: eb('count', '+', 1) }))
    .where((eb) => eb.and(key))
    .execute();
}

export class ReadingStore implements Port {
  readonly #database: Database;
  readonly #record: (row: NewReading) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    // A shared transaction avoids conflicts, because the requests of one page all increase the count in the same row.
    this.#record = database.grouped(async (tx, rows: readonly NewReading[]) => {
      for (const row of rows) await record(tx, row);
    });
  }

  recordReading(reading: StoredReading, entry: EntryDraft<'order.read'>): Promise<void> {
    return this.#record({ reading, entry });
  }

  async readings(order: string, limit: number): Promise<ReadingRow[]> {
    const rows = await this.#database.db
      .selectFrom('order_readings')
      .selectAll()
      .where('order_number', '=', order)
      .orderBy('span', 'desc')
      .orderBy('first_at', 'desc')
      .orderBy('account_id')
      .orderBy('part')
      .orderBy('about')
      .limit(limit)
      .execute();
    return rows.map(({ account_id, part, about, first_at, last_at, count }) => ({
      account: accountIdSchema.parse(account_id),
      part: ORDER_PARTS.find((each) => each === part) ?? 'terms',
      about: about === '' ? null : about,
      firstAt: first_at,
      lastAt: last_at,
      count,
    }));
  }
}
