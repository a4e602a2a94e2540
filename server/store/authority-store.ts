/** Registry of the authorities to which the disclosure desk can seal productions. */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type AuthorityId, authorityIdSchema, type PersonId } from '../../shared/protocol/ids.ts';
import type { AuthorityConfirmation, AuthorityRow, AuthorityStore as Port } from '../disclosures/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

export class AuthorityStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async authorities(): Promise<AuthorityRow[]> {
    const rows = await this.#database.db
      .selectFrom('authorities')
      .selectAll()
      .orderBy('added_at')
      .orderBy('id')
      .execute();
    return rows.map(toRow);
  }

  async authority(id: AuthorityId): Promise<AuthorityRow | null> {
    const row = await this.#database.db.selectFrom('authorities').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? toRow(row) : null;
  }

  async addAuthority({ id, name, recipient, fingerprint, addedBy, addedAt, addedHow }: AuthorityRow): Promise<void> {
    await this.#database.db
      .insertInto('authorities')
      .values({ id, name, recipient, fingerprint, added_by: addedBy, added_at: addedAt, added_how: addedHow })
      .execute();
  }

  confirmAuthority({ id, by, at, how }: AuthorityConfirmation, entry: EntryDraft<'authority.pinned'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('authorities')
        .set({ confirmed_by: by, confirmed_at: at, confirmed_how: how })
        .where('id', '=', id)
        .where('confirmed_at', 'is', null)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changed();
      await appendEntry(tx, entry);
    });
  }

  revokeAuthority({ id, by, at, how }: AuthorityConfirmation, entry: EntryDraft<'authority.revoked'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('authorities')
        .set({ revoked_by: by, revoked_at: at, revoked_why: how })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw changed();
      await appendEntry(tx, entry);
    });
  }
}

const changed = (): CordonError => new CordonError('conflict', 'The authority has changed. Look at it again.');

const toRow = (row: Schema['authorities']): AuthorityRow => ({
  id: authorityIdSchema.parse(row.id),
  name: row.name,
  recipient: row.recipient,
  fingerprint: row.fingerprint,
  addedBy: row.added_by as PersonId,
  addedAt: row.added_at,
  addedHow: row.added_how,
  confirmedBy: row.confirmed_by as PersonId | null,
  confirmedAt: row.confirmed_at,
  confirmedHow: row.confirmed_how,
  revokedBy: row.revoked_by as PersonId | null,
  revokedAt: row.revoked_at,
  revokedWhy: row.revoked_why,
});
