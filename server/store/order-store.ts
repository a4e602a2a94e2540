/** Orders, their revisions, approvals and list, the roots and records. Each verb commits with its leaves, or not at all. */
import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import { type DeviceId, deviceIdSchema, type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { PeopleFacts } from '../orders/independence.ts';
import type { StoredList } from '../orders/order-list.ts';
import type {
  ApprovalRow,
  ExemptionRow,
  ListChange,
  NewRevision,
  OrderRow,
  OrderStore as Port,
  RecordRow,
  RecoveredChange,
  RevisionRow,
  RootRow,
} from '../orders/ports.ts';
import { insertOf, roundsOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { groupedReads } from './grouped-reads.ts';
import { keyedQuery } from './keyed-query.ts';
import { appendLeaf } from './leaves.ts';
import { getMeta, ORDER_FLOOR_KEY } from './meta-store.ts';
import { exemptionRow, orderRow, withApprovals } from './order-rows.ts';
import { storeRecovered } from './recovered-orders.ts';

const numberFloorSchema = z.strictObject({ through: z.int(), floor: z.int() });

function lost(what: string): CordonError {
  return new CordonError('conflict', `${what} has changed meanwhile: look at it again.`);
}

/** Throws unless exactly one row was written. */
function one(changed: bigint | undefined, what: string): void {
  if (changed !== 1n) throw lost(what);
}

interface NewRecord {
  readonly device: DeviceId;
  readonly record: RecordRow;
  readonly issuedAt: Instant;
}

export class OrderStore implements Port {
  readonly #database: Database;
  readonly #saveRecord: (row: NewRecord) => Promise<void>;
  readonly #selectRecords: ReturnType<typeof recordsIn>;
  readonly #recordOf = groupedReads(async (devices: readonly DeviceId[]) => {
    const rows = await this.#selectRecords(devices);
    return new Map(rows.map((row) => [deviceIdSchema.parse(row.device_id), row]));
  });

  constructor(database: Database) {
    this.#database = database;
    this.#selectRecords = recordsIn(database.db);
    this.#saveRecord = database.grouped(async (tx, rows: readonly NewRecord[]) => {
      for (const round of roundsOf(rows, ({ device }) => device)) await saveRecords(tx, round);
    });
  }

  async orders(): Promise<OrderRow[]> {
    const rows = await this.#database.db.selectFrom('orders').selectAll().orderBy('number').execute();
    return rows.map(orderRow);
  }

  async order(number: string): Promise<OrderRow | null> {
    const row = await this.#database.db
      .selectFrom('orders')
      .selectAll()
      .where('number', '=', number)
      .executeTakeFirst();
    return row ? orderRow(row) : null;
  }

  async revisions(number: string): Promise<RevisionRow[]> {
    const { db } = this.#database;
    const rows = await db.selectFrom('order_revisions').selectAll().where('order_number', '=', number).execute();
    const approvals = await db.selectFrom('order_approvals').selectAll().where('order_number', '=', number).execute();
    return withApprovals(rows, approvals);
  }

  adoptedRevisions(): Promise<RevisionRow[]> {
    return this.#revisionsWhere(sql<boolean>`revision.adopted_at is not null`);
  }

  waitingRevisions(): Promise<RevisionRow[]> {
    return this.#revisionsWhere(sql<boolean>`revision.state = 'waiting'`);
  }

  async #revisionsWhere(which: RawBuilder<boolean>): Promise<RevisionRow[]> {
    const { db } = this.#database;
    const rows = await db.selectFrom('order_revisions as revision').selectAll().where(which).execute();
    const approvals = await db
      .selectFrom('order_approvals as approval')
      .innerJoin('order_revisions as revision', (join) =>
        join
          .onRef('revision.order_number', '=', 'approval.order_number')
          .onRef('revision.revision', '=', 'approval.revision'),
      )
      .selectAll('approval')
      .where(which)
      .execute();
    return withApprovals(rows, approvals);
  }

  async exemptions(number: string, revision: number): Promise<ExemptionRow[]> {
    const rows = await this.#database.db
      .selectFrom('order_exemptions')
      .selectAll()
      .where('order_number', '=', number)
      .where('revision', '=', revision)
      .execute();
    return rows.map(exemptionRow);
  }

  async exemptionsOf(devices: readonly DeviceId[]): Promise<(ExemptionRow & { order: string; revision: number })[]> {
    const rows = await this.#database.db
      .selectFrom('order_exemptions')
      .selectAll()
      .where('device_id', 'in', [...devices])
      .execute();
    return rows.map((row) => ({ ...exemptionRow(row), order: row.order_number, revision: row.revision }));
  }

  async appendRevision(change: NewRevision, leaf: LeafDraft<'order.revision'>): Promise<void> {
    const { revision: row, title, exemptions } = change;
    await this.#database.transaction(async (tx) => {
      await claimRevision(tx, row, title);
      await tx
        .updateTable('order_revisions')
        .set({ state: 'superseded' })
        .where('order_number', '=', row.order)
        .where('state', '=', 'waiting')
        .execute();
      await tx
        .insertInto('order_revisions')
        .values({
          order_number: row.order,
          revision: row.revision,
          act: row.act,
          payload: row.payload,
          digest: row.digest,
          proposer: row.proposer,
          state: row.state,
          proposed_at: row.proposedAt,
          adopted_at: row.adoptedAt,
          listed_in: row.listedIn,
        })
        .execute();
      for (let from = 0; from < exemptions.length; from += 500) {
        await tx
          .insertInto('order_exemptions')
          .values(
            exemptions.slice(from, from + 500).map((each) => ({
              order_number: row.order,
              revision: row.revision,
              device_id: each.device,
              salt: each.salt,
              commitment: each.commitment,
              until: each.until,
              reason: each.reason,
            })),
          )
          .execute();
      }
      await keepPapers(tx, change);
      await appendLeaf(tx, leaf);
    });
  }

  async recordApproval(
    change: { order: string; revision: number; state: 'waiting' | 'adopted'; counted: number; approval: ApprovalRow },
    leaf: LeafDraft<'order.approval'>,
    adoption: LeafDraft<'order.adopted'> | null,
    list: ListChange | null,
  ): Promise<void> {
    const { order, revision, state, counted, approval } = change;
    await this.#database.transaction(async (tx) => {
      // Locks the order's row on PostgreSQL: approvals of one order are counted one after the other.
      const claimed = await tx
        .updateTable('orders')
        .set(adoption ? { adopted_revision: revision } : (eb) => ({ title: eb.ref('title') }))
        .where('number', '=', order)
        .where(state === 'waiting' ? 'latest_revision' : 'adopted_revision', '=', revision)
        .executeTakeFirst();
      one(claimed.numUpdatedRows, `Order ${order}`);
      const given = await tx
        .selectFrom('order_approvals')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('order_number', '=', order)
        .where('revision', '=', revision)
        .executeTakeFirstOrThrow();
      if (Number(given.count) !== counted) throw lost(`Revision ${revision} of order ${order}`);
      await requireActive(tx, approval.keyid);
      await tx
        .insertInto('order_approvals')
        .values({
          order_number: order,
          revision,
          person_id: approval.person,
          keyid: approval.keyid,
          signature: approval.signature,
          stub_signature: approval.stub,
          approved_at: approval.approvedAt,
        })
        .execute();
      await appendLeaf(tx, leaf);
      if (adoption) {
        const adopted = await tx
          .updateTable('order_revisions')
          .set({ state: 'adopted', adopted_at: approval.approvedAt, listed_in: list?.list.version ?? null })
          .where('order_number', '=', order)
          .where('revision', '=', revision)
          .where('state', '=', 'waiting')
          .executeTakeFirst();
        one(adopted.numUpdatedRows, `Revision ${revision} of order ${order}`);
        await appendLeaf(tx, adoption);
      }
      if (list) await insertList(tx, list);
    });
  }

  async list(): Promise<StoredList | null> {
    const row = await this.#database.db
      .selectFrom('order_lists')
      .selectAll()
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const { version, hash } = row;
    return { version, hash, envelope: parseEnvelope(row.envelope), issuedAt: row.issued_at, expiresAt: row.expires_at };
  }

  async appendList(change: ListChange): Promise<void> {
    await this.#database.transaction((tx) => insertList(tx, change));
  }

  async approverKeys(): Promise<ReadonlyMap<string, { person: PersonId; publicKey: string; active: boolean }>> {
    const rows = await this.#database.db
      .selectFrom('approver_keys')
      .innerJoin('accounts', 'accounts.id', 'approver_keys.account_id')
      .select(['keyid', 'approver_keys.person_id', 'public_key', 'status'])
      .execute();
    return new Map(
      rows.map(({ keyid, person_id, public_key, status }) => [
        keyid,
        { person: personIdSchema.parse(person_id), publicKey: public_key, active: status === 'active' },
      ]),
    );
  }

  async people(): Promise<PeopleFacts> {
    const { db } = this.#database;
    const joined = await db.selectFrom('persons').select(['id', 'same_as']).where('same_as', 'is not', null).execute();
    const links = await db
      .selectFrom('account_links as link')
      .innerJoin('accounts as made', 'made.id', 'link.account_id')
      .innerJoin('accounts as maker', 'maker.id', 'link.seen_by')
      .select(['link.kind', 'made.id as account', 'made.name', 'made.person_id as person'])
      .select(['maker.id as by_account', 'maker.name as by_name', 'maker.person_id as by_person'])
      .orderBy('link.at')
      .orderBy('link.account_id')
      .execute();
    return {
      sameAs: new Map(joined.map(({ id, same_as }) => [id, same_as ?? id])),
      links: links.map(({ kind, account, name, person, by_account, by_name, by_person }) => ({
        ...{ person, name, account, kind },
        by: { person: by_person, name: by_name, account: by_account },
      })),
    };
  }

  async roots(): Promise<RootRow[]> {
    const rows = await this.#database.db.selectFrom('approver_roots').selectAll().orderBy('version').execute();
    return rows.map(({ version, payload, signatures, state }) => ({
      version,
      payload,
      signatures: parseEnvelope(`{"payloadType":"","payload":"","signatures":${signatures}}`).signatures,
      state,
    }));
  }

  async proposeRoot(root: { version: number; payload: string; proposedAt: Instant }): Promise<void> {
    const row = { payload: root.payload, signatures: '[]', proposed_at: root.proposedAt };
    const { numInsertedOrUpdatedRows } = await this.#database.db
      .insertInto('approver_roots')
      .values({ version: root.version, state: 'waiting', adopted_at: null, ...row })
      .onConflict((conflict) =>
        conflict.column('version').doUpdateSet(row).where('approver_roots.state', '=', 'waiting'),
      )
      .executeTakeFirst();
    one(numInsertedOrUpdatedRows, `Root ${root.version}`);
  }

  async signRoot(
    root: { version: number; payload: string; signatures: RootRow['signatures'] },
    adoption: { leaf: LeafDraft<'approvers.adopted'>; list: ListChange } | null,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      for (const { keyid } of root.signatures) await requireActive(tx, keyid);
      const { numUpdatedRows } = await tx
        .updateTable('approver_roots')
        .set({
          signatures: JSON.stringify(root.signatures),
          ...(adoption && { state: 'adopted', adopted_at: adoption.leaf.at }),
        })
        .where('version', '=', root.version)
        .where('payload', '=', root.payload)
        .where('state', '=', 'waiting')
        .executeTakeFirst();
      one(numUpdatedRows, `Root ${root.version}`);
      if (!adoption) return;
      await appendLeaf(tx, adoption.leaf);
      await insertList(tx, adoption.list);
    });
  }

  recover(change: RecoveredChange): Promise<void> {
    return this.#database.transaction((tx) => storeRecovered(tx, change));
  }

  async numberFloor(): Promise<{ through: number; floor: number } | null> {
    const text = await getMeta(this.#database.db, ORDER_FLOOR_KEY);
    return text === null ? null : numberFloorSchema.parse(JSON.parse(text));
  }

  async record(id: DeviceId): Promise<RecordRow | null> {
    const row = await this.#recordOf(id);
    if (!row) return null;
    // Made and signed by this server; read at every connect.
    const envelope: RecordRow['envelope'] = JSON.parse(row.envelope);
    return { version: row.version, envelope };
  }

  /** A fleet that enrols has a record made for each device: they share their commits. */
  saveRecord(device: DeviceId, record: RecordRow, issuedAt: Instant): Promise<void> {
    return this.#saveRecord({ device, record, issuedAt });
  }
}

