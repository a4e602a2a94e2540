import type { Receipt } from '../../../shared/order/documents.ts';
import { SERVICES } from '../../../shared/verdict/terms.ts';
import { MOMENT_NAMES } from './notices.ts';
import { SERVICE_NAMES } from './orders.ts';

export const STATUS_WORDS = { active: 'Active', revoked: 'Revoked', unenrolled: 'Unenrolled' } as const;

/** Sentence about a device's receipt for an order. `service` is null if the receipt concerns the whole order. */
export function receiptSentence({
  kind,
  service,
  notice,
}: Pick<Receipt, 'kind' | 'notice'> & { readonly service: string | null }): string {
  const noticeText = notice === undefined ? null : `the notice “${MOMENT_NAMES[notice]}”`;
  const known = SERVICES.find((one) => one === service);
  const serviceName = known ? SERVICE_NAMES[known].toLowerCase() : (service ?? 'the service');
  switch (kind) {
    case 'delivered':
      return noticeText === null ? 'The device stored the order.' : `The device stored ${noticeText} for its user.`;
    case 'displayed':
      return `The device displayed ${noticeText ?? 'the order'} to its user.`;
    case 'enforced':
      return `The device suspended ${serviceName}.`;
    case 'restored':
      return `The device restored ${serviceName}.`;
    case 'wiped':
      return 'The device wiped its work data.';
  }
}

const ALERT_NAMES: Readonly<Record<string, string>> = {
  notification_failed: 'Notification not delivered',
  report_refused: 'Server refused a report from the device',
  taken_over: 'Two connections with the same device certificate',
  certificate_rejected: 'Certificate rejected by the server',
  mail_redirected: 'Server named a wrong person for an e-mail address',
  mail_unopenable: 'Mail connector refused mail of a device',
  mail_unreadable: 'Mail connector cannot read queued mail',
  mail_device_full: 'Mail queue of the device full',
  list_expired: 'Order list expired on the device',
  disk_full: 'Disk full on the device',
  time_implausible: 'Implausible server time rejected by the device',
  time_corrected: 'Device clock set back by a time correction',
  list_forked: 'Two different order lists with the same version number',
  list_older: 'Older order list rejected by the device',
  list_other_installation: 'Order list of another server rejected by the device',
  approver_set_older: 'Older approver set rejected by the device',
  signature_invalid: 'Document with an invalid signature rejected by the device',
  threshold_not_met: 'Document with too few signatures rejected by the device',
  document_malformed: 'Malformed document rejected by the device',
  order_not_understood: 'Order that the device does not understand',
  order_unverified: 'Order that the device could not verify',
  pause_renewed: 'Pause renewed by only one approver',
  conversation_blocked: 'Conversation changes refused by the server',
  compliance_wipe_prevented: 'Wipe by a policy prevented',
  compliance_wipes_wait: 'Too many wipes by policies in one day',
  other_alerts: 'Other alerts, counted together because the device sent too many kinds on one day',
  job_stopped: 'Job stopped because too many devices failed',
  credential_reset: 'Account credentials reset',
  credential_reset_link: 'Credential reset link created',
  identity_linked: 'Account linked to the identity provider',
  identity_unlinked: 'Link of an account to the identity provider removed',
  recovery_code_used: 'Recovery code used to sign in',
  passkey_copied: 'Passkey refused, because a copy of it may exist',
  ledger_behind: 'Ledger on the server shorter than a device saw before',
  reported_taken_over: 'Second connection with the same certificate, reported by the device',
};

/** Name of an alert by its code. For an unknown code, such as from another vendor's agent, the name consists of the words in the code. */
export const alertName = (code: string): string => {
  const words = code.replaceAll('_', ' ');
  // The code of an alert about an order contains the order number, as in `answer_due:2015-001`.
  const [kind = code, order] = code.split(':');
  if (kind === 'answer_due' && order !== undefined) return `Answer due for order ${order}`;
  return ALERT_NAMES[code] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

export const REVOCATION_WORDS = {
  keyCompromise: 'Lost, stolen or compromised',
  cessationOfOperation: 'Out of use',
  privilegeWithdrawn: 'User no longer authorized',
  unspecified: 'Other reason',
} as const;
