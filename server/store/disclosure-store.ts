/** Store of requests of authorities, their texts, approvals, sealed productions and refusals. Each change commits with its ledger entry. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import {
  type AuthorityId,
  type DisclosureId,
  disclosureIdSchema,
  type PersonId,
  type RefusalId,
} from '../../shared/protocol/ids.ts';
import type {
  ApprovalRow,
  DisclosureRecord,
  DisclosureRow,
  PagePosition,
  DisclosureStore as Port,
  PreviewedPerson,
  PreviewRow,
  RefusalRow,
  SealedProduction,
  VersionRow,
} from '../disclosures/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Columns of a request without the sealed file, which can be large. */
const COLUMNS = [
  ...(['id', 'state', 'person_id', 'authority_id', 'reference', 'document_sha256', 'received_at', 'version'] as const),
  ...(['produced_at', 'produced_by', 'sealed_sha256', 'sealed_bytes', 'lines', 'notice_due', 'notified_at'] as const),
] as const;

export class DisclosureStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  draft(row: DisclosureRow, version: VersionRow, entry: EntryDraft<'disclosure.received'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('disclosures')
        .values({
          id: row.id,
          state: 'drafted',
          person_id: row.person,
          authority_id: row.authority,
          reference: row.reference,
          document_sha256: row.document,
          received_at: row.receivedAt,
          version: version.version,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) {
        throw new CordonError('disclosure_instrument_used', 'Another request already names this instrument.');
      }
      await insertVersion(tx, version);
      await tx.updateTable('order_documents').set({ named: 1 }).where('sha256', '=', row.document).execute();
      await appendEntry(tx, entry);
    });
  }

  addVersion(version: VersionRow, entry: EntryDraft<'disclosure.received'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('disclosures')
        .set({ version: version.version, state: 'drafted' })
        .where('id', '=', version.disclosure)
        .where('version', '=', version.version - 1)
        .where('state', 'in', ['drafted', 'approved'])
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changed();
      await insertVersion(tx, version);
      await appendEntry(tx, entry);
    });
  }

  approve(approval: ApprovalRow, approved: boolean, entry: EntryDraft<'disclosure.approved'>): Promise<void> {
    const { disclosure, version, person, keyid, publicKey, rpId, sig, at } = approval;
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('disclosures')
        .set({ state: approved ? 'approved' : 'drafted' })
        .where('id', '=', disclosure)
        .where('version', '=', version)
        // A further approval is accepted, because it can replace the approval of a person who has lost the role `legal`.
        .where('state', 'in', ['drafted', 'approved'])
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changed();
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('disclosure_approvals')
        .values({
          disclosure_id: disclosure,
          version,
          person_id: person,
          keyid,
          public_key: publicKey,
          rp_id: rpId,
          sig,
          at,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) throw changed();
      await appendEntry(tx, entry);
    });
  }

  produce(sealed: SealedProduction, entry: EntryDraft<'disclosure.produced'>): Promise<void> {
    const { production } = sealed;
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('disclosures')
        .set({
          state: 'produced',
          produced_at: production.at,
          produced_by: production.by,
          sealed_sha256: production.sha256,
          sealed_bytes: production.bytes,
          lines: production.lines,
          sealed: Buffer.from(sealed.sealed).toString('base64'),
          notice_due: sealed.noticeDue,
        })
        .where('id', '=', sealed.disclosure)
        .where('version', '=', sealed.version)
        .where('state', '=', 'approved')
        .where(
          sql<boolean>`exists (select 1 from authorities a where a.id = disclosures.authority_id
            and a.recipient = ${sealed.recipient} and a.confirmed_at is not null and a.revoked_at is null)`,
        )
        .executeTakeFirst();
      if (numUpdatedRows === 1n) return void (await appendEntry(tx, entry));
      const row = await tx
        .selectFrom('disclosures')
        .select('state')
        .where('id', '=', sealed.disclosure)
        .executeTakeFirst();
      throw row?.state === 'produced' ? alreadyProduced() : changed();
    });
  }

  refuse(refusal: RefusalRow, entry: EntryDraft<'disclosure.refused'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      if (refusal.disclosure !== null) {
        const { numUpdatedRows } = await tx
          .updateTable('disclosures')
          .set({ state: 'refused' })
          .where('id', '=', refusal.disclosure)
          .where('state', 'in', ['drafted', 'approved'])
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) {
          throw new CordonError('disclosure_closed', 'The request was already produced or refused.');
        }
      }
      const { id, at, reason, answer, source, disclosure, authority, reference, receivedOn, note, by } = refusal;
      await tx
        .insertInto('disclosure_refusals')
        .values({
          id,
          at,
          reason,
          answer,
          source,
          authority,
          reference,
          note,
          disclosure_id: disclosure,
          received_on: receivedOn,
          recorded_by: by,
        })
        .execute();
      await appendEntry(tx, entry);
    });
  }

  async previewed(viewer: string, since: number): Promise<PreviewedPerson[]> {
    const rows = await this.#database.db
      .selectFrom('disclosure_previews')
      .select(['person_id', 'at'])
      .where('viewer_id', '=', viewer)
      .where('at', '>', since)
      .execute();
    return rows.map(({ person_id, at }) => ({ person: person_id as PersonId, at }));
  }

  preview({ viewer, person, at }: PreviewRow, since: number, entry: EntryDraft<'disclosure.previewed'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('disclosure_previews').where('at', '<=', since).execute();
      await tx
        .insertInto('disclosure_previews')
        .values({ viewer_id: viewer, person_id: person, at })
        .onConflict((conflict) => conflict.columns(['viewer_id', 'person_id']).doUpdateSet({ at }))
        .execute();
      await appendEntry(tx, entry);
    });
  }

  async openDrafts(by: PersonId): Promise<number> {
    const { drafts } = await this.#database.db
      .selectFrom('disclosures')
      .innerJoin('disclosure_versions', 'disclosure_versions.disclosure_id', 'disclosures.id')
      .select(({ fn }) => fn.countAll().as('drafts'))
      .where('state', '=', 'drafted')
      .where('disclosure_versions.version', '=', 1)
      .where('drafted_by', '=', by)
      .executeTakeFirstOrThrow();
    return Number(drafts);
  }

  async find(id: DisclosureId): Promise<DisclosureRecord | null> {
    const row = await this.#database.db
      .selectFrom('disclosures')
      .select(COLUMNS)
      .where('id', '=', id)
      .executeTakeFirst();
    const [found = null] = await this.#completed(row ? [row] : []);
    return found;
  }

  async list(
    state: DisclosureRow['state'] | null,
    after: PagePosition | null,
    limit: number,
  ): Promise<DisclosureRecord[]> {
    const rows = await this.#database.db
      .selectFrom('disclosures')
      .select(COLUMNS)
      .$if(state !== null, (all) => all.where('state', '=', state ?? 'drafted'))
      .$if(after !== null, (all) =>
        all.where(sql<boolean>`(received_at, id) < (${after?.at ?? 0}, ${after?.id ?? ''})`),
      )
      .orderBy('received_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return this.#completed(rows);
  }

  async refusals(after: PagePosition | null, limit: number): Promise<RefusalRow[]> {
    const rows = await this.#database.db
      .selectFrom('disclosure_refusals')
      .selectAll()
      .$if(after !== null, (all) => all.where(sql<boolean>`(at, id) < (${after?.at ?? 0}, ${after?.id ?? ''})`))
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toRefusal);
  }

  async sealed(id: DisclosureId): Promise<Buffer | null> {
    const row = await this.#database.db
      .selectFrom('disclosures')
      .select('sealed')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.sealed ? Buffer.from(row.sealed, 'base64') : null;
  }

  async isInstrumentUsed(authority: AuthorityId, reference: string, document: string): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('disclosures')
      .select('id')
      .where((at) => at.or([at.and({ authority_id: authority, reference }), at('document_sha256', '=', document)]))
      .executeTakeFirst();
    return row !== undefined;
  }

  async isPerson(person: PersonId): Promise<boolean> {
    return (await this.names([person])).size > 0;
  }

  async names(people: readonly PersonId[]): Promise<ReadonlyMap<PersonId, string>> {
    if (people.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('persons')
      .select(['id', 'name'])
      .where('id', 'in', [...new Set(people)])
      .execute();
    return new Map(rows.map(({ id, name }) => [id as PersonId, name]));
  }

  async dueNotices(now: number, limit: number): Promise<DisclosureRecord[]> {
    const rows = await this.#database.db
      .selectFrom('disclosures')
      .select(COLUMNS)
      .where('state', '=', 'produced')
      .where('notified_at', 'is', null)
      .where('notice_due', '<=', now)
      .orderBy('notice_due')
      .limit(limit)
      .execute();
    return this.#completed(rows);
  }

  markNotified(id: DisclosureId, at: number, entry: EntryDraft<'disclosure.notified'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('disclosures')
        .set({ notified_at: at })
        .where('id', '=', id)
        .where('notified_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 1n) await appendEntry(tx, entry);
    });
  }

  async #completed(
    rows: readonly Pick<Schema['disclosures'], (typeof COLUMNS)[number]>[],
  ): Promise<DisclosureRecord[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const { db } = this.#database;
    const [versions, approvals, refusals] = await Promise.all([
      db.selectFrom('disclosure_versions').selectAll().where('disclosure_id', 'in', ids).orderBy('version').execute(),
      db.selectFrom('disclosure_approvals').selectAll().where('disclosure_id', 'in', ids).orderBy('at').execute(),
      db.selectFrom('disclosure_refusals').selectAll().where('disclosure_id', 'in', ids).execute(),
    ]);
    return rows.map((row) => {
      const refusal = refusals.find((each) => each.disclosure_id === row.id);
      return {
        row: toDisclosure(row),
        versions: versions.filter((each) => each.disclosure_id === row.id).map(toVersion),
        approvals: approvals.filter((each) => each.disclosure_id === row.id).map(toApproval),
        refusal: refusal ? toRefusal(refusal) : null,
      };
    });
  }
}