/** Locks the account's row, so that an approval and the disabling of its account come one after the other. */
async function requireActive(tx: Tx, keyid: string): Promise<void> {
  const account = await tx
    .updateTable('accounts')
    .set((eb) => ({ status: eb.ref('status') }))
    .where('id', 'in', (eb) => eb.selectFrom('approver_keys').select('account_id').where('keyid', '=', keyid))
    .returning('status')
    .executeTakeFirst();
  if (account?.status !== 'disabled') return;
  throw new CordonError('forbidden', 'The account of this key is disabled, so its approval does not count.');
}

/** The order's row, new or moved on by one: whoever comes second finds nothing to move. */
async function claimRevision(tx: Tx, row: Omit<RevisionRow, 'approvals'>, title: string): Promise<void> {
  if (row.revision > 1) {
    const moved = await tx
      .updateTable('orders')
      .set({ latest_revision: row.revision, title })
      .where('number', '=', row.order)
      .where('latest_revision', '=', row.revision - 1)
      .executeTakeFirst();
    one(moved.numUpdatedRows, `Order ${row.order}`);
    return;
  }
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('orders')
    .values({
      number: row.order,
      title,
      adopted_revision: null,
      latest_revision: 1,
      created_at: row.proposedAt,
      closed_at: null,
    })
    .onConflict((conflict) => conflict.column('number').doNothing())
    .executeTakeFirst();
  one(numInsertedOrUpdatedRows, `Order ${row.order}`);
}

