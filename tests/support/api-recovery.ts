/** Recovery after a restore from a backup, for the API in `api-server.ts`. */
import type { RecoveryPort } from '../../server/api/recovery.ts';
import type { createLedger } from '../../server/ledger/ledger.ts';
import { createRecovery, type RecoveryPorts } from '../../server/recovery/recovery.ts';
import type { RecoveryState } from '../../server/recovery/recovery-state.ts';
import { createStoredRecovery } from '../../server/recovery/stored-recovery.ts';
import { CheckpointResponseStore } from '../../server/store/checkpoint-response-store.ts';
import type { Database } from '../../server/store/database.ts';
import type { LedgerStore } from '../../server/store/ledger-store.ts';
import { ReadmissionStore } from '../../server/store/readmission-store.ts';
import { RecoveryStore } from '../../server/store/recovery-store.ts';

interface RestoredServer
  extends Pick<RecoveryPorts, 'orders' | 'continuations' | 'issuingDer' | 'clock' | 'bus' | 'raise' | 'log'> {
  readonly database: Database;
  readonly restored: RecoveryState;
  readonly ledger: ReturnType<typeof createLedger>;
  readonly ledgerStore: LedgerStore;
}

export const testRecovery = ({ database, restored, ledger, ledgerStore, ...ports }: RestoredServer): RecoveryPort =>
  createRecovery({
    ...ports,
    recovery: createStoredRecovery(new RecoveryStore(database), restored),
    stores: {
      readmissions: new ReadmissionStore(database),
      checkpointResponses: new CheckpointResponseStore(database),
    },
    ledger: {
      get verifierKey() {
        return ledger.verifierKey;
      },
      installation: 'test',
      continuations: ports.continuations.documents,
      sequence: ledger.sequence,
      size: async () => (await ledgerStore.newest())?.size ?? 0,
      hashes: ledgerStore.hashes,
    },
    setAreas: async () => undefined,
    deviceChanged: async () => undefined,
  });
