/**
 * Stores ledger entries inside the transaction of the change that they record. The ledger's sequencer later assigns each entry its index.
 */
import { sql } from 'kysely';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { makeEntry } from '../../shared/ledger/make-entry.ts';
import { insertOf } from './bulk.ts';
import type { Tx } from './database.ts';

export async function appendEntry(tx: Tx, draft: EntryDraft): Promise<number> {
  const { body, hash, opening } = makeEntry(draft);
  const { id } = await tx
    .insertInto('ledger_entries')
    .values({ entry_index: null, kind: draft.kind, at: draft.at, body, hash })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (opening)
    await tx
      .insertInto('ledger_openings')
      .values({ entry_id: id, ...opening })
      .execute();
  return id;
}

export async function appendEntries(tx: Tx, drafts: readonly EntryDraft[]): Promise<number[]> {
  if (drafts.length === 0) return [];
  const created = drafts.map((draft) => ({ draft, ...makeEntry(draft) }));
  const entries = insertOf(
    'ledger_entries',
    { kind: 'text', at: 'bigint', body: 'text', hash: 'text' },
    created.map(({ draft, body, hash }) => [draft.kind, draft.at, body, hash]),
  );
  const { rows } = await sql<{ id: number; hash: string }>`${entries} returning id, hash`.execute(tx);
  const ids = new Map(rows.map(({ id, hash }) => [hash, id]));
  const openings = created.flatMap(({ hash, opening }) => {
    const entry_id = ids.get(hash);
    // Each commitment has its own salt, so a hash identifies exactly one entry.
    return opening && entry_id !== undefined ? [[entry_id, opening.salt, opening.subject]] : [];
  });
  if (openings.length > 0) {
    await insertOf('ledger_openings', { entry_id: 'bigint', salt: 'text', subject: 'text' }, openings).execute(tx);
  }
  return created.map(({ hash }) => {
    const id = ids.get(hash);
    if (id === undefined) throw new Error('a new ledger entry has no id');
    return id;
  });
}
