import type { RefusalReason } from '../../../shared/disclosure/refusal-reasons.ts';

export interface DisclosureTables {
  /**
   * Ended connections of devices, one per row. `sealed` contains device, enrollment, start, end and address, encrypted with a key of the
   * person (ADR 55). `day_end`: end of the UTC day on which the connection ended, so that the server can delete the row in time.
   */
  connection_log: { person_id: string; day_end: number; id: string; sealed: string };
  /** Enrollments of a person's devices. `sealed` contains the creator and time of the activation code, encrypted with a key of the person. */
  enrollment_records: {
    person_id: string;
    device_id: string;
    generation: number;
    enrolled_at: number;
    sealed: string;
  };
  authorities: {
    id: string;
    name: string;
    recipient: string;
    /** SHA-256 of the recipient, hex. */
    fingerprint: string;
    added_by: string;
    added_at: number;
    added_how: string;
    confirmed_by: string | null;
    confirmed_at: number | null;
    confirmed_how: string | null;
    revoked_by: string | null;
    revoked_at: number | null;
    revoked_why: string | null;
  };
  disclosures: {
    id: string;
    state: 'drafted' | 'approved' | 'produced' | 'refused';
    person_id: string;
    authority_id: string;
    /** Reference of the instrument, unique for each authority: one instrument serves one request. */
    reference: string;
    document_sha256: string;
    received_at: number;
    /** Number of the newest text in `disclosure_versions`. */
    version: number;
    produced_at: number | null;
    produced_by: string | null;
    sealed_sha256: string | null;
    sealed_bytes: number | null;
    lines: number | null;
    /** Production, encrypted to the authority, base64. */
    sealed: string | null;
    notice_due: number | null;
    notified_at: number | null;
  };
  /** Texts of requests, canonical JSON. Earlier texts stay. */
  disclosure_versions: {
    disclosure_id: string;
    version: number;
    payload: string;
    digest: string;
    drafted_by: string;
    drafted_at: number;
    note: string | null;
  };
  /** Signatures over texts of requests. `public_key`: the signer's key at that time, so that the signature can be verified later. */
  disclosure_approvals: {
    disclosure_id: string;
    version: number;
    person_id: string;
    keyid: string;
    public_key: string;
    /** Relying party id of a passkey; null for any other key. */
    rp_id: string | null;
    sig: string;
    at: number;
  };
  /** Refused demands. The rows contain no account. */
  disclosure_refusals: {
    id: string;
    at: number;
    reason: RefusalReason;
    answer: string;
    source: 'request' | 'recorded' | 'decided';
    disclosure_id: string | null;
    authority: string | null;
    reference: string | null;
    received_on: string | null;
    note: string | null;
    recorded_by: string;
  };
  /** People whose records an approver has seen in the last 24 hours, each with the time of the newest preview. */
  disclosure_previews: { viewer_id: string; person_id: string; at: number };
  transparency_statements: {
    digest: string;
    payload: string;
    state: 'pending' | 'adopted';
    proposed_at: number;
    adopted_at: number | null;
    expires_at: number;
    /** Row number of the statement's ledger entry in the table `ledger_entries`. */
    entry_id: number | null;
  };
  transparency_signatures: {
    digest: string;
    person_id: string;
    keyid: string;
    public_key: string;
    /** Relying party id of a passkey; null for any other key. */
    rp_id: string | null;
    sig: string;
    at: number;
  };
}
