/** A kept copy of the public ledger (`cordon ledger copy`), verified by the key of the installation that is restored. */

import { CordonError } from '../../shared/errors.ts';
import { leafSchema } from '../../shared/ledger/leaf.ts';
import { decodeBundle, tilePath, tilesOf } from '../../shared/ledger/tiles.ts';
import { CHECKPOINT, type CopyReader, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import type { LedgerCopy } from './make-safe.ts';

/** `key`: the verifier key, as `name+id+base64`. Throws `checkpoint_invalid`, `proof_invalid` or `not_found`. */
export async function openLedgerCopy(read: CopyReader, key: string): Promise<LedgerCopy> {
  const { checkpoint } = await verifyLedgerCopy(read, { pinned: key });
  const note = await need(read, CHECKPOINT);
  return {
    size: checkpoint.size,
    root: checkpoint.root,
    note: note.toString('utf8'),
    leaves: async function* () {
      let index = 0;
      for (const tile of tilesOf(checkpoint.size)) {
        if (tile.level !== 'entries') continue;
        for (const body of decodeBundle(await need(read, tilePath(tile)), tile.width)) {
          yield { index, body: Buffer.from(body), leaf: parseDocument(leafSchema, body) };
          index += 1;
        }
      }
    },
  };
}

async function need(read: CopyReader, path: string): Promise<Buffer> {
  const file = await read(path);
  if (file) return file;
  throw new CordonError('not_found', `The copy of the ledger lacks ${path}. Copy the ledger again.`);
}
