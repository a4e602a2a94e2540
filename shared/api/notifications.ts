/** Notifications: rules, the channels to which they send, and the history of deliveries. */
import { z } from 'zod';
import { channelIdSchema, deliveryIdSchema, groupIdSchema, notificationRuleIdSchema } from '../protocol/ids.ts';
import { emailText } from './accounts.ts';
import { instant } from './wire.ts';

const name = z.string().trim().min(1).max(80);

/** Condition of a rule. A new kind needs a source in `server/composition/notification-sources.ts` and words in the console. */
export const notificationCondition = z.discriminatedUnion('kind', [
  /** A revision, an approver set or a destructive action waits for a person. */
  z.strictObject({ kind: z.literal('approval-pending') }),
  /** A health issue of at least this severity exists. */
  z.strictObject({ kind: z.literal('health-issue'), severity: z.enum(['critical', 'warning', 'notice']) }),
  /** A device has not connected for this number of days. */
  z.strictObject({ kind: z.literal('device-offline'), days: z.int().min(1).max(365) }),
  /** An order takes effect within this number of hours. */
  z.strictObject({ kind: z.literal('order-effective'), hours: z.int().min(1).max(720) }),
  z.strictObject({ kind: z.literal('device-enrolled') }),
  /** A device is not compliant with its policy. */
  z.strictObject({ kind: z.literal('device-not-compliant') }),
  /** A command or a job of commands failed on a device, or the server stopped a job because too many devices failed. */
  z.strictObject({ kind: z.literal('job-failed') }),
]);
export type NotificationCondition = z.infer<typeof notificationCondition>;
export type ConditionKind = NotificationCondition['kind'];

const ruleFields = {
  name,
  condition: notificationCondition,
  /** Group whose devices the rule covers; null for all. Ignored by conditions that are not about devices. */
  group: groupIdSchema.nullable().default(null),
  channels: z.array(channelIdSchema).min(1).max(10),
  /** Hours after which a notification is repeated while its cause lasts; null for never. */
  repeatHours: z.int().min(1).max(720).nullable().default(null),
  enabled: z.boolean().default(true),
};
export const newNotificationRule = z.strictObject(ruleFields);
export const notificationRuleChange = z.strictObject(ruleFields).partial();
export const notificationRuleView = z.object({ ...ruleFields, id: notificationRuleIdSchema, createdAt: instant });
export type NotificationRuleView = z.output<typeof notificationRuleView>;
export const notificationRuleParams = z.object({ id: notificationRuleIdSchema });
export const notificationRuleList = z.object({ rules: z.array(notificationRuleView) });

const host = z
  .string()
  .trim()
  .regex(/^[a-zA-Z0-9.:_-]+$/, 'must be a host name or an IP address')
  .max(253);
const mail = { type: z.literal('mail'), to: emailText };
const webhook = { type: z.literal('webhook'), url: z.url({ protocol: /^https?$/ }).max(2000) };
const syslog = {
  type: z.literal('syslog'),
  host,
  port: z.int().min(1).max(65_535),
  /** Transport of syslog messages. `tls`: RFC 5425. `tcp`: RFC 6587 with octet counting. `udp`: RFC 5426. */
  transport: z.enum(['tls', 'tcp', 'udp']),
};
/** JSON lines in the folder `notifications` of the server's data folder. */
const file = { type: z.literal('file'), file: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/) };

export const newChannel = z.discriminatedUnion('type', [
  z.strictObject({ name, ...mail }),
  z.strictObject({ name, ...webhook }),
  z.strictObject({ name, ...syslog }),
  z.strictObject({ name, ...file }),
]);
export type NewChannel = z.infer<typeof newChannel>;

const stored = { id: channelIdSchema, name, createdAt: instant };
/** Channel as admins see it. A view never contains a secret. */
export const channelView = z.discriminatedUnion('type', [
  z.object({ ...stored, ...mail }),
  /** Webhook. `previousSecretUntil`: end of the time in which requests also have a signature by the secret before the rotation. */
  z.object({ ...stored, ...webhook, previousSecretUntil: instant.nullable() }),
  z.object({ ...stored, ...syslog }),
  z.object({ ...stored, ...file }),
]);
export type ChannelView = z.output<typeof channelView>;
export const channelParams = z.object({ id: channelIdSchema });
export const channelList = z.object({ channels: z.array(channelView) });
/** New channel. `secret`: signing secret of a webhook (Standard Webhooks, `whsec_…`), shown only once; null for other channels. */
export const createdChannel = z.object({ channel: channelView, secret: z.string().nullable() });

export const deliveryView = z.object({
  id: deliveryIdSchema,
  channel: channelIdSchema,
  rule: notificationRuleIdSchema.nullable(),
  test: z.boolean(),
  /** Title of the notification, such as "3 devices are offline". */
  title: z.string(),
  state: z.enum(['waiting', 'delivered', 'dead']),
  attempts: z.int(),
  createdAt: instant,
  nextAttemptAt: instant.nullable(),
  deliveredAt: instant.nullable(),
  /** Reason of the last failed attempt. */
  failure: z.string().nullable(),
});
export type DeliveryView = z.output<typeof deliveryView>;
export const deliveryParams = z.object({ id: deliveryIdSchema });
export const deliveryQuery = z.strictObject({
  channel: channelIdSchema.optional(),
  state: z.enum(['waiting', 'delivered', 'dead']).optional(),
  cursor: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const deliveryList = z.object({ deliveries: z.array(deliveryView), next: z.int().nullable() });
export const queuedDelivery = z.object({ delivery: deliveryIdSchema });
