import type { Revoked } from '../../certs/certificate.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { RevocationStore as RevocationPort, StoredCrl } from '../enrollment/revocation-list.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { revokedCertificates } from './revoked-certificates.ts';

export class RevocationStore implements RevocationPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async newestCrl(): Promise<StoredCrl | null> {
    const row = await this.#database.db
      .selectFrom('crls')
      .selectAll()
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const { number, der, this_update, next_update, entries } = row;
    return { number, der: Buffer.from(der, 'base64'), thisUpdate: this_update, nextUpdate: next_update, entries };
  }

  async newestCrlDate(): Promise<number | null> {
    const row = await this.#database.db
      .selectFrom('crls')
      .select('this_update')
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.this_update ?? null;
  }

  async countRevoked(endsAfter: number): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('certificates')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('revoked_at', 'is not', null)
      .where('not_after', '>', endsAfter)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  revoked(endsAfter: number): Promise<Revoked[]> {
    return revokedCertificates(this.#database.db, endsAfter);
  }

  addCrl(crl: StoredCrl, entry: EntryDraft<'crl.issued'>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const added = await tx
        .insertInto('crls')
        .values({
          number: crl.number,
          der: crl.der.toString('base64'),
          this_update: crl.thisUpdate,
          next_update: crl.nextUpdate,
          entries: crl.entries,
        })
        .onConflict((conflict) => conflict.column('number').doNothing())
        .returning('number')
        .executeTakeFirst();
      if (!added) return false;
      // Older revocation lists are deleted, because the newest list contains all their certificates.
      await tx.deleteFrom('crls').where('number', '<', crl.number).execute();
      await appendEntry(tx, entry);
      return true;
    });
  }
}
