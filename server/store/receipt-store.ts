/** Devices' receipts: stored in groups first, marked when their signatures have been verified. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ReceiptStore as Port, ReceiptRow } from '../orders/ports.ts';
import { tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { receiptRow } from './order-rows.ts';

const VERIFIED = sql<boolean>`verified = 1`;

export class ReceiptStore implements Port {
  readonly #database: Database;
  readonly storeReceipt: (receipt: ReceiptRow) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.storeReceipt = database.grouped(insertReceipts);
  }

  async unverifiedReceipts(limit: number): Promise<ReceiptRow[]> {
    const rows = await this.#database.db
      .selectFrom('receipts')
      .selectAll()
      // Said and not asked: a database takes an index with a condition only for a query that it can see to fulfil it.
      .where(sql<boolean>`verified = 0`)
      .orderBy('stored_at')
      .limit(limit)
      .execute();
    return rows.map(receiptRow);
  }

  async markVerified(receipts: readonly Pick<ReceiptRow, 'device' | 'generation' | 'seq'>[]): Promise<void> {
    const rows = receipts.map(({ device: id, generation, seq }) => [id, generation, seq]);
    const table = tableOf(['text', 'bigint', 'bigint'], rows);
    await sql`update receipts set verified = 1 from ${table} as v
      where device_id = v.column1 and generation = v.column2 and seq = v.column3`.execute(this.#database.db);
  }

  async receipts(order: string): Promise<ReceiptRow[]> {
    const rows = await this.#database.db
      .selectFrom('receipts')
      .selectAll()
      .where('order_number', '=', order)
      .where(VERIFIED)
      .orderBy('at', 'desc')
      .execute();
    return rows.map(receiptRow);
  }

  async deviceCertificates(id: DeviceId, generation: number): Promise<string[]> {
    const rows = await this.#database.db
      .selectFrom('certificates')
      .select('der')
      .where('device_id', '=', id)
      .where('generation', '=', generation)
      .execute();
    return rows.map((row) => row.der);
  }
}

async function insertReceipts(tx: Tx, receipts: readonly ReceiptRow[]): Promise<void> {
  for (let from = 0; from < receipts.length; from += 200) {
    const rows = receipts.slice(from, from + 200).map((row) => ({
      device_id: row.device,
      generation: row.generation,
      seq: row.seq,
      kind: row.receipt.kind,
      list_version: row.receipt.listVersion,
      order_number: row.receipt.order,
      revision: row.receipt.revision,
      service: row.receipt.service,
      gate: row.receipt.gate,
      at: Date.parse(row.receipt.at),
      stored_at: row.storedAt,
      envelope: JSON.stringify(row.envelope),
      verified: 0 as const,
    }));
    await tx
      .insertInto('receipts')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['device_id', 'generation', 'seq']).doNothing())
      .execute();
  }
}