const changed = (): CordonError => new CordonError('conflict', 'The request has changed. Look at it again.');
const alreadyProduced = (): CordonError =>
  new CordonError(
    'disclosure_already_produced',
    'The request was already produced. Download the sealed file, or ask the authority for a second request.',
  );

async function insertVersion(tx: Tx, version: VersionRow): Promise<void> {
  const { disclosure, version: number, payload, digest, draftedBy, draftedAt, note } = version;
  await tx
    .insertInto('disclosure_versions')
    .values({
      disclosure_id: disclosure,
      version: number,
      payload,
      digest,
      note,
      drafted_by: draftedBy,
      drafted_at: draftedAt,
    })
    .execute();
}

function toDisclosure(row: Pick<Schema['disclosures'], (typeof COLUMNS)[number]>): DisclosureRow {
  const production =
    row.produced_at === null
      ? null
      : {
          at: row.produced_at,
          by: row.produced_by as PersonId,
          sha256: row.sealed_sha256 ?? '',
          bytes: row.sealed_bytes ?? 0,
          lines: row.lines ?? 0,
        };
  return {
    id: disclosureIdSchema.parse(row.id),
    state: row.state,
    person: row.person_id as PersonId,
    authority: row.authority_id as AuthorityId,
    reference: row.reference,
    document: row.document_sha256,
    receivedAt: row.received_at,
    version: row.version,
    production,
    noticeDue: row.notice_due,
    notifiedAt: row.notified_at,
  };
}

const toVersion = (row: Schema['disclosure_versions']): VersionRow => ({
  disclosure: row.disclosure_id as DisclosureId,
  version: row.version,
  payload: row.payload,
  digest: row.digest,
  draftedBy: row.drafted_by as PersonId,
  draftedAt: row.drafted_at,
  note: row.note,
});

const toApproval = (row: Schema['disclosure_approvals']): ApprovalRow => ({
  disclosure: row.disclosure_id as DisclosureId,
  version: row.version,
  person: row.person_id as PersonId,
  keyid: row.keyid,
  publicKey: row.public_key,
  rpId: row.rp_id,
  sig: row.sig,
  at: row.at,
});

const toRefusal = (row: Schema['disclosure_refusals']): RefusalRow => ({
  id: row.id as RefusalId,
  at: row.at,
  reason: row.reason,
  answer: row.answer,
  source: row.source,
  disclosure: row.disclosure_id as DisclosureId | null,
  authority: row.authority,
  reference: row.reference,
  receivedOn: row.received_on,
  note: row.note,
  by: row.recorded_by as PersonId,
});
