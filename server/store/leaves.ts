/**
 * Puts a leaf into the store with the change that it is about. Every ledgered verb of a store calls this inside its transaction;
 * the ledger's sequencer later gives the leaf its index.
 */
import { sql } from 'kysely';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { makeLeaf } from '../../shared/ledger/make-leaf.ts';
import { insertOf } from './bulk.ts';
import type { Tx } from './database.ts';

/** Returns the leaf's id; its index is the sequencer's to give. */
export async function appendLeaf(tx: Tx, draft: LeafDraft): Promise<number> {
  const { body, hash, opening } = makeLeaf(draft);
  const { id } = await tx
    .insertInto('ledger_leaves')
    .values({ leaf_index: null, kind: draft.kind, at: draft.at, body, hash })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (opening)
    await tx
      .insertInto('ledger_openings')
      .values({ leaf_id: id, ...opening })
      .execute();
  return id;
}

/** The same for many at once, in their order. */
export async function appendLeaves(tx: Tx, drafts: readonly LeafDraft[]): Promise<number[]> {
  if (drafts.length === 0) return [];
  const made = drafts.map((draft) => ({ draft, ...makeLeaf(draft) }));
  const leaves = insertOf(
    'ledger_leaves',
    { kind: 'text', at: 'bigint', body: 'text', hash: 'text' },
    made.map(({ draft, body, hash }) => [draft.kind, draft.at, body, hash]),
  );
  const { rows } = await sql<{ id: number; hash: string }>`${leaves} returning id, hash`.execute(tx);
  const ids = new Map(rows.map(({ id, hash }) => [hash, id]));
  const openings = made.flatMap(({ hash, opening }) => {
    const leaf_id = ids.get(hash);
    // A subject is committed to with a salt of its own, so no two such leaves share a hash.
    return opening && leaf_id !== undefined ? [[leaf_id, opening.salt, opening.subject]] : [];
  });
  if (openings.length > 0) {
    await insertOf('ledger_openings', { leaf_id: 'bigint', salt: 'text', subject: 'text' }, openings).execute(tx);
  }
  return made.map(({ hash }) => {
    const id = ids.get(hash);
    if (id === undefined) throw new Error('a leaf was appended and has no id');
    return id;
  });
}
