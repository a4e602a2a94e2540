/**
 * Preloaded module (`--import`) that patches the source modules of the server; a bundle has copies of them. The server then publishes its
 * newest checkpoint without the cosignatures that devices require, as a dishonest operator would.
 */
import type { StoredCheckpoint } from '../../server/ledger/ledger.ts';
import { CosignatureStore } from '../../server/store/cosignature-store.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';

let newest: StoredCheckpoint | null = null;
const read = LedgerStore.prototype.newest;
LedgerStore.prototype.newest = async function (this: LedgerStore) {
  newest = await read.call(this);
  return newest;
};
CosignatureStore.prototype.newestCheckpoint = () => Promise.resolve(newest);
CosignatureStore.prototype.of = () => Promise.resolve([]);
