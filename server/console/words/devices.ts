/** Evidence, receipts, alarms and certificates of a device in an admin's words. */
import type { Receipt } from '../../../shared/order/documents.ts';
import { SERVICES } from '../../../shared/verdict/terms.ts';
import { MOMENT_NAMES } from './notices.ts';
import { SERVICE_NAMES } from './orders.ts';

export const STATUS_WORDS = { active: 'Active', revoked: 'Revoked', unenrolled: 'Unenrolled' } as const;

/** What a receipt says; `service` as the store has it, null for what is about the whole order. */
export function receiptSentence({
  kind,
  service,
  notice,
}: Pick<Receipt, 'kind' | 'notice'> & { readonly service: string | null }): string {
  const told = notice === undefined ? null : `the notice “${MOMENT_NAMES[notice]}”`;
  const known = SERVICES.find((one) => one === service);
  const what = known ? SERVICE_NAMES[known].toLowerCase() : (service ?? 'the service');
  switch (kind) {
    case 'informed':
      return told === null ? 'It has the order.' : `It has kept ${told} for its user.`;
    case 'shown':
      return `It has shown ${told ?? 'the order'} to its user.`;
    case 'enforced':
      return `It has shut off ${what}.`;
    case 'restored':
      return `It has restored ${what}.`;
    case 'wiped':
      return 'It has wiped the work data on it.';
  }
}

const ALARM_NAMES: Readonly<Record<string, string>> = {
  report_refused: 'A report of the device was refused',
  taken_over: 'A second connection with the same identity',
  certificate_rejected: 'The server rejected its certificate',
  list_expired: 'Its order list has expired',
  time_implausible: "It does not use the server's time, which is implausible",
  time_corrected: 'A time correction turned its time back',
  list_forked: 'It was given two different order lists of one version',
  list_older: 'It was given an older order list',
  list_other_installation: 'It was given an order list of another installation',
  root_older: 'It was given an older list of approvers',
  signature_invalid: 'It was given a document with a wrong signature',
  threshold_not_met: 'It was given a document with too few signatures',
  document_malformed: 'It was given a document that it cannot read',
  order_not_understood: 'It cannot enforce an order',
  order_unverified: 'It does not believe an order',
  hold_renewed: 'One approver alone would prolong a hold',
  conversation_blocked: 'The server refuses changes of one of its conversations',
  other_alarms: 'More kinds of alarms than are listed',
  reported_taken_over: 'The device itself reports a takeover',
};

/** Codes come from agents too, also of other makers: one that is not known stays readable. */
export const alarmName = (code: string): string => {
  const words = code.replaceAll('_', ' ');
  return ALARM_NAMES[code] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

export const REVOCATION_WORDS = {
  keyCompromise: 'Lost, stolen or copied',
  cessationOfOperation: 'Out of use',
  privilegeWithdrawn: 'Its user may not have it any more',
  unspecified: 'Another reason',
} as const;
