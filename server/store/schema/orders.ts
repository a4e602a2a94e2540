import type { Generated } from 'kysely';
import type { ProposalEnd } from '../../../shared/order/proposal-end.ts';
import type { Flag } from './flag.ts';

export interface OrderTables {
  approver_sets: {
    version: number;
    payload: string;
    signatures: string;
    state: 'waiting' | 'adopted' | 'superseded';
  };
  orders: {
    number: string;
    title: string;
    adopted_revision: number | null;
    /**
     * Highest revision number that is not free: a revision has it, or a restore skipped it. After a restore, no revision has this number.
     */
    latest_revision: number;
    created_at: number;
  };
  order_revisions: {
    order_number: string;
    revision: number;
    action: string;
    payload: string;
    digest: string;
    proposer: string;
    state: 'requested' | 'waiting' | 'adopted' | 'superseded' | ProposalEnd;
    proposed_at: number;
    adopted_at: number | null;
    /** Version of the first order list that contains this revision; null if no order list contains it yet. */
    listed_in: number | null;
    ended_at: number | null;
    ended_by: string | null;
    end_reason: string | null;
  };
  order_approvals: {
    order_number: string;
    revision: number;
    person_id: string;
    keyid: string;
    signature: string;
    stub_signature: string | null;
    /**
     * Approver's signature over a statement that the revision takes effect immediately, because its effective or end time has passed; null
     * without this statement.
     */
    immediate_signature: string | null;
    approved_at: number;
  };
  /** Exempt devices with the salts of their commitments. Only the operator and the exempt device know them. */
  order_exemptions: {
    order_number: string;
    revision: number;
    device_id: string;
    salt: string;
    commitment: string;
    until: number | null;
    reason: string | null;
  };
  /**
   * Decision records (internal reasons for orders), encrypted in `sealed`. A signed revision contains only `commitment`, the salted hash of
   * its decision record.
   */
  order_decisions: { commitment: string; order_number: string; revision: number; sealed: string };
  /** Documents of legal instruments, as received. `named`: 1 if a revision names the document. All others are deleted after a month. */
  order_documents: {
    sha256: string;
    media_type: string;
    size: number;
    sealed: string;
    uploaded_by: string;
    uploaded_at: number;
    named: Flag;
  };
  /** Times at which the server found that an order took effect or ended, alternating for each order. */
  order_executions: {
    sequence: Generated<number>;
    order_number: string;
    revision: number;
    state: 'active' | 'inactive';
    at: number;
  };
  /** Devices that an order has affected. `revision`: the first revision that denied the device a service when it took effect. */
  order_affected_devices: { order_number: string; device_id: string; revision: number };
  /**
   * Revisions whose affected devices are all recorded in `order_affected_devices`. If a revision is missing here, for example after a
   * crash, the server records its devices again.
   */
  order_affected_complete: { order_number: string; revision: number };
  /**
   * Devices that an exit (phase of an order that wipes work data) blocks and that have sent no receipt about the exit. `since`: start of
   * the 30 days after which the server ends the enrollment. `checked_at`: last time at which the server found the device still waiting.
   */
  pending_exits: {
    order_number: string;
    revision: number;
    device_id: string;
    generation: number;
    since: number;
    checked_at: number;
  };
  /**
   * Enrollments that the server ended because of an order's exit (phase that wipes work data). `destroyed`: amounts of the data that the
   * server deleted, as JSON.
   */
  device_exits: {
    device_id: string;
    generation: number;
    order_number: string;
    revision: number;
    outcome: 'wiped' | 'silent';
    at: number;
    destroyed: string;
    salt: string;
  };
  location_records: {
    order_number: string;
    entry_id: number;
    device_id: string;
    body: string;
    /**
     * Reason of the location change and salt of its commitment. No code reads these columns: the operator can show them to a court (ADR
     * 41).
     */
    reason: string | null;
    reason_salt: string | null;
  };
  /** Audit log of admins who read withheld orders. `about` is empty if the admin read the whole order. */
  order_readings: {
    order_number: string;
    account_id: string;
    part: string;
    about: string;
    span: number;
    first_at: number;
    last_at: number;
    count: number;
  };
  /** Admins' records of answers to authorities and of appeals, as canonical JSON. `digest` is its SHA-256. */
  order_proceedings: { order_number: string; number: number; record: string; digest: string };
  /**
   * Newest reminder about each order to whose authority an answer is due at `answer_by`. `mailed`: JSON list of the accounts to which the
   * server sent the reminder by mail.
   */
  answer_reminders: { order_number: string; answer_by: number; step: number; at: number; mailed: string };
  order_lists: { version: number; envelope: string; hash: string; issued_at: number; expires_at: number };
  device_records: { device_id: string; version: number; envelope: string };
  receipts: {
    device_id: string;
    generation: number;
    seq: number;
    kind: string;
    list_version: number;
    order_number: string | null;
    revision: number | null;
    service: string | null;
    gate: string | null;
    /**
     * Planned notice to the user that the receipt confirms, such as `P7D` (seven days before an order takes effect). Null for a receipt
     * that concerns no notice.
     */
    notice: string | null;
    at: number;
    stored_at: number;
    envelope: string;
    /**
     * Result of verifying the receipt's signature and content. 0: not verified yet; 1: valid evidence; 2: invalid, so the server keeps the
     * receipt but never uses it as evidence.
     */
    verified: Flag | 2;
  };
  evidence_packs: { id: string; order_number: string; made_by: string; made_at: number };
  pack_devices: { pack_id: string; handle: string; device_id: string };
}
