import { listed } from '../../../shared/areas/area-words.ts';
import type { OrderAction } from '../../../shared/order/documents.ts';
import type { Nexus, Service } from '../../../shared/verdict/terms.ts';

export const SERVICE_NAMES: Readonly<Record<Service, string>> = {
  enrollment: 'Enrollment',
  management: 'Management',
  messaging: 'Messaging',
  mail: 'Mail',
};

export const servicesWords = (services: readonly Service[]): string =>
  listed(services.map((each) => SERVICE_NAMES[each].toLowerCase()));

export const SERVICE_MEANING: Readonly<Record<Service, string>> = {
  enrollment: 'Devices can enroll and re-enroll.',
  management: 'Admins can lock, wipe and message the device and see its state.',
  messaging: 'Users can send each other messages.',
  mail: 'Users can send and receive e-mail through the company’s mail server.',
};

export const NEXUS_NAMES: Readonly<Record<Nexus, string>> = {
  present: 'is located in the area',
  home: 'has its home in the area',
  network: 'uses a mobile network of the area',
  seat: 'has its legal seat in the area',
};

export const ACTION_NAMES: Readonly<Record<OrderAction, string>> = {
  propose: 'Proposal',
  revise: 'Change of terms',
  extend: 'Extension',
  pause: 'Pause',
  resume: 'Resumption',
  exit: 'Exit',
  withdraw: 'Withdrawal',
};

export const MODE_NAMES = {
  suspend: 'Suspension: suspend services and restore them later',
  exit: 'Exit: wipe work data and end enrollments',
} as const;
