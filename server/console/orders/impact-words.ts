import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { ImpactView } from '../../../shared/api/order-impact.ts';
import type { OrderPreview } from '../../../shared/api/order-preview.ts';

export const CLASS_NAMES: Readonly<Record<ImpactClass, string>> = {
  denied: 'Loses services',
  borderline: 'Contested location',
  unknown: 'Location unknown',
  visiting: 'Visiting',
  traveling: 'Traveling',
  exempt: 'Exempt',
  offline_current: 'Offline, order stored on device',
  offline_behind: 'Offline, order not stored on device',
  undelivered: 'Order not delivered yet',
};

export const CLASS_MEANING: Readonly<Record<ImpactClass, string>> = {
  denied: 'The order suspends at least one service of the device.',
  borderline:
    'Some possible locations are in the order’s areas, others are not. The order’s rule for contested locations applies.',
  unknown: 'No valid evidence exists for the device’s location. The order’s rule for unknown locations applies.',
  visiting:
    'The device is in the order’s areas, but its home area is elsewhere. The device keeps its services during the grace period for visitors.',
  traveling: 'The home area of the device is in the order’s areas, but the device is elsewhere. The device may return.',
  exempt: 'The order exempts the device.',
  offline_current:
    'The device loses services and is offline. The device has stored this revision and applies it without a connection.',
  offline_behind: 'The device loses services and is offline. The device receives this revision when it connects.',
  undelivered:
    'The device loses services, and has never confirmed any revision of the order. Its user may get no notice in advance.',
};

export const CHANGE_NAMES: Readonly<Record<ImpactChange, string>> = {
  newly_affected: 'Newly affected',
  no_longer_affected: 'No longer affected',
  changed: 'Affected in a different way',
};

export const CHANGE_MEANING: Readonly<Record<ImpactChange, string>> = {
  newly_affected: 'This revision suspends a service of the device. The compared revision does not.',
  no_longer_affected: 'The compared revision suspends a service of the device. This revision does not.',
  changed: 'Both revisions suspend services of this device, but for different reasons or different services.',
};

export function waitsWords({ messages, bytes, commands }: ImpactView['waiting'] | Waits): string {
  const parts = [
    ...(messages > 0 ? [`${counted(messages, 'message')} (${sizeWords(bytes)})`] : []),
    ...(commands > 0 ? [counted(commands, 'command')] : []),
  ];
  return parts.length === 0 ? '' : `Waiting for delivery: ${parts.join(' and ')}.`;
}

type Waits = ImpactView['devices'][number]['waits'];

const counted = (count: number, what: string) => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`;
  return `${(bytes / 1_000_000).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}

export type Warning = OrderPreview['warnings'][number];

export const WARNING_TITLES: Readonly<Record<Warning['code'], string>> = {
  names_management: 'Management suspended',
  wipes_data: 'Irreversible wipe',
  pause_without_end: 'Pause without time limit',
  names_enrollment: 'Enrollment suspended',
  affects_approver: 'Approver affected',
  large_share: 'Large part of the fleet affected',
  denies_unknown: 'Order affects devices with unknown location',
  area_empty: 'This area has no effect, because the order assigns this territory to another country',
  area_disputed: 'Disputed territory',
  area_without_borders: 'Area whose borders Cordon does not know',
  territories_excluded: 'Not included: territories with their own country code',
  location_statements: 'Location statements that change which devices are affected',
};
