/** A ledger over a real store, with a key of its own. It adds entries on request, or continuously after `start`. */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { Bus } from '../../server/bus/bus.ts';
import { createLedger, type Ledger } from '../../server/ledger/ledger.ts';
import type { Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { INSTALLATION } from './signed-documents.ts';

/** Opens the ledger. `keys`: the keys of another ledger, of which this one then is a fork. */
export function testLedger(
  database: Database,
  clock: Clock,
  bus: Bus,
  { privateKey, publicKey } = generateKeyPairSync('ed25519'),
): Ledger {
  return createLedger({
    store: new LedgerStore(database),
    key: {
      publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      sign: (message) => sign(null, message, privateKey),
    },
    installation: INSTALLATION,
    clock,
    bus,
    log: { error: () => undefined },
    interval: 20,
  });
}
