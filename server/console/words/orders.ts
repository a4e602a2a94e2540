/** Services, ties, reasons, acts and states in an admin's words. */

import { listed } from '../../../shared/areas/area-words.ts';
import type { OrderAct } from '../../../shared/order/documents.ts';
import type { Nexus, Service } from '../../../shared/verdict/terms.ts';

export const SERVICE_NAMES: Readonly<Record<Service, string>> = {
  enrolment: 'Enrolment',
  management: 'Management',
  messaging: 'Messages',
  mail: 'Mail',
};

/** `messages and mail`. */
export const servicesWords = (services: readonly Service[]): string =>
  listed(services.map((each) => SERVICE_NAMES[each].toLowerCase()));

export const SERVICE_MEANING: Readonly<Record<Service, string>> = {
  enrolment: 'New devices can be added, and known ones added again.',
  management: 'The server can lock, wipe and message the device, and sees how it is.',
  messaging: 'People can send each other messages.',
  mail: 'Company mail reaches the device.',
};

export const NEXUS_NAMES: Readonly<Record<Nexus, string>> = {
  present: 'is there',
  home: 'has its home there',
  network: 'uses a mobile network there',
  seat: 'belongs to a part of the company seated there',
};

export const ACT_NAMES: Readonly<Record<OrderAct, string>> = {
  propose: 'Proposal',
  revise: 'Change',
  extend: 'New date',
  hold: 'Hold',
  release: 'Release',
  exit: 'Exit',
  withdraw: 'Withdrawal',
};

export const MODE_NAMES = { suspend: 'Suspend, and restore later', exit: 'Leave the country for good' } as const;
