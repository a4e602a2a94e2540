import {
  channelList,
  channelParams,
  createdChannel,
  deliveryList,
  deliveryParams,
  deliveryQuery,
  newChannel,
  newNotificationRule,
  notificationRuleChange,
  notificationRuleList,
  notificationRuleParams,
  notificationRuleView,
  queuedDelivery,
} from '../../shared/api/notifications.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Notifications } from '../notifications/notifications.ts';
import { Reply, type Route, route } from './route.ts';

export type NotificationsPort = Omit<Notifications, 'start' | 'stop' | 'check'>;

export function notificationRoutes(notifications: NotificationsPort): Route[] {
  return [...ruleRoutes(notifications), ...channelRoutes(notifications), ...deliveryRoutes(notifications)];
}

function ruleRoutes(notifications: NotificationsPort): Route[] {
  return [
    route({
      name: 'notification-rules.list',
      method: 'get',
      path: '/notifications/rules',
      summary: 'List notification rules',
      response: notificationRuleList,
      handler: async () => ({ rules: await notifications.rules() }),
    }),
    route({
      name: 'notification-rules.create',
      method: 'post',
      path: '/notifications/rules',
      summary: 'Create a notification rule',
      body: newNotificationRule,
      response: notificationRuleView,
      statuses: [201],
      handler: async ({ body }) => new Reply(await notifications.createRule(body), { status: 201 }),
    }),
    route({
      name: 'notification-rules.update',
      method: 'patch',
      path: '/notifications/rules/:id',
      summary: 'Change a notification rule',
      params: notificationRuleParams,
      body: notificationRuleChange,
      response: notificationRuleView,
      handler: ({ params, body }) => notifications.updateRule(params.id, body),
    }),
    route({
      name: 'notification-rules.delete',
      method: 'delete',
      path: '/notifications/rules/:id',
      summary: 'Delete a notification rule',
      params: notificationRuleParams,
      response: done,
      async handler({ params }) {
        await notifications.deleteRule(params.id);
        return DONE;
      },
    }),
  ];
}

function channelRoutes(notifications: NotificationsPort): Route[] {
  return [
    route({
      name: 'notification-channels.list',
      method: 'get',
      path: '/notifications/channels',
      summary: 'List notification channels without their secrets',
      response: channelList,
      handler: async () => ({ channels: await notifications.channels() }),
    }),
    route({
      name: 'notification-channels.create',
      method: 'post',
      path: '/notifications/channels',
      summary: 'Create a notification channel. The secret of a webhook is shown only once',
      body: newChannel,
      response: createdChannel,
      statuses: [201],
      handler: async ({ body }) => new Reply(await notifications.createChannel(body), { status: 201 }),
    }),
    route({
      name: 'notification-channels.delete',
      method: 'delete',
      path: '/notifications/channels/:id',
      summary: 'Delete a notification channel and its delivery history',
      params: channelParams,
      response: done,
      async handler({ params }) {
        await notifications.deleteChannel(params.id);
        return DONE;
      },
    }),
    route({
      name: 'notification-channels.rotate-secret',
      method: 'post',
      path: '/notifications/channels/:id/secret',
      summary: 'Give a webhook a new secret. The old one stays valid for 24 hours',
      params: channelParams,
      response: createdChannel,
      handler: ({ params }) => notifications.rotateSecret(params.id),
    }),
    route({
      name: 'notification-channels.test',
      method: 'post',
      path: '/notifications/channels/:id/test',
      summary: 'Send a test through a notification channel',
      params: channelParams,
      response: queuedDelivery,
      statuses: [202],
      handler: async ({ params }) => new Reply({ delivery: await notifications.test(params.id) }, { status: 202 }),
    }),
  ];
}

function deliveryRoutes(notifications: NotificationsPort): Route[] {
  return [
    route({
      name: 'notification-deliveries.list',
      method: 'get',
      path: '/notifications/deliveries',
      summary: 'List deliveries of notifications, newest first',
      query: deliveryQuery,
      response: deliveryList,
      async handler({ query: { channel = null, state = null, cursor = null, limit } }) {
        const { deliveries, next } = await notifications.deliveries({ channel, state }, { cursor, limit });
        return { deliveries, next };
      },
    }),
    route({
      name: 'notification-deliveries.replay',
      method: 'post',
      path: '/notifications/deliveries/:id/replay',
      summary: 'Deliver a notification again, with the same id',
      params: deliveryParams,
      response: queuedDelivery,
      statuses: [202],
      async handler({ params }) {
        await notifications.replay(params.id);
        return new Reply({ delivery: params.id }, { status: 202 });
      },
    }),
  ];
}
