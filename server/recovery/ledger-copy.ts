/**
 * Copy of the public ledger, made by `cordon ledger copy`, for the restore of a server from a backup. The signatures in the copy are
 * verified with the ledger key of the installation that is being restored.
 */

import { CordonError } from '../../shared/errors.ts';
import { originOf } from '../../shared/ledger/checkpoint.ts';
import { entrySchema } from '../../shared/ledger/ledger-entry.ts';
import { verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { decodeBundle, tilePath, tilesOf } from '../../shared/ledger/tiles.ts';
import { CHECKPOINT, type CopyReader, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import type { LedgerCopy } from './prepare-restored-store.ts';

/**
 * Opens a copy of the public ledger. `key`: verifier key under any name of the installation's log, as `name+id+base64`. Throws
 * `checkpoint_invalid`, `proof_invalid` or `not_found`.
 */
export async function openLedgerCopy(read: CopyReader, installation: string, key: string): Promise<LedgerCopy> {
  const { publicKey } = await parseVerifierKey(key);
  const { checkpoint, continuations } = await verifyLedgerCopy(read, {
    pinned: verifierKey({ name: originOf(installation), publicKey }),
  });
  const note = await need(read, CHECKPOINT);
  return {
    size: checkpoint.size,
    root: checkpoint.root,
    note: note.toString('utf8'),
    continuations: continuations.map(({ envelope }) => envelope),
    entries: async function* () {
      let index = 0;
      for (const tile of tilesOf(checkpoint.size)) {
        if (tile.level !== 'entries') continue;
        for (const body of decodeBundle(await need(read, tilePath(tile)), tile.width)) {
          yield { index, body: Buffer.from(body), entry: parseDocument(entrySchema, body) };
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
