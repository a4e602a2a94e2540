import type { Generated } from 'kysely';

export interface LedgerTables {
  /** Entries, which commit with the recorded change. The sequencer then gives each its `entry_index`. */
  ledger_entries: {
    id: Generated<number>;
    entry_index: number | null;
    kind: string;
    at: number;
    body: string;
    hash: string;
  };
  /** Openings of the salted commitments in entries. */
  ledger_openings: { entry_id: number; salt: string; subject: string };
  /** Hashes of complete subtrees by level and position (RFC 9162, section 2.1). Level 0 has the leaf hashes. */
  ledger_hashes: { level: number; position: number; hash: string };
  checkpoints: { size: number; note: string; at: number };
  /** Documents by which approvers continue a ledger that lost entries. `number` is the order of the logs' names. */
  ledger_continuations: {
    number: number;
    digest: string;
    payload: string;
    /** Signatures as JSON. */
    signatures: string;
    state: 'waiting' | 'adopted';
    proposed_at: number;
    proposed_by: string;
    adopted_at: number | null;
  };
}
