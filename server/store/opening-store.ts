/** Store of openings, and of the admins who have read them in the last 24 hours. */
import type { EntryDraft, Opening } from '../../shared/ledger/ledger-entry.ts';
import type { OpeningStore as Port } from '../ledger/openings.ts';
import type { Reading } from '../reading-limit.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';

export class OpeningStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async readings(reader: string, since: number): Promise<Reading[]> {
    const rows = await this.#database.db
      .selectFrom('opening_readings')
      .select(['subject', 'at'])
      .where('reader_id', '=', reader)
      .where('at', '>', since)
      .execute();
    return rows.map(({ subject, at }) => ({ subject, at: Number(at) }));
  }

  read(reader: string, { subject, at }: Reading, since: number, entry: EntryDraft<'ledger.opened'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('opening_readings').where('at', '<=', since).execute();
      await tx.insertInto('opening_readings').values({ reader_id: reader, subject, at }).execute();
      await appendEntry(tx, entry);
    });
  }

  async openings(subject: string, from: number, to: number): Promise<{ index: number; opening: Opening }[]> {
    const rows = await this.#database.db
      .selectFrom('ledger_entries')
      .innerJoin('ledger_openings', 'ledger_openings.entry_id', 'ledger_entries.id')
      .select(['entry_index', 'salt', 'subject'])
      .where('entry_index', '>=', from)
      .where('entry_index', '<', to)
      .where('subject', '=', subject)
      .orderBy('entry_index')
      .execute();
    return rows.map((row) => ({ index: Number(row.entry_index), opening: { salt: row.salt, subject: row.subject } }));
  }
}
