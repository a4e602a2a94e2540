/** Evidence, receipts, alarms and certificates of a device in an admin's words. */
import type { Receipt } from '../../../shared/order/documents.ts';
import { type EvidenceSource, type Location, SERVICES } from '../../../shared/verdict/terms.ts';
import { SERVICE_NAMES } from './orders.ts';

export const SOURCE_NAMES: Readonly<Record<EvidenceSource, string>> = {
  statement: "An admin's statement",
  position: 'The position that the device found',
  network: 'The mobile network that serves it',
  address: 'The Internet address that it connects from',
};

export const CERTAINTY_NAMES: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Certain',
  probable: 'Probable',
  unknown: 'Not known',
};

export const CERTAINTY_MEANING: Readonly<Record<Location['certainty'], string>> = {
  certain: 'Two sources agree, or the device found its position exactly.',
  probable: 'One source says so, or several places are possible.',
  unknown: 'Nothing that still counts says where the device is.',
};

export const STATUS_WORDS = { active: 'Active', revoked: 'Revoked', unenrolled: 'Unenrolled' } as const;

/** What a receipt says; `service` as the store has it, null for what is about the whole order. */
export function receiptSentence(kind: Receipt['kind'], service: string | null): string {
  const known = SERVICES.find((one) => one === service);
  const what = known ? SERVICE_NAMES[known].toLowerCase() : (service ?? 'the service');
  switch (kind) {
    case 'informed':
      return 'It has the order.';
    case 'shown':
      return 'It has shown the order to its user.';
    case 'enforced':
      return `It has shut off ${what}.`;
    case 'restored':
      return `It has restored ${what}.`;
  }
}

const ALARM_NAMES: Readonly<Record<string, string>> = {
  report_refused: 'A report of the device was refused',
  taken_over: 'A second connection with the same identity',
  list_expired: 'Its order list has expired',
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
