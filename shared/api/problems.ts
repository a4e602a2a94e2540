/** Status and title of the problem (RFC 9457) for each error code. The type checker reports a code without an entry. */

import type { CordonError, ErrorCode } from '../errors.ts';
import type { Problem } from './wire.ts';

const PROBLEMS: Record<ErrorCode, { readonly status: number; readonly title: string }> = {
  invalid_input: { status: 400, title: 'The request does not match the API description' },
  not_found: { status: 404, title: 'Resource not found' },
  conflict: { status: 409, title: 'Conflict with an existing resource' },
  too_large: { status: 413, title: 'The request is too large' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'The service is temporarily unavailable' },
  internal: { status: 500, title: 'Internal server error' },
  csr_malformed: { status: 400, title: 'The certificate signing request is malformed' },
  csr_bad_signature: { status: 400, title: 'The signature of the certificate signing request is invalid' },
  csr_weak_key: { status: 400, title: 'The key is too weak' },
  csr_not_allowed: { status: 400, title: 'The certificate signing request contains fields that are not allowed' },
  csr_wrong_subject: { status: 400, title: 'The certificate signing request names another device' },
  code_unknown: { status: 401, title: 'Unknown activation code' },
  code_used: { status: 409, title: 'The activation code was already used' },
  code_expired: { status: 410, title: 'The activation code has expired' },
  fingerprint_mismatch: { status: 400, title: 'The fingerprint of the certificate authority does not match' },
  enrollment_denied: { status: 451, title: 'An order suspends enrollment' },
  approvers_required: { status: 409, title: 'No approver set is adopted yet' },
  passphrase_wrong: { status: 400, title: 'The passphrase is incorrect' },
  certificate_unknown: { status: 403, title: 'The server does not know the certificate' },
  certificate_revoked: { status: 403, title: 'The certificate is revoked' },
  certificate_expired: { status: 403, title: 'The certificate has expired' },
  certificate_superseded: { status: 403, title: 'A newer certificate of this device is in use' },
  certificate_wrong_profile: { status: 403, title: 'The certificate is not a device certificate' },
  frame_malformed: { status: 400, title: 'The protocol frame is malformed' },
  frame_too_large: { status: 413, title: 'The protocol frame is too large' },
  service_denied: { status: 451, title: 'An order suspends this service' },
  device_unknown: { status: 404, title: 'Unknown device' },
  taken_over: { status: 409, title: 'A newer connection of this device replaced this one' },
  command_finished: { status: 409, title: 'The command has already finished' },
  command_expired: { status: 409, title: 'The command has expired' },
  workspace_locked: { status: 409, title: 'The workspace is locked' },
  workspace_wiped: { status: 410, title: 'The workspace was wiped' },
  legal_hold: { status: 409, title: 'A legal hold prevents this action' },
  second_approver_required: { status: 409, title: 'A second approver must sign' },
  same_person: { status: 409, title: 'Another person must perform this action' },
  address_unverified: { status: 409, title: 'The e-mail address of an approver is not verified' },
  ambiguous_local_time: { status: 422, title: 'The local time is ambiguous or does not exist' },
  effective_in_past: { status: 422, title: 'The effective time is in the past' },
  until_before_effective: { status: 422, title: 'The end time is before the effective time' },
  until_in_past: { status: 422, title: 'The end time is in the past' },
  unknown_area: { status: 422, title: 'Unknown area' },
  unknown_service: { status: 422, title: 'Unknown service' },
  unknown_territory: { status: 422, title: 'Unknown disputed territory' },
  not_a_claimant: { status: 422, title: 'The country does not claim this territory' },
  unknown_device: { status: 422, title: 'The order names an unknown device' },
  revision_superseded: { status: 409, title: 'A newer revision replaced this one' },
  proposal_expired: { status: 409, title: 'The proposal has expired' },
  proposal_ended: { status: 409, title: 'The proposal is no longer pending' },
  replacement_unconfirmed: {
    status: 409,
    title: 'A second person must confirm the replacement of the pending proposal',
  },
  immediate_effect_unconfirmed: {
    status: 409,
    title: 'Confirmation is required, because the revision takes effect immediately',
  },
  order_closed: { status: 409, title: 'The order was withdrawn' },
  action_not_allowed: { status: 409, title: "This action is not allowed in the order's current state" },
  exit_not_stated: { status: 422, title: "The order's terms do not provide for wiping work data" },
  exit_too_early: { status: 409, title: 'The period for exporting data has not ended' },
  approval_invalid: { status: 422, title: 'The approval is invalid' },
  approver_unknown: { status: 403, title: 'The signer is not an approver' },
  document_malformed: { status: 422, title: 'The signed document is malformed' },
  document_wrong_type: { status: 422, title: 'The signed document has the wrong type' },
  signature_invalid: { status: 422, title: 'The signature is invalid' },
  threshold_not_met: { status: 409, title: 'The document has too few valid signatures' },
  list_older: { status: 409, title: 'The order list is older than the stored one' },
  list_forked: { status: 409, title: 'Two order lists have the same version' },
  list_other_installation: { status: 409, title: 'The order list is from another installation' },
  list_expired: { status: 409, title: 'The order list has expired' },
  approver_set_older: { status: 409, title: 'The approver set is older than the stored one' },
  pack_invalid: { status: 400, title: 'The evidence pack is invalid' },
  checkpoint_invalid: { status: 422, title: 'The ledger checkpoint is invalid' },
  proof_invalid: { status: 422, title: 'The ledger proof is invalid' },
  ledger_unavailable: { status: 503, title: 'The ledger is unavailable' },
  ledger_forked: { status: 409, title: 'The ledger has two different histories' },
  ledger_older: { status: 409, title: 'The ledger is older than the one already known' },
  ledger_not_cosigned: { status: 409, title: 'Too few witnesses cosigned the ledger' },
  messaging_key_taken: { status: 409, title: 'This enrollment already has another messaging key' },
  unverified_member: { status: 403, title: 'The device is not verified' },
  person_unknown: { status: 404, title: 'Unknown person' },
  message_malformed: { status: 422, title: 'The sealed message is malformed' },
  message_damaged: { status: 422, title: 'The message cannot be decrypted' },
  message_replayed: { status: 409, title: 'The message was already received' },
  message_gap: { status: 409, title: 'Too many earlier messages are missing' },
  epoch_past: { status: 409, title: 'The message belongs to an earlier state of the conversation' },
  epoch_ahead: { status: 409, title: 'The message belongs to a later state of the conversation' },
  conversation_other: { status: 409, title: 'The message belongs to another conversation' },
  conversation_damaged: { status: 422, title: "The conversation's state is damaged" },
  state_copied: { status: 409, title: "A copy of this device's keys is in use" },
  not_a_member: { status: 403, title: 'The device is not a member of the conversation' },
  commit_refused: { status: 422, title: 'This change to the conversation is not allowed' },
  welcome_invalid: { status: 422, title: 'The welcome message cannot be decrypted' },
  key_package_invalid: { status: 422, title: 'The key package is invalid' },
  key_package_expired: { status: 410, title: 'The key package has expired' },
  content_malformed: { status: 422, title: 'The content of the message is malformed' },
  content_unknown: { status: 422, title: 'The type of the message content is unknown' },
  attachment_damaged: { status: 422, title: 'The attachment cannot be decrypted' },
  not_signed_in: { status: 401, title: 'Not signed in' },
  credentials_wrong: { status: 401, title: 'The sign-in failed' },
  totp_required: { status: 401, title: 'An authenticator code is required' },
  totp_reused: { status: 401, title: 'The authenticator code was already used' },
  forbidden: { status: 403, title: 'Your role does not allow this action' },
  order_withheld: { status: 403, title: 'The text of this order is withheld' },
  out_of_scope: { status: 403, title: 'The resource is outside the groups or areas of your role' },
  invitation_invalid: { status: 401, title: 'The invitation is invalid' },
  verification_invalid: { status: 409, title: 'The verification link is invalid' },
  mail_not_configured: { status: 409, title: 'Mail is not configured on this server' },
  mail_failed: { status: 502, title: 'The mail was not sent' },
  last_owner: { status: 409, title: 'The last owner account cannot be removed' },
  step_up_required: { status: 403, title: 'A new authenticator code is required' },
  second_person_required: { status: 409, title: 'A second person must confirm this action' },
  statement_too_long: { status: 422, title: 'The location statement lasts too long' },
  ip_database_invalid: { status: 422, title: 'The IP database is invalid' },
  beyond_retention: { status: 410, title: 'The record was deleted after its retention period' },
  names_in_use: { status: 409, title: 'Devices still use this server name' },
  clock_implausible: { status: 503, title: "The server's clock is implausible" },
  store_unavailable: { status: 503, title: 'The database is unavailable' },
  store_incompatible: { status: 503, title: 'The database has an incompatible version' },
  store_locked: { status: 503, title: 'Another server uses this database' },
  installation_mismatch: { status: 503, title: 'The keys belong to another database' },
  backup_damaged: { status: 422, title: 'The backup is damaged' },
};