/** What a revision names or commits to is there from the moment in which the revision is. */
async function keepPapers(tx: Tx, { revision, documents, decision }: NewRevision): Promise<void> {
  const { order, revision: number } = revision;
  if (documents.length > 0) {
    const { numUpdatedRows } = await tx
      .updateTable('order_documents')
      .set({ named: 1 })
      .where('sha256', 'in', [...documents])
      .executeTakeFirst();
    if (numUpdatedRows !== BigInt(documents.length)) throw lost(`A document that order ${order} names`);
  }
  if (!decision) return;
  await tx
    .insertInto('order_decisions')
    .values({ ...decision, order_number: order, revision: number })
    .execute();
}

async function insertList(tx: Tx, { list, leaf }: ListChange): Promise<void> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('order_lists')
    .values({
      version: list.version,
      envelope: JSON.stringify(list.envelope),
      hash: list.hash,
      issued_at: list.issuedAt,
      expires_at: list.expiresAt,
    })
    .onConflict((conflict) => conflict.column('version').doNothing())
    .executeTakeFirst();
  one(numInsertedOrUpdatedRows, `List ${list.version}`);
  await appendLeaf(tx, leaf);
}

/** No device stands twice in `rows`. */
async function saveRecords(tx: Tx, rows: readonly NewRecord[]): Promise<void> {
  const records = insertOf(
    'device_records',
    { device_id: 'text', version: 'bigint', envelope: 'text', issued_at: 'bigint' },
    rows.map(({ device, record: { version, envelope }, issuedAt }) => [
      device,
      version,
      JSON.stringify(envelope),
      issuedAt,
    ]),
  );
  const { rows: saved } = await sql`${records}
    on conflict (device_id) do update
      set version = excluded.version, envelope = excluded.envelope, issued_at = excluded.issued_at
      where device_records.version = excluded.version - 1
    returning device_id`.execute(tx);
  // The flush is then done again row by row, and whoever was late fails alone.
  if (saved.length !== rows.length) throw lost(`The record of ${rows.map(({ device }) => device).join(', ')}`);
  const versions = tableOf(
    ['text', 'bigint'],
    rows.map(({ device, record }) => [device, record.version]),
  );
  await sql`update devices set record_version = v.column2 from ${versions} as v where id = v.column1`.execute(tx);
}

const recordsIn = (db: Db) =>
  keyedQuery(db, (devices) => db.selectFrom('device_records').selectAll().where('device_id', 'in', devices));
