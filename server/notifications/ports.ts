import type {
  ChannelView,
  ConditionKind,
  NotificationCondition,
  NotificationRuleView,
} from '../../shared/api/notifications.ts';
import type { ChannelId, DeliveryId, DeviceId, GroupId, NotificationRuleId } from '../../shared/protocol/ids.ts';

/** Reason for a notification, such as one offline device. `key` is stable while the cause lasts. */
export interface Cause {
  readonly key: string;
  readonly title: string;
  readonly detail: string;
  readonly device: DeviceId | null;
  readonly order: string | null;
}

export interface CauseQuery<K extends ConditionKind> {
  readonly condition: Extract<NotificationCondition, { readonly kind: K }>;
  readonly group: GroupId | null;
  /** Time from which events count, such as enrollments. Earlier events cause no notification. */
  readonly since: number;
  readonly now: number;
  /** Maximum number of causes. */
  readonly limit: number;
}

/**
 * Sources of the conditions. Each source returns the present causes of its condition. A kind of condition without a source does not
 * compile.
 */
export type CauseSources = {
  readonly [K in ConditionKind]: (query: CauseQuery<K>) => Promise<readonly Cause[]>;
};

export type Rule = NotificationRuleView & { readonly enabledAt: number };

/** Settings and secrets of a channel. Stored encrypted. */
export interface Channel {
  readonly view: ChannelView;
  /** Signing secrets of a webhook (`whsec_…`), newest first. `until`: end of the validity; null for the current secret. */
  readonly secrets: readonly { readonly secret: string; readonly until: number | null }[];
}

export interface StoredChannel {
  readonly id: ChannelId;
  readonly name: string;
  readonly sealed: string;
  readonly createdAt: number;
}

export interface Delivery {
  readonly number: number;
  readonly id: DeliveryId;
  readonly channel: ChannelId;
  readonly rule: NotificationRuleId | null;
  readonly test: boolean;
  readonly title: string;
  readonly body: string;
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAttemptAt: number | null;
  readonly deadlineAt: number;
  readonly deliveredAt: number | null;
  readonly failure: string | null;
}

export type NewDelivery = Pick<
  Delivery,
  'id' | 'channel' | 'rule' | 'test' | 'title' | 'body' | 'createdAt' | 'deadlineAt'
>;

export interface NotificationStore {
  rules(): Promise<Rule[]>;
  /** Stores a new rule, or replaces the rule with this id. Throws `conflict` if another rule has the name. */
  putRule(rule: Rule): Promise<void>;
  deleteRule(id: NotificationRuleId): Promise<boolean>;
  channels(): Promise<StoredChannel[]>;
  putChannel(channel: StoredChannel): Promise<void>;
  /** Deletes a channel and its deliveries. Throws `conflict` if a rule uses it. */
  deleteChannel(id: ChannelId): Promise<boolean>;
  /**
   * Stores the causes and the deliveries of a rule in one transaction. `decide` gets the causes that the rule has notified, with the time of
   * the last notification.
   */
  notify(
    rule: NotificationRuleId,
    decide: (notified: ReadonlyMap<string, number>) => {
      readonly due: readonly string[];
      readonly gone: readonly string[];
      readonly deliveries: readonly NewDelivery[];
    },
    now: number,
  ): Promise<void>;
  enqueue(delivery: NewDelivery): Promise<void>;
  /** Waiting deliveries whose next attempt is due, oldest first. */
  due(now: number, limit: number): Promise<Delivery[]>;
  nextDue(): Promise<number | null>;
  settle(
    id: DeliveryId,
    result: Pick<Delivery, 'state' | 'attempts' | 'nextAttemptAt' | 'deliveredAt' | 'failure'>,
  ): Promise<void>;
  /** Makes a delivery wait again, with the same id. Returns false if there is no such delivery. */
  replay(id: DeliveryId, now: number, deadline: number): Promise<boolean>;
  /** Deliveries with a number below `before`, newest first. */
  deliveries(
    filter: { readonly channel: ChannelId | null; readonly state: Delivery['state'] | null },
    before: number | null,
    limit: number,
  ): Promise<Delivery[]>;
}

/** Sends one delivery. Rejects with the reason of a failure. */
export type Sender = (channel: Channel, delivery: Delivery) => Promise<void>;
