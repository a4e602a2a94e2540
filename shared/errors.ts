/**
 * One typed error for everything that Cordon refuses. The code is stable and is what machines match on; the detail is a
 * sentence for people that says how to mend it. Each edge maps codes in one exhaustive table (problem+json in
 * `shared/api/problems.ts`, exit codes in the command lines), so a code that is missing there does not compile.
 */
export const ERROR_CODES = [
  // Any boundary
  'invalid_input',
  'not_found',
  'conflict',
  'too_large',
  'rate_limited',
  'unavailable',
  'internal',
  // Certificates and enrolment
  'csr_malformed',
  'csr_bad_signature',
  'csr_weak_key',
  'csr_asks_for_more',
  'csr_wrong_subject',
  'code_unknown',
  'code_used',
  'code_expired',
  'fingerprint_mismatch',
  'enrolment_denied',
  'approvers_required',
  'passphrase_wrong',
  'certificate_unknown',
  'certificate_revoked',
  'certificate_expired',
  'certificate_superseded',
  'certificate_wrong_profile',
  // The link
  'frame_malformed',
  'frame_too_large',
  'service_denied',
  'device_unknown',
  'taken_over',
  // Commands and workspace
  'command_finished',
  'command_expired',
  'workspace_locked',
  'workspace_wiped',
  // Legal holds
  'legal_hold',
  // Orders
  'second_approver_required',
  'same_person',
  'ambiguous_local_time',
  'effective_in_past',
  'until_before_effective',
  'until_in_past',
  'unknown_area',
  'unknown_service',
  'unknown_feature',
  'not_a_claimant',
  'unknown_device',
  'revision_superseded',
  'order_closed',
  'act_not_allowed',
  'exit_not_stated',
  'exit_too_early',
  'approval_invalid',
  'approver_unknown',
  // Signed documents
  'document_malformed',
  'document_wrong_type',
  'signature_invalid',
  'threshold_not_met',
  'list_older',
  'list_forked',
  'list_other_installation',
  'list_expired',
  'root_older',
  'pack_invalid',
  // Ledger
  'checkpoint_invalid',
  'proof_invalid',
  'ledger_unavailable',
  'ledger_forked',
  'ledger_older',
  // Membership of conversations
  'messaging_key_taken',
  'ghost_member',
  'person_unknown',
  // Sealed messages
  'message_malformed',
  'message_damaged',
  'message_replayed',
  'message_gap',
  'epoch_past',
  'epoch_ahead',
  'conversation_other',
  'conversation_damaged',
  'state_copied',
  'not_a_member',
  'commit_refused',
  'welcome_invalid',
  'key_package_invalid',
  'key_package_expired',
  'content_malformed',
  'content_unknown',
  'attachment_damaged',
  // Admins
  'not_signed_in',
  'credentials_wrong',
  'totp_required',
  'totp_reused',
  'forbidden',
  'out_of_scope',
  'invitation_invalid',
  'last_owner',
  'step_up_required',
  'second_person_required',
  // Data
  'ip_database_invalid',
  'beyond_retention',
  'clock_implausible',
  'names_in_use',
  'store_unavailable',
  'store_incompatible',
  'store_locked',
  'installation_mismatch',
  // Backups
  'backup_damaged',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class CordonError extends Error {
  readonly code: ErrorCode;
  /** Machine-readable particulars (an order's number, a field's path). Never a secret. */
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, context: Record<string, unknown> = {}, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'CordonError';
    this.code = code;
    this.context = context;
  }
}

export function isCordonError(error: unknown, code?: ErrorCode): error is CordonError {
  return error instanceof CordonError && (code === undefined || error.code === code);
}
