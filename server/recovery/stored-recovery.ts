import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { RecoveryState } from './recovery-state.ts';

export interface RecoveryStateStore {
  saveState(state: RecoveryState, entry: EntryDraft | null): Promise<void>;
}

export interface StoredRecovery {
  /** State of the recovery; null if this server was not restored. */
  state(): RecoveryState | null;
  recovering(): boolean;
  /**
   * Changes the recovery state of a restored server in the store and in memory, and adds `entry` (if given) to the ledger. Does nothing if
   * this server was not restored.
   */
  update(change: Partial<RecoveryState>, entry?: EntryDraft): Promise<void>;
  /** Replaces the recovery state in memory with a state that the store has already committed. */
  replace(state: RecoveryState): void;
}

export function createStoredRecovery(store: RecoveryStateStore, initial: RecoveryState | null): StoredRecovery {
  let state = initial;
  return {
    state: () => state,
    recovering: () => state !== null && state.closedAt === null,
    async update(change, entry) {
      if (!state) return;
      const changed = { ...state, ...change };
      await store.saveState(changed, entry ?? null);
      state = changed;
    },
    replace(committed) {
      state = committed;
    },
  };
}
