/**
 * Notifications: rules watch for causes, such as an offline device, and send them through channels (mail, webhook, syslog, file). Deliveries
 * are rows of a durable queue: at least once, with the same id for each attempt (ADR 64).
 */
import type { z } from 'zod';
import type {
  ChannelView,
  NewChannel,
  newNotificationRule,
  notificationRuleChange,
} from '../../shared/api/notifications.ts';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import {
  type ChannelId,
  type DeliveryId,
  type NotificationRuleId,
  newChannelId,
  newDeliveryId,
  newNotificationRuleId,
} from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { hostOf } from '../outbound/receiver-addresses.ts';
import { type Content, contentOf, type Origin, testContent, titleOf } from './content.ts';
import { DELIVERY_LASTS, decideDue, settlementOf } from './decisions.ts';
import type {
  Cause,
  CauseQuery,
  CauseSources,
  Channel,
  Delivery,
  NewDelivery,
  NotificationStore,
  Rule,
  Sender,
  StoredChannel,
} from './ports.ts';
import { newWebhookSecret } from './webhook-signature.ts';

export type { Cause, CauseSources } from './ports.ts';
export { createSender } from './senders.ts';

const MINUTE = 60_000;
/** Interval at which the rules look for causes. */
const CHECK_EVERY = MINUTE;
const DELIVERIES_AT_ONCE = 8;
/** Maximum number of causes of a rule. If more devices are offline, the network is the cause, and listing each device would not help. */
const CAUSES = 5_000;
/** Time for which requests also have a signature by the secret before a rotation. */
const ROTATION_LASTS = 24 * 60 * MINUTE;
const MOST_RULES = 100;
const MOST_CHANNELS = 50;

type NewRule = z.output<typeof newNotificationRule>;
type RuleChange = z.output<typeof notificationRuleChange>;

export interface NotificationsPorts {
  readonly store: NotificationStore;
  readonly sealer: { seal(plain: string, id: ChannelId): string; unseal(text: string, id: ChannelId): string };
  readonly causes: CauseSources;
  readonly send: Sender;
  /** Rejects with the reason if the server does not send to this host. */
  readonly requireReceiver: (host: string, options: { readonly plainHttp: boolean }) => Promise<void>;
  readonly origin: Origin;
  /** Clock for causes, which evidence about devices and orders also uses. Deliveries use the system clock. */
  readonly clock: Clock;
  readonly now?: () => number;
  readonly raise: (alert: { device: null; code: string; detail: string }) => Promise<void>;
  readonly log: { warn(fields: object, text: string): void };
}

export type Notifications = ReturnType<typeof createNotifications>;

