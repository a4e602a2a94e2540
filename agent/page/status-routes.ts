import type { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Agent } from '../agent.ts';
import type { Messaging } from '../messaging/messaging.ts';
import { adminMessageList, displayedBody, messagingStatusView, shownBody } from './api.ts';
import { type MessagingStatusSources, messagingStatusOf } from './messaging-status.ts';
import { json, read, respond } from './route.ts';

export type StatusSources = MessagingStatusSources & Pick<Agent, 'notices' | 'adminMessages'>;

export function addStatusRoutes(
  api: Router,
  { messaging, agent }: { readonly messaging: Pick<Messaging, 'state'>; readonly agent: StatusSources },
): void {
  api.get(
    '/messaging-status',
    respond(messagingStatusView, () => messagingStatusOf(messaging.state(), agent)),
  );
  api.post(
    '/shown',
    json,
    respond(done, ({ body }) => {
      agent.notices.markDisplayed(read(shownBody, body).orders);
      return DONE;
    }),
  );
  api.get(
    '/admin-messages',
    respond(adminMessageList, () => ({ messages: agent.adminMessages.list() })),
  );
  api.post(
    '/admin-messages/displayed',
    json,
    respond(done, ({ body }) => {
      agent.adminMessages.displayed(read(displayedBody, body).messages, 'page');
      return DONE;
    }),
  );
}
