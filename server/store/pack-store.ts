/** What an evidence pack is put together from beyond the orders' own questions: leaves, lists, checkpoints, receipts as they were signed. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Opening } from '../../shared/ledger/leaf.ts';
import { type Envelope, RECEIPT_KINDS, type Receipt } from '../../shared/order/documents.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { MOST_OF_A_KIND } from '../../shared/pack/format.ts';
import {
  accountIdSchema,
  type DeviceId,
  deviceIdSchema,
  type PackId,
  packIdSchema,
} from '../../shared/protocol/ids.ts';
import type { StoredCheckpoint } from '../ledger/ledger.ts';
import type { MadePack, NewPack, PackReceipt, PackStore as Port } from '../orders/pack/packs.ts';
import type { PackLeaf } from '../orders/pack/snapshot.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Database } from './database.ts';

/** Said and not asked, so that the index with this condition is taken. */
const OF_ORDERS = sql<boolean>`kind in
  ('order.revision', 'order.approval', 'order.adopted', 'order.executed', 'order.exited', 'order.list', 'approvers.adopted')`;
/** A few milliseconds of SQLite. */
const PAGE = 2_000;
const VERIFIED = sql<boolean>`verified = 1`;

export class PackStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async orderLeaves(from: number, limit: number): Promise<PackLeaf[]> {
    const rows = await this.#database.db
      .selectFrom('ledger_leaves')
      .select(['id', 'leaf_index', 'kind', 'body'])
      .where(OF_ORDERS)
      .where('leaf_index', '>=', from)
      .orderBy('leaf_index')
      .limit(limit)
      .execute();
    // What leaves of other kinds commit to may be a device or a person.
    const openings = await this.#openings(rows.filter(({ kind }) => kind === 'order.executed').map(({ id }) => id));
    return rows.map(({ id, leaf_index, body }) => ({
      ...{ index: Number(leaf_index), body },
      opening: openings.get(Number(id)) ?? null,
    }));
  }

  async #openings(leaves: readonly number[]): Promise<ReadonlyMap<number, Opening>> {
    if (leaves.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('ledger_openings')
      .selectAll()
      .where('leaf_id', 'in', leaves)
      .execute();
    return new Map(rows.map(({ leaf_id, salt, subject }) => [Number(leaf_id), { salt, subject }]));
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

  async answered(order: string, upTo: number, after: DeviceId | null, limit: number): Promise<DeviceId[]> {
    const found = new Set<string>();
    // By kind, since that is how the index lies; the first `limit` of all are among the first of each.
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
    const asked = tableOf(
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
        from ${asked} as v cross join receipts r
        where r.device_id = v.column1 and r.order_number = ${order}
          and r.kind in (${sql.join(RECEIPT_KINDS)}) and r.verified = 1 and r.revision <= ${upTo}
      ) as said
      where nth <= ${MOST_OF_A_KIND / 2} or nth > of_kind - ${MOST_OF_A_KIND / 2}
      order by device_id, generation, at, seq`.execute(this.#database.db);
    return rows.map(({ device_id, generation, kind, of_kind: ofKind, revision, notice, at, envelope }) => ({
      ...{ device: deviceIdSchema.parse(device_id), generation, kind, ofKind, revision, notice, at: Number(at) },
      // Checked when it was stored, and verified since.
      envelope: JSON.parse(envelope) as Envelope,
    }));
  }

  async recordPack({ pack, order, by, at }: NewPack): Promise<void> {
    await this.#database.db
      .insertInto('evidence_packs')
      .values({ id: pack, order_number: order, made_by: by, made_at: at })
      .execute();
  }

  async packs(order: string, limit: number): Promise<MadePack[]> {
    const rows = await this.#database.db
      .selectFrom('evidence_packs')
      .select(['id', 'made_by', 'made_at'])
      .select(({ selectFrom, fn }) =>
        selectFrom('pack_devices')
          .whereRef('pack_devices.pack', '=', 'evidence_packs.id')
          .select(fn.countAll<number>().as('devices'))
          .as('devices'),
      )
      .where('order_number', '=', order)
      .orderBy('made_at', 'desc')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, made_by, made_at, devices }) => ({
      ...{ pack: packIdSchema.parse(id), order, by: accountIdSchema.parse(made_by) },
      ...{ at: made_at, devices: Number(devices) },
    }));
  }

  async recordHandles(pack: PackId, handles: ReadonlyMap<DeviceId, string>): Promise<void> {
    if (handles.size === 0) return;
    const rows = [...handles].map(([device, handle]) => [pack, handle, device]);
    const columns = { pack: 'text', handle: 'text', device_id: 'text' } as const;
    await this.#database.transaction(async (tx) => void (await insertOf('pack_devices', columns, rows).execute(tx)));
  }

  async handles(order: string, pack: PackId): Promise<Map<DeviceId, string> | null> {
    const { db } = this.#database;
    const known = await db
      .selectFrom('evidence_packs')
      .select('id')
      .where('id', '=', pack)
      .where('order_number', '=', order)
      .executeTakeFirst();
    if (!known) return null;
    const found = new Map<DeviceId, string>();
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: { handle: string; device_id: string }[] = await db
        .selectFrom('pack_devices')
        .select(['handle', 'device_id'])
        .where('pack', '=', pack)
        .where('handle', '>', after)
        .orderBy('handle')
        .limit(PAGE)
        .execute();
      for (const { handle, device_id } of rows) found.set(deviceIdSchema.parse(device_id), handle);
      after = rows.length === PAGE ? rows.at(-1)?.handle : undefined;
      await turn();
    }
    return found;
  }
}