export function createNotifications(ports: NotificationsPorts) {
  const { store, sealer, causes, send, requireReceiver, origin, clock, log, now = Date.now } = ports;

  const open = (stored: StoredChannel): Channel => JSON.parse(sealer.unseal(stored.sealed, stored.id)) as Channel;
  async function channel(id: ChannelId): Promise<Channel> {
    const stored = (await store.channels()).find((each) => each.id === id);
    if (stored) return open(stored);
    throw new CordonError('not_found', `There is no notification channel ${id}. List the channels again.`);
  }
  async function rule(id: NotificationRuleId): Promise<Rule> {
    const found = (await store.rules()).find((each) => each.id === id);
    if (found) return found;
    throw new CordonError('not_found', `There is no notification rule ${id}. List the rules again.`);
  }
  const keep = (value: Channel) => {
    const { id, name, createdAt } = value.view;
    return store.putChannel({ id, name, createdAt, sealed: sealer.seal(JSON.stringify(value), id) });
  };

  function deliveryOf(to: ChannelId, from: NotificationRuleId | null, title: string, content: Content): NewDelivery {
    const at = now();
    const body = JSON.stringify(content);
    const { test } = content.data;
    return {
      id: newDeliveryId(),
      channel: to,
      rule: from,
      test,
      title,
      body,
      createdAt: at,
      deadlineAt: at + DELIVERY_LASTS,
    };
  }

  /** Reads the causes of a rule. The cast is necessary, because the compiler cannot connect the kind of the condition with its source. */
  function causesOf({ condition, group, enabledAt }: Rule): Promise<readonly Cause[]> {
    const source = causes[condition.kind] as (query: CauseQuery<typeof condition.kind>) => Promise<readonly Cause[]>;
    return source({ condition, group, since: enabledAt, now: clock.now(), limit: CAUSES } as CauseQuery<
      typeof condition.kind
    >);
  }

  async function check(one: Rule): Promise<void> {
    const found = await causesOf(one);
    const at = clock.now();
    await store.notify(
      one.id,
      (notified) => {
        const { due, gone } = decideDue(one, found, notified, at);
        const news = found.filter(({ key }) => due.includes(key));
        const content = contentOf(one, news, origin, at);
        const title = titleOf(one.condition.kind, news.length);
        const deliveries = news.length === 0 ? [] : one.channels.map((to) => deliveryOf(to, one.id, title, content));
        return { due, gone, deliveries };
      },
      at,
    );
  }

  async function checkAll(): Promise<void> {
    for (const one of await store.rules()) {
      if (!one.enabled) continue;
      try {
        await check(one);
      } catch (error) {
        log.warn({ err: error, rule: one.id }, 'a notification rule could not be checked; the next run tries again');
      }
    }
    deliveries.request();
  }

  async function attempt(delivery: Delivery): Promise<void> {
    let failure: string | null = null;
    try {
      await send(await channel(delivery.channel), delivery);
    } catch (error) {
      failure = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    }
    const settled = settlementOf(delivery, failure, now());
    await store.settle(delivery.id, settled);
    if (settled.state !== 'dead') return;
    const detail = `The notification “${delivery.title}” was not delivered (${delivery.id}): ${failure}. Correct the channel, and replay the delivery.`;
    await ports.raise({ device: null, code: 'notification_failed', detail });
  }

  const rules = new Loop({
    run: checkAll,
    every: CHECK_EVERY,
    failed: (error) => log.warn({ err: error }, 'the notification rules could not be checked'),
    retryAfter: MINUTE,
  });
  const deliveries = new Loop({
    run: async (loop) => {
      for (let due = await store.due(now(), DELIVERIES_AT_ONCE); due.length > 0 && !loop.stopped; ) {
        await Promise.all(due.map(attempt));
        due = await store.due(now(), DELIVERIES_AT_ONCE);
      }
      return store.nextDue();
    },
    failed: (error) => log.warn({ err: error }, 'deliveries of notifications could not be processed'),
    retryAfter: MINUTE,
  });

  function viewOf(fields: NewChannel, id: ChannelId, createdAt: number): ChannelView {
    return fields.type === 'webhook'
      ? { ...fields, id, createdAt, previousSecretUntil: null }
      : { ...fields, id, createdAt };
  }

  /** Throws `invalid_input` if the server would refuse each delivery to the receiver because of its address. */
  async function requireAllowed(fields: NewChannel): Promise<void> {
    const receiver = receiverIn(fields);
    if (receiver === null) return;
    try {
      await requireReceiver(receiver.host, receiver);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const detail = `The server would not send to this receiver: ${reason}. Nothing was created. Enter another receiver.`;
      throw new CordonError('invalid_input', detail, { field: receiver.field }, error);
    }
  }

  async function requireChannels(ids: readonly ChannelId[]): Promise<void> {
    const known = new Set((await store.channels()).map(({ id }) => id));
    const missing = ids.find((id) => !known.has(id));
    if (missing === undefined) return;
    throw new CordonError('not_found', `There is no notification channel ${missing}. List the channels again.`);
  }

  return {
    rules: () => store.rules(),
    async createRule(fields: NewRule): Promise<Rule> {
      await requireChannels(fields.channels);
      if ((await store.rules()).length >= MOST_RULES) throw tooMany('rules', MOST_RULES);
      const at = clock.now();
      const created = { ...fields, id: newNotificationRuleId(), createdAt: at, enabledAt: at };
      await store.putRule(created);
      rules.request();
      return created;
    },
    async updateRule(id: NotificationRuleId, change: RuleChange): Promise<Rule> {
      const before = await rule(id);
      if (change.channels) await requireChannels(change.channels);
      const defined = Object.fromEntries(
        Object.entries(change).filter(([, value]) => value !== undefined),
      ) as Partial<NewRule>;
      const restarted = change.enabled === true && !before.enabled;
      const other = change.condition !== undefined && change.condition.kind !== before.condition.kind;
      const enabledAt = restarted || other ? clock.now() : before.enabledAt;
      const changed = { ...before, ...defined, enabledAt };
      await store.putRule(changed);
      rules.request();
      return changed;
    },
    async deleteRule(id: NotificationRuleId): Promise<void> {
      if (!(await store.deleteRule(id))) await rule(id);
    },

    channels: async (): Promise<ChannelView[]> => (await store.channels()).map((each) => open(each).view),
    /** The secret of a webhook is only in this return value. */
    async createChannel(fields: NewChannel): Promise<{ channel: ChannelView; secret: string | null }> {
      if ((await store.channels()).length >= MOST_CHANNELS) throw tooMany('channels', MOST_CHANNELS);
      await requireAllowed(fields);
      const secret = fields.type === 'webhook' ? newWebhookSecret() : null;
      const view = viewOf(fields, newChannelId(), now());
      await keep({ view, secrets: secret === null ? [] : [{ secret, until: null }] });
      return { channel: view, secret };
    },
    async deleteChannel(id: ChannelId): Promise<void> {
      if (!(await store.deleteChannel(id))) await channel(id);
    },
    /** Gives a webhook a new secret. The old one stays valid for 24 hours, so that the receiver can change it meanwhile. */
    async rotateSecret(id: ChannelId): Promise<{ channel: ChannelView; secret: string | null }> {
      const { view, secrets } = await channel(id);
      if (view.type !== 'webhook') {
        throw new CordonError(
          'invalid_input',
          'Only a webhook has a secret. Choose a channel of the type webhook.',
          {},
        );
      }
      const secret = newWebhookSecret();
      const until = now() + ROTATION_LASTS;
      const [current] = secrets;
      const changed = { ...view, previousSecretUntil: until };
      await keep({ view: changed, secrets: [{ secret, until: null }, ...(current ? [{ ...current, until }] : [])] });
      return { channel: changed, secret };
    },
    /** Sends a test through the same queue as every notification. Returns the id of the delivery. */
    async test(id: ChannelId): Promise<DeliveryId> {
      await channel(id);
      const delivery = deliveryOf(id, null, 'Test', testContent(origin, clock.now()));
      await store.enqueue(delivery);
      deliveries.request();
      return delivery.id;
    },

    async deliveries(
      filter: Parameters<NotificationStore['deliveries']>[0],
      { cursor, limit }: { readonly cursor: number | null; readonly limit: number },
    ) {
      const listed = await store.deliveries(filter, cursor, limit + 1);
      const page = listed.slice(0, limit);
      return { deliveries: page, next: listed.length > limit ? (page.at(-1)?.number ?? null) : null };
    },
    async replay(id: DeliveryId): Promise<void> {
      const at = now();
      if (!(await store.replay(id, at, at + DELIVERY_LASTS))) {
        throw new CordonError('not_found', `There is no delivery ${id}. List the deliveries again.`);
      }
      deliveries.request();
    },

    /** Checks now whether rules have new causes. */
    check: () => rules.request(),
    start(): void {
      rules.request();
      deliveries.request();
    },
    async stop(): Promise<void> {
      await rules.stop();
      await deliveries.stop();
    },
  };
}

/** Host of a webhook or syslog receiver, and the field with it; null for another channel. */
function receiverIn(
  fields: NewChannel,
): { readonly host: string; readonly field: string; readonly plainHttp: boolean } | null {
  if (fields.type === 'webhook') {
    const url = new URL(fields.url);
    return { host: hostOf(url), field: 'url', plainHttp: url.protocol === 'http:' };
  }
  return fields.type === 'syslog' ? { host: fields.host, field: 'host', plainHttp: false } : null;
}

const tooMany = (what: string, most: number): CordonError =>
  new CordonError('conflict', `There are ${most} notification ${what} already. Delete one first.`);