/** The message of an internal error may contain secrets, so the server only logs it. */
export function problemOf(error: CordonError): Problem {
  const { status, title } = PROBLEMS[error.code];
  const detail =
    error.code === 'internal'
      ? 'The server could not complete the request. Its log has the cause under the id of this response.'
      : error.message;
  const context =
    error.code === 'internal' || Object.keys(error.context).length === 0 ? {} : { context: error.context };
  return { type: `urn:cordon:problem:${error.code}`, title, status, code: error.code, detail, ...context };
}

/**
 * Link header of a 451 response (RFC 7725, section 4), with one link for each order that suspends the service. `{order}` in `operatorUrl`
 * stands for the order number.
 */
export function blockedBy(
  { status, context = {} }: Pick<Problem, 'status' | 'context'>,
  operatorUrl: string | null,
): Readonly<Record<string, string>> {
  if (status !== 451 || operatorUrl === null) return {};
  const { orders } = context;
  const numbers = Array.isArray(orders) ? orders.map(String) : [];
  const pages = new Set(numbers.map((order) => operatorUrl.replaceAll('{order}', encodeURIComponent(order))));
  if (pages.size === 0) pages.add(operatorUrl.replaceAll('{order}', ''));
  return { Link: [...pages].map((page) => `<${page}>; rel="blocked-by"`).join(', ') };
}
