import { FACTS } from '../../../../shared/inventory/facts.ts';
import type {
  Condition,
  ListColumn,
  ListFact,
  ListFactValue,
  Operator,
} from '../../../../shared/inventory/list-fields.ts';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { gigabytes } from '../device/bytes.ts';

export const COLUMN_NAMES: Readonly<Record<ListColumn, string>> = {
  host: 'Device name',
  group: 'Group',
  location: 'Location',
  labels: 'Labels',
  seen: 'Last seen',
  enrolled: 'Enrolled',
  'agent.version': 'Agent version',
  hostname: 'Reported host name',
  'os.platform': 'Platform',
  'os.id': 'Distribution',
  'os.name': 'Operating system',
  'os.version': 'System version',
  'os.kernel': 'Kernel',
  'os.arch': 'Architecture',
  'os.bootedAt': 'Last start',
  'os.patched': 'Security updates installed',
  'os.needsRestart': 'Restart needed',
  pendingUpdates: 'Pending updates',
  pendingSecurityUpdates: 'Pending security updates',
  'hardware.manufacturer': 'Manufacturer',
  'hardware.model': 'Model',
  'hardware.serial': 'Serial number',
  'hardware.memory': 'Memory',
  'hardware.cores': 'Processor cores',
  'disk.encrypted': 'Disks encrypted',
  'battery.health': 'Battery health',
  firewall: 'Firewall',
  secureBoot: 'Secure Boot',
  'users.count': 'Local users',
  'users.admins': 'Local administrators',
};

export const OPERATOR_NAMES: Readonly<Record<Operator, string>> = {
  is: 'is',
  'is-not': 'is not',
  contains: 'contains',
  'starts-with': 'starts with',
  'at-least': 'is at least',
  'at-most': 'is at most',
  known: 'is known',
  unknown: 'is unknown',
};

/** Unit in which the admin enters a number. `size`: factor that converts the number to the unit of the API, such as bytes. */
export const UNITS: Readonly<Partial<Record<ListFact, { readonly name: string; readonly size: number }>>> = {
  'hardware.memory': { name: 'GB', size: 1_000_000_000 },
  'battery.health': { name: 'percent', size: 1 },
};

export function factText(fact: ListFact, value: ListFactValue): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value !== 'number') return value ?? 'Unknown';
  if (fact === 'hardware.memory') return gigabytes(value);
  if (fact === 'battery.health') return `${value} %`;
  return fact === 'os.bootedAt' ? dateTime(value) : value.toLocaleString('en');
}

export const conditionText = ({ field, op, value }: Condition): string =>
  [COLUMN_NAMES[field], OPERATOR_NAMES[op], value === undefined ? null : factText(field, value)]
    .filter((part) => part !== null)
    .join(' ');

export const isTime = (fact: ListFact): boolean => fact === 'os.bootedAt';
export const typeOf = (fact: ListFact) => FACTS[fact].type;
