import type { Generated } from 'kysely';

export interface LedgerTables {
  /** An entry is committed with the change that it records. Later, the sequencer assigns its `entry_index`. */
  ledger_entries: {
    id: Generated<number>;
    entry_index: number | null;
    kind: string;
    at: number;
    body: string;
    hash: string;
  };
  ledger_openings: { entry_id: number; salt: string; subject: string };
  /** Hashes of complete subtrees by level and position (RFC 9162, section 2.1). Level 0 has the leaf hashes. */
  ledger_hashes: { level: number; position: number; hash: string };
  checkpoints: { size: number; note: string; at: number };
  /** Documents with which approvers continue the ledger under a new name after a loss of entries. A higher `number` means a newer name. */
  ledger_continuations: {
    number: number;
    digest: string;
    payload: string;
    signatures: string;
    state: 'waiting' | 'adopted';
    proposed_at: number;
    proposed_by: string;
    adopted_at: number | null;
  };
}
