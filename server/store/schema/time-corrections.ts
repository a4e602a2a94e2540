export interface TimeCorrectionTables {
  /** Signed statements of approvers that the server's time was wrong. */
  time_corrections: { version: number; envelope: string; published_at: number; published_by: string };
  /** The statement that approvers can sign now, with the signatures so far (JSON). At most one row. */
  time_correction_proposals: {
    digest: string;
    payload: string;
    signatures: string;
    proposed_at: number;
    proposed_by: string;
  };
}
