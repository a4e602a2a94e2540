import {
  type Condition,
  type ListColumn,
  type ListFactValue,
  type ListField,
  type Operator,
  TIME_FIELDS,
} from '../../../../shared/inventory/list-fields.ts';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { gigabytes } from '../device/bytes.ts';

export const COLUMN_NAMES: Readonly<Record<ListColumn | ListField, string>> = {
  host: 'Device name',
  group: 'Group',
  location: 'Location',
  labels: 'Labels',
  marks: 'Marks',
  seen: 'Last seen',
  enrolled: 'Enrolled',
  user: 'User',
  lostMode: 'Lost mode',
  software: 'Installed software',
  'agent.version': 'Agent version',
  hostname: 'Reported host name',
  'os.platform': 'Platform',
  'os.id': 'Distribution',
  'os.name': 'Operating system',
  'os.version': 'System version',
  'os.kernel': 'Kernel',
  'os.release': 'System release',
  'os.arch': 'Architecture',
  'os.bootedAt': 'Last start',
  'os.patched': 'Security updates installed',
  'os.needsRestart': 'Restart needed',
  'os.updatesCheckedAt': 'Updates last checked',
  'updates.packages': 'Packages with updates',
  pendingUpdates: 'Pending updates',
  pendingSecurityUpdates: 'Pending security updates',
  'hardware.manufacturer': 'Manufacturer',
  'hardware.model': 'Model',
  'hardware.serial': 'Serial number',
  'hardware.uuid': 'Hardware UUID',
  'hardware.processor': 'Processor',
  'hardware.memory': 'Memory',
  'hardware.cores': 'Processor cores',
  'disk.encrypted': 'Disks encrypted',
  'disk.count': 'Number of disks',
  'disk.size': 'Size of disks',
  'disk.names': 'Disks',
  'disk.unencrypted': 'Unencrypted disks',
  'battery.percent': 'Battery charge',
  'battery.cycles': 'Battery cycles',
  'battery.names': 'Batteries',
  'battery.states': 'Battery state',
  'battery.health': 'Battery health',
  firewall: 'Firewall',
  secureBoot: 'Secure Boot',
  'users.count': 'Local users',
  'users.admins': 'Local administrators',
  'users.names': 'Names of local users',
  'users.adminNames': 'Names of local administrators',
  'network.adapters': 'Network adapters',
  'network.macs': 'Hardware addresses (MAC)',
  'network.addresses': 'IP addresses of adapters',
  'certificates.count': 'Added certificates',
  'certificates.expireAt': 'First certificate expiry',
  'certificates.subjects': 'Certificate subjects',
  'certificates.issuers': 'Certificate issuers',
  'certificates.fingerprints': 'Certificate fingerprints',
};

const OPERATOR_NAMES: Readonly<Record<Operator, string>> = {
  is: 'is',
  'is-not': 'is not',
  includes: 'includes',
  excludes: 'does not include',
  contains: 'contains',
  'starts-with': 'starts with',
  'at-least': 'is at least',
  'at-most': 'is at most',
  known: 'is known',
  unknown: 'is unknown',
};

/** Unit in which the admin enters a number. `size`: factor that converts the number to the unit of the API, such as bytes. */
export const UNITS: Readonly<Partial<Record<ListField, { readonly name: string; readonly size: number }>>> = {
  'hardware.memory': { name: 'GB', size: 1_000_000_000 },
  'disk.size': { name: 'GB', size: 1_000_000_000 },
  'battery.health': { name: 'percent', size: 1 },
  'battery.percent': { name: 'percent', size: 1 },
};

export function factText(field: ListField, value: ListFactValue): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'object') return value === null ? 'Unknown' : value.length === 0 ? 'None' : value.join(', ');
  if (typeof value === 'string') return value;
  if (UNITS[field]?.name === 'GB') return gigabytes(value);
  if (UNITS[field]?.name === 'percent') return `${value} %`;
  return isTime(field) ? dateTime(value) : value.toLocaleString('en');
}

/** Name of an operator. A device without labels has an unknown list of labels. */
export const operatorText = (field: ListField, op: Operator): string =>
  field === 'labels' && op === 'known'
    ? 'are set'
    : field === 'labels' && op === 'unknown'
      ? 'are not set'
      : OPERATOR_NAMES[op];

export const conditionText = ({ field, op, value }: Condition): string =>
  [COLUMN_NAMES[field], operatorText(field, op), value === undefined ? null : factText(field, value)]
    .filter((part) => part !== null)
    .join(' ');

export const isTime = (field: ListField): boolean => TIME_FIELDS.includes(field);
