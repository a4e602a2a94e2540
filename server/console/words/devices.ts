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

export const RECEIPT_SENTENCES: Readonly<Record<Receipt['kind'], string>> = {
  informed: 'It has the order.',
  shown: 'It has shown the order to its user.',
  enforced: 'It has closed the service.',
  restored: 'It has opened the service again.',
};

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

/** A service as the store has it. */
export function serviceName(service: string): string {
  const known = SERVICES.find((one) => one === service);
  return known ? SERVICE_NAMES[known] : service;
}

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
