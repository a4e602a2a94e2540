/**
 * Typed errors for everything that Cordon refuses: a stable code for programs, and a detail for people that says how to fix the problem.
 * Each code needs an entry in `shared/api/problems.ts` (HTTP responses) and `shared/exit-codes.ts` (command lines); otherwise the project
 * does not compile.
 */
export const ERROR_CODES = [
  // General
  'invalid_input',
  'not_found',
  'conflict',
  'too_large',
  'rate_limited',
  'unavailable',
  'internal',
  // Certificates and enrollment
  'csr_malformed',
  'csr_bad_signature',
  'csr_weak_key',
  'csr_not_allowed',
  'csr_wrong_subject',
  'code_unknown',
  'code_used',
  'code_expired',
  'fingerprint_mismatch',
  'enrollment_denied',
  'approvers_required',
  'passphrase_wrong',
  'certificate_unknown',
  'certificate_not_restored',
  'certificate_revoked',
  'certificate_expired',
  'certificate_superseded',
  'certificate_wrong_profile',
  // Codes about the connection of a device.
  'frame_malformed',
  'frame_too_large',
  'service_denied',
  'not_compliant',
  'device_unknown',
  'taken_over',
  // Commands and workspace
  'command_finished',
  'command_expired',
  'job_ended',
  'scripts_off',
  'script_unreviewed',
  'script_refused',
  'script_failed',
  'script_interrupted',
  'workspace_locked',
  'workspace_wiped',
  'passcode_wrong',
  'passcode_closed',
  // Legal holds
  'legal_hold',
  // Orders
  'second_approver_required',
  'same_person',
  'address_unverified',
  'ambiguous_local_time',
  'effective_in_past',
  'until_before_effective',
  'until_in_past',
  'unknown_area',
  'unknown_service',
  'unknown_territory',
  'not_a_claimant',
  'unknown_device',
  'revision_superseded',
  'proposal_expired',
  'proposal_ended',
  'replacement_unconfirmed',
  'immediate_effect_unconfirmed',
  'order_closed',
  'action_not_allowed',
  'exit_not_stated',
  'exit_too_early',
  'approval_invalid',
  'approver_unknown',
  // Codes of the disclosure desk. Each reason of `shared/disclosure/refusal-reasons.ts` that the rules decide has its code.
  'disclosure_subject_list',
  'disclosure_subject_wildcard',
  'disclosure_subject_group',
  'disclosure_subject_range',
  'disclosure_subject_everyone',
  'disclosure_subject_empty',
  'disclosure_account_unknown',
  'disclosure_content',
  'disclosure_keys',
  'disclosure_wholesale',
  'disclosure_future',
  'disclosure_window_open',
  'disclosure_window_too_long',
  'disclosure_instrument_missing',
  'disclosure_instrument_used',
  'disclosure_instrument_expired',
  'disclosure_authority_unverified',
  'disclosure_not_narrower',
  'disclosure_not_approved',
  'disclosure_already_produced',
  'disclosure_closed',
  'disclosure_preview_limit',
  'ledger_opening_limit',
  'disclosure_too_many_drafts',
  'person_key_missing',
  // Signed documents
  'document_malformed',
  'document_wrong_type',
  'signature_invalid',
  'threshold_not_met',
  'list_older',
  'list_forked',
  'list_other_installation',
  'list_expired',
  'approver_set_older',
  'pack_invalid',
  // Ledger
  'checkpoint_invalid',
  'proof_invalid',
  'ledger_unavailable',
  'ledger_forked',
  'ledger_older',
  'ledger_not_cosigned',
  // Membership of conversations
  'messaging_key_taken',
  'unverified_member',
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
  'provider_unavailable',
  'provider_refused',
  'provider_required',
  'role_missing',
  'identity_not_linked',
  'account_disabled',
  'passkey_invalid',
  'passkey_required',
  'forbidden',
  'out_of_scope',
  'order_withheld',
  'invitation_invalid',
  'verification_invalid',
  'mail_not_configured',
  'mail_failed',
  'last_owner',
  'step_up_required',
  'second_person_required',
  'no_second_person',
  'statement_too_long',
  // Data
  'ip_database_invalid',
  'beyond_retention',
  'clock_implausible',
  'names_in_use',
  'listeners_in_use',
  'store_unavailable',
  'store_incompatible',
  'store_locked',
  'installation_mismatch',
  'store_set_back',
  // Backups
  'backup_damaged',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class CordonError extends Error {
  readonly code: ErrorCode;
  /** Values for programs, such as an order's number or a field's path; never a secret. */
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
