/** Words of notifications: conditions, channels and states of deliveries. */
import type { ChannelView, ConditionKind, NotificationCondition } from '../../../shared/api/notifications.ts';

/** Conditions that the dialog offers, in this order. A new kind of condition needs one line here. */
export const CONDITION_NAMES: Readonly<Record<ConditionKind, string>> = {
  'approval-pending': 'Approval pending',
  'health-issue': 'Health issue',
  'device-offline': 'Device offline',
  'order-effective': 'Order takes effect soon',
  'device-enrolled': 'New device',
  'device-not-compliant': 'Device not compliant',
  'job-failed': 'Command failed or job stopped',
};

/** Conditions about devices, which a group can limit. */
export const ABOUT_DEVICES: ReadonlySet<ConditionKind> = new Set([
  'device-offline',
  'device-enrolled',
  'device-not-compliant',
  'job-failed',
]);

export const SEVERITY_NAMES = { critical: 'Critical', warning: 'Warning or worse', notice: 'All' } as const;

export function conditionText(condition: NotificationCondition): string {
  const name = CONDITION_NAMES[condition.kind];
  switch (condition.kind) {
    case 'device-offline':
      return `${name} for ${condition.days} ${condition.days === 1 ? 'day' : 'days'}`;
    case 'order-effective':
      return `${name}: within ${condition.hours} ${condition.hours === 1 ? 'hour' : 'hours'}`;
    case 'health-issue':
      return `${name}: ${SEVERITY_NAMES[condition.severity].toLowerCase()}`;
    default:
      return name;
  }
}

export const CHANNEL_NAMES: Readonly<Record<ChannelView['type'], string>> = {
  mail: 'Mail',
  webhook: 'Webhook',
  syslog: 'Syslog',
  file: 'JSON lines in a file',
};

export function receiverOf(channel: ChannelView): string {
  switch (channel.type) {
    case 'mail':
      return channel.to;
    case 'webhook':
      return channel.url;
    case 'syslog':
      return `${channel.host}:${channel.port}, ${channel.transport.toUpperCase()}`;
    case 'file':
      return `notifications/${channel.file}.jsonl in the data folder`;
  }
}

export const DELIVERY_STATES = {
  waiting: { label: 'Waiting', color: 'yellow' },
  delivered: { label: 'Delivered', color: 'green' },
  dead: { label: 'Failed', color: 'red' },
} as const;
