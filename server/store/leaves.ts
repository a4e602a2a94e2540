/**
 * Puts a leaf into the store with the change that it is about. Every ledgered verb of a store calls this inside its transaction;
 * the ledger's sequencer later gives the leaf its index.
 */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { makeLeaf } from '../../shared/ledger/make-leaf.ts';
import type { Tx } from './database.ts';

export async function appendLeaf(tx: Tx, draft: LeafDraft): Promise<void> {
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
}
