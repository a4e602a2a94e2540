/** Reads the content of evidence packs: ledger entries, order lists, checkpoints and signed receipts. */
import { sql } from 'kysely';
import type { Opening } from '../../shared/ledger/ledger-entry.ts';
import { WITHHELD_KINDS } from '../../shared/ledger/withheld-particulars.ts';
import { type Envelope, RECEIPT_KINDS, type Receipt } from '../../shared/order/documents.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { MOST_OF_A_KIND } from '../../shared/pack/format.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { StoredCheckpoint } from '../ledger/ledger.ts';
import type { PackReceipt, PackStore as Port } from '../orders/evidence/pack-ports.ts';
import type { PackEntry } from '../orders/evidence/pack-snapshot.ts';
import type { StoredLocationChange } from '../orders/impact/location-statements.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';
import { locationChanges } from './location-records.ts';

/**
 * Condition for the ledger entries that evidence packs contain. The condition has no parameters, so that the databases use the partial
 * index `ledger_entries_in_packs`, which has the same condition.
 */
const OF_ORDERS = sql<boolean>`kind in
  ('order.revision', 'order.approval', 'order.adopted', 'order.executed', 'order.exited', 'order.list', 'approvers.adopted',
   'server.restored', 'time.corrected', 'order.proceeding')`;
const VERIFIED = sql<boolean>`verified = 1`;

export class PackStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async orderEntries(from: number, limit: number): Promise<PackEntry[]> {
    const rows = await this.#database.db
      .selectFrom('ledger_entries')
      .select(['id', 'entry_index', 'kind', 'body'])
      .where(OF_ORDERS)
      .where('entry_index', '>=', from)
      .orderBy('entry_index')
      .limit(limit)
      .execute();
    // Reads openings (salt and subject) only for entries of these kinds, because the subject of another entry may be a device or a person.
    const openings = await this.#openings(
      rows.filter(({ kind }) => WITHHELD_KINDS.some((withheld) => withheld === kind)).map(({ id }) => id),
    );
    return rows.map(({ id, entry_index, body }) => ({
      index: Number(entry_index),
      body,
      opening: openings.get(Number(id)) ?? null,
    }));
  }

  locationChanges(order: string, limit: number): Promise<StoredLocationChange[]> {
    return locationChanges(this.#database, order, limit);
  }

  async #openings(entries: readonly number[]): Promise<ReadonlyMap<number, Opening>> {
    if (entries.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('ledger_openings')
      .selectAll()
      .where('entry_id', 'in', entries)
      .execute();
    return new Map(rows.map(({ entry_id, salt, subject }) => [Number(entry_id), { salt, subject }]));
  }

  async list(version: number): Promise<Envelope | null> {
    const row = await this.#database.db
      .selectFrom('order_lists')
      .select('envelope')
      .where('version', '=', version)
      .executeTakeFirst();
    return row ? parseEnvelope(row.envelope) : null;
  }

  async checkpointOver(index: number): Promise<StoredCheckpoint | null> {
    const row = await this.#database.db
      .selectFrom('checkpoints')
      .select(['size', 'note'])
      .where('size', '>', index)
      .orderBy('size')
      .limit(1)
      .executeTakeFirst();
    return row ?? null;
  }

  async devicesWithReceipts(order: string, upTo: number, after: DeviceId | null, limit: number): Promise<DeviceId[]> {
    const found = new Set<string>();
    // Runs one query per kind of receipt, because the index is sorted by kind. The first `limit` rows overall are among the first `limit`
    // rows of each kind.
    for (const kind of RECEIPT_KINDS) {
      const rows = await this.#database.db
        .selectFrom('receipts')
        .select('device_id')
        .distinct()
        .where('order_number', '=', order)
        .where('kind', '=', kind)
        .where(VERIFIED)
        .where('revision', '<=', upTo)
        .where('device_id', '>', after ?? '')
        .orderBy('device_id')
        .limit(limit)
        .execute();
      for (const { device_id } of rows) found.add(device_id);
    }
    return [...found]
      .sort()
      .slice(0, limit)
      .map((id) => deviceIdSchema.parse(id));
  }

  async receipts(order: string, upTo: number, devices: readonly DeviceId[]): Promise<PackReceipt[]> {
    const requested = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const { rows } = await sql<{
      device_id: string;
      generation: number;
      kind: Receipt['kind'];
      of_kind: number;
      revision: number;
      notice: string | null;
      at: number;
      envelope: string;
    }>`
      select * from (
        select r.device_id, r.generation, r.kind, r.revision, r.notice, r.at, r.seq, r.envelope,
          row_number() over (partition by r.device_id, r.kind order by r.generation, r.at, r.seq) as nth,
          count(*) over (partition by r.device_id, r.kind) as of_kind
        from ${requested} as v cross join receipts r
        where r.device_id = v.column1 and r.order_number = ${order}
          and r.kind in (${sql.join(RECEIPT_KINDS)}) and r.verified = 1 and r.revision <= ${upTo}
      ) as said
      where nth <= ${MOST_OF_A_KIND / 2} or nth > of_kind - ${MOST_OF_A_KIND / 2}
      order by device_id, generation, at, seq`.execute(this.#database.db);
    return rows.map(({ device_id, generation, kind, of_kind: ofKind, revision, notice, at, envelope }) => ({
      device: deviceIdSchema.parse(device_id),
      generation,
      kind,
      ofKind,
      revision,
      notice,
      at: Number(at),
      // The signatures of these receipts have already been verified, so they are not checked again.
      envelope: JSON.parse(envelope) as Envelope,
    }));
  }
}
