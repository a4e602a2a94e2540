/** Store of devices' receipts. New receipts are written in groups, and marked later when their signatures are verified. */
import { sql } from 'kysely';
import type { Receipt } from '../../shared/order/documents.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  DeviceCertificate,
  Listing,
  ReceiptStore as Port,
  ReceiptBatch,
  ReceiptRow,
  UnverifiedReceipt,
} from '../orders/ports.ts';
import { type DeviceEvent, insertEvents } from './activity-rows.ts';
import { type Cell, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import { receiptRow } from './order-rows.ts';
import { storeStates } from './presence-store.ts';
import { rowInsert } from './row-insert.ts';
import type { Schema } from './schema.ts';
import { storeWorkspaceReports, type WorkspaceReport } from './workspace-rows.ts';

type MarkedReceipt = Pick<Schema['receipts'], 'device_id' | 'generation' | 'stored_at' | 'kind' | 'order_number'>;

const VERIFIED = sql<boolean>`verified = 1`;

export class ReceiptStore implements Port {
  readonly #database: Database;
  readonly #certificates: ReturnType<typeof certificatesOf>;
  readonly storeReceipts: (batch: ReceiptBatch) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#certificates = certificatesOf(database.db);
    this.storeReceipts = database.grouped(batchWriter(database.db), { first: true });
  }

  /** Parses the envelopes without validation, because the server validates each receipt before it stores the receipt. */
  async unverifiedReceipts(limit: number, without: readonly DeviceId[] = []): Promise<UnverifiedReceipt[]> {
    const rows = await this.#database.db
      .selectFrom('receipts')
      .select(['device_id', 'generation', 'seq', 'kind', 'list_version', 'order_number', 'revision', 'envelope'])
      .$narrowType<{ kind: Receipt['kind']; order_number: string; revision: number }>()
      // The condition is a literal, so that the database can use the partial index with the same condition.
      .where(sql<boolean>`verified = 0`)
      .$if(without.length > 0, (query) => query.where('device_id', 'not in', [...without]))
      .orderBy('stored_at')
      .limit(limit)
      .execute();
    return rows.map(({ device_id, generation, seq, kind, list_version, order_number, revision, envelope }) => ({
      device: deviceIdSchema.parse(device_id),
      generation,
      seq,
      receipt: { kind, listVersion: list_version, order: order_number, revision },
      envelope: JSON.parse(envelope),
    }));
  }

  async mark(
    receipts: readonly Pick<ReceiptRow, 'device' | 'generation' | 'seq'>[],
    as: 'evidence' | 'refused',
  ): Promise<void> {
    const rows = receipts.map(({ device: id, generation, seq }) => [id, generation, seq]);
    const table = tableOf(['text', 'bigint', 'bigint'], rows);
    const verified = as === 'evidence' ? 1 : 2;
    await this.#database.transaction(async (tx) => {
      const { rows: marked } = await sql<MarkedReceipt>`
        update receipts set verified = ${verified} from ${table} as v
        where device_id = v.column1 and generation = v.column2 and seq = v.column3
        returning device_id, generation, stored_at, kind, order_number`.execute(tx);
      if (as === 'refused') return;
      await storeWorkspaceReports(tx, marked.flatMap(exitOf));
      await insertEvents(tx, marked.flatMap(eventOf));
    });
  }

  async listings(orders: readonly string[]): Promise<Listing[]> {
    if (orders.length === 0) return [];
    const rows = await this.#database.db
      .selectFrom('order_revisions')
      .select(['order_number', 'revision', 'listed_in'])
      .where('order_number', 'in', [...orders])
      .execute();
    return rows.flatMap(({ order_number: order, revision, listed_in: list }) =>
      list === null ? [] : [{ order, revision, list }],
    );
  }

  async receipts(order: string, device: DeviceId): Promise<ReceiptRow[]> {
    const rows = await this.#database.db
      .selectFrom('receipts')
      .selectAll()
      .where('device_id', '=', device)
      .where('order_number', '=', order)
      .where(VERIFIED)
      .orderBy('at', 'desc')
      .execute();
    return rows.map(receiptRow);
  }

  async receiptsOf(id: DeviceId, limit: number): Promise<ReceiptRow[]> {
    const rows = await this.#database.db
      .selectFrom('receipts')
      .selectAll()
      .where('device_id', '=', id)
      .where(VERIFIED)
      .orderBy('at', 'desc')
      .orderBy('seq')
      .limit(limit)
      .execute();
    return rows.map(receiptRow);
  }

  async deviceCertificates(devices: readonly DeviceId[]): Promise<DeviceCertificate[]> {
    const rows = await this.#certificates(devices);
    return rows.map(({ device_id, generation, der }) => ({ device: deviceIdSchema.parse(device_id), generation, der }));
  }
}

const certificatesOf = (db: Db) =>
  keyedQuery(db, (devices) =>
    db
      .selectFrom('certificates')
      .select(['device_id', 'generation', 'der'])
      .where('device_id', 'in', devices)
      .where('generation', 'is not', null)
      .$narrowType<{ device_id: string; generation: number }>(),
  );

/** Workspace report from a receipt of kind `wiped`; empty for all other kinds. */
function exitOf(row: MarkedReceipt): WorkspaceReport[] {
  if (row.kind !== 'wiped') return [];
  const device = deviceIdSchema.parse(row.device_id);
  return [{ device, generation: Number(row.generation), event: 'exit', at: Number(row.stored_at) }];
}

/** Event of the activity log: the device enforced an order, or restored a service. Delivery and display are no serious events. */
function eventOf({ kind, device_id, stored_at, order_number }: MarkedReceipt): DeviceEvent[] {
  if (kind !== 'enforced' && kind !== 'restored') return [];
  const action = kind === 'enforced' ? 'device.order-enforced' : 'device.service-restored';
  return [
    {
      device: device_id,
      at: Number(stored_at),
      action,
      targets: order_number === null ? [] : [{ kind: 'order', id: order_number }],
    },
  ];
}

const COLUMNS = [
  'device_id',
  'generation',
  'seq',
  'kind',
  'list_version',
  'order_number',
  'revision',
  'service',
  'gate',
  'notice',
  'at',
  'stored_at',
  'envelope',
  'verified',
] as const;

const rowOf = ({ device, generation, seq, receipt, storedAt, envelope }: ReceiptRow): Cell[] => [
  device,
  generation,
  seq,
  receipt.kind,
  receipt.listVersion,
  receipt.order,
  receipt.revision,
  receipt.service,
  receipt.gate,
  receipt.notice ?? null,
  Date.parse(receipt.at),
  storedAt,
  JSON.stringify(envelope),
  0,
];

function batchWriter(db: Db) {
  const insert = rowInsert(db, 'receipts', COLUMNS, sql`on conflict (device_id, generation, seq) do nothing`);
  return async (tx: Tx, batches: readonly ReceiptBatch[]): Promise<void> => {
    await insert(
      tx,
      batches.flatMap(({ receipts }) => receipts.map(rowOf)),
    );
    const states = batches.flatMap(({ receipts: [first], session }) =>
      first && session ? [{ ...session, device: first.device, at: first.storedAt }] : [],
    );
    if (states.length > 0) await storeStates(tx, states);
  };
}
