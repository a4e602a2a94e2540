/** Errors as RFC 9457 problems: one table, every code in it. */

import type { CordonError, ErrorCode } from '../errors.ts';
import type { Problem } from './wire.ts';

const PROBLEMS: Record<ErrorCode, { readonly status: number; readonly title: string }> = {
  invalid_input: { status: 400, title: 'The request is not as the API describes it' },
  not_found: { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'It stands against what is there' },
  too_large: { status: 413, title: 'Too large' },
  rate_limited: { status: 429, title: 'Too many attempts' },
  unavailable: { status: 503, title: 'Not available now' },
  internal: { status: 500, title: 'The server failed' },
  csr_malformed: { status: 400, title: 'The signing request is malformed' },
  csr_bad_signature: { status: 400, title: 'The signing request is not signed by its own key' },
  csr_weak_key: { status: 400, title: 'The key is too weak' },
  csr_asks_for_more: { status: 400, title: 'The signing request asks for more than a device gets' },
  csr_wrong_subject: { status: 400, title: 'The signing request is for somebody else' },
  code_unknown: { status: 401, title: 'Unknown activation code' },
  code_used: { status: 409, title: 'The activation code has been used' },
  code_expired: { status: 410, title: 'The activation code has expired' },
  fingerprint_mismatch: { status: 400, title: 'Another certificate authority' },
  enrolment_denied: { status: 451, title: 'Enrolment is denied by an order' },
  approvers_required: { status: 409, title: 'There are no approvers yet' },
  passphrase_wrong: { status: 400, title: 'The passphrase is wrong' },
  certificate_unknown: { status: 403, title: 'Unknown certificate' },
  certificate_revoked: { status: 403, title: 'The certificate is revoked' },
  certificate_expired: { status: 403, title: 'The certificate has expired' },
  certificate_superseded: { status: 403, title: 'A newer certificate took over' },
  certificate_wrong_profile: { status: 403, title: 'Not a device certificate' },
  frame_malformed: { status: 400, title: 'Malformed frame' },
  frame_too_large: { status: 413, title: 'The frame is too large' },
  service_denied: { status: 451, title: 'Denied by an order' },
  device_unknown: { status: 404, title: 'There is no such device' },
  taken_over: { status: 409, title: 'Another socket took over' },
  command_finished: { status: 409, title: 'The command has finished' },
  command_expired: { status: 409, title: 'The command has expired' },
  workspace_locked: { status: 409, title: 'The workspace is locked' },
  workspace_wiped: { status: 410, title: 'The workspace has been wiped' },
  legal_hold: { status: 409, title: 'A legal hold keeps what is there' },
  second_approver_required: { status: 409, title: 'A second person must approve' },
  same_person: { status: 409, title: 'The same person' },
  ambiguous_local_time: { status: 422, title: 'The local time is ambiguous or does not exist' },
  effective_in_past: { status: 422, title: 'The order would begin in the past' },
  until_before_effective: { status: 422, title: 'The order would end before it begins' },
  until_in_past: { status: 422, title: 'The order would end in the past' },
  unknown_area: { status: 422, title: 'Unknown area' },
  unknown_service: { status: 422, title: 'Unknown service' },
  unknown_feature: { status: 422, title: 'Unknown disputed ground' },
  not_a_claimant: { status: 422, title: 'Not a claimant' },
  unknown_device: { status: 422, title: 'Unknown device' },
  revision_superseded: { status: 409, title: 'A newer revision took its place' },
  order_closed: { status: 409, title: 'The order has been withdrawn' },
  act_not_allowed: { status: 409, title: 'The order does not stand for that now' },
  exit_not_stated: { status: 422, title: 'The order does not end in an exit' },
  exit_too_early: { status: 409, title: 'People can still export' },
  approval_invalid: { status: 422, title: 'The approval is not valid' },
  approver_unknown: { status: 403, title: 'Not an approver' },
  document_malformed: { status: 422, title: 'Malformed document' },
  document_wrong_type: { status: 422, title: 'Another kind of document' },
  signature_invalid: { status: 422, title: 'The signature does not fit' },
  threshold_not_met: { status: 409, title: 'Too few signatures' },
  list_older: { status: 409, title: 'An older list' },
  list_forked: { status: 409, title: 'Two lists with one version' },
  list_other_installation: { status: 409, title: "Another installation's list" },
  list_expired: { status: 409, title: 'The list has expired' },
  root_older: { status: 409, title: 'An older root of approvers' },
  pack_invalid: { status: 400, title: 'An evidence pack that does not hold' },
  checkpoint_invalid: { status: 422, title: 'The checkpoint is not valid' },
  proof_invalid: { status: 422, title: 'The proof does not fit' },
  ledger_unavailable: { status: 503, title: 'The ledger is not available' },
  ledger_forked: { status: 409, title: 'Two ledgers with one name' },
  ledger_older: { status: 409, title: 'An older ledger' },
  messaging_key_taken: { status: 409, title: 'This enrolment has another key' },
  ghost_member: { status: 403, title: 'Not a member' },
  person_unknown: { status: 404, title: 'Nobody is known by that' },
  message_malformed: { status: 422, title: 'Not a sealed message' },
  message_damaged: { status: 422, title: 'The message does not open' },
  message_replayed: { status: 409, title: 'The message has come before' },
  message_gap: { status: 409, title: 'Too many messages are missing' },
  epoch_past: { status: 409, title: 'The conversation has moved on' },
  epoch_ahead: { status: 409, title: 'The conversation has not come so far' },
  conversation_other: { status: 409, title: 'Another conversation' },
  conversation_damaged: { status: 422, title: "The conversation's state is damaged" },
  state_copied: { status: 409, title: "The conversation's state was copied" },
  not_a_member: { status: 403, title: 'Not a member of the conversation' },
  commit_refused: { status: 422, title: 'The change to the conversation is not allowed' },
  welcome_invalid: { status: 422, title: 'The welcome does not open' },
  key_package_invalid: { status: 422, title: 'The key package is not valid' },
  key_package_expired: { status: 410, title: 'The key package has expired' },
  content_malformed: { status: 422, title: 'Malformed content' },
  content_unknown: { status: 422, title: 'Content of an unknown kind' },
  attachment_damaged: { status: 422, title: 'The attachment does not open' },
  not_signed_in: { status: 401, title: 'Not signed in' },
  credentials_wrong: { status: 401, title: 'The sign-in failed' },
  totp_required: { status: 401, title: 'A code is needed' },
  totp_reused: { status: 401, title: 'The code has been used' },
  forbidden: { status: 403, title: 'Not allowed' },
  out_of_scope: { status: 403, title: 'Outside your groups or areas' },
  invitation_invalid: { status: 401, title: 'The invitation is not valid' },
  last_owner: { status: 409, title: 'The last owner' },
  step_up_required: { status: 403, title: 'This action needs a new authenticator code' },
  second_person_required: { status: 409, title: 'A second person must confirm this action' },
  ip_database_invalid: { status: 422, title: 'Not an IP database' },
  beyond_retention: { status: 410, title: 'No longer kept' },
  names_in_use: { status: 409, title: 'Devices use this name' },
  clock_implausible: { status: 503, title: 'Implausible clock' },
  store_unavailable: { status: 503, title: 'The store is not available' },
  store_incompatible: { status: 503, title: 'The database does not fit this version' },
  store_locked: { status: 503, title: 'Another server uses this database' },
  installation_mismatch: { status: 503, title: 'Keys and database do not belong together' },
  backup_damaged: { status: 422, title: 'The backup is damaged' },
};

/** What the caller is told. An internal error's own words stay in the log. */
export function problemOf(error: CordonError): Problem {
  const { status, title } = PROBLEMS[error.code];
  const detail = error.code === 'internal' ? 'The server failed; its log says why.' : error.message;
  const context =
    error.code === 'internal' || Object.keys(error.context).length === 0 ? {} : { context: error.context };
  return { type: `urn:cordon:problem:${error.code}`, title, status, code: error.code, detail, ...context };
}

/**
 * Who blocks, beside a 451 (RFC 7725, section 4): a link for each order that denies, where `operatorUrl` has `{order}` for its number, or else
 * one. `operatorUrl`: null when the operator has not said where they are to be found.
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
