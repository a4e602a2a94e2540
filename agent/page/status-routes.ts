import type { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Agent } from '../agent.ts';
import type { Messaging } from '../messaging/messaging.ts';
import { policyStatusOf } from '../policy/policy-status.ts';
import { privacyText } from '../privacy-lines.ts';
import type { PowerNotice } from '../work/power-notice.ts';
import type { UpdateOffer } from '../work/update-offer.ts';
import {
  adminMessageList,
  collectionView,
  displayedBody,
  lostModeView,
  messagingStatusView,
  policyStatusView,
  powerNoticeView,
  powerView,
  shownBody,
  updateBody,
  updateOfferView,
  updateView,
} from './api.ts';
import { type MessagingStatusSources, messagingStatusOf } from './messaging-status.ts';
import { json, read, respond } from './route.ts';

export type StatusSources = MessagingStatusSources &
  Pick<Agent, 'notices' | 'adminMessages' | 'privacy' | 'scripts' | 'lostMode' | 'fetchedFiles'>;

/** Update of the operating system that waits for the user. */
export interface PageUpdates {
  current(): UpdateOffer | null;
  /** Starts or delays the update. Throws `conflict` if none waits, or if no delay is left. */
  change(change: 'now' | 'delay'): UpdateOffer;
}

/** Restart or shutdown whose countdown runs. */
export interface PagePower {
  current(): PowerNotice | null;
  /** Starts or delays the restart or shutdown. Throws `conflict` if no countdown runs, or if the user has delayed it before. */
  change(change: 'now' | 'delay'): PowerNotice;
}

interface StatusPorts {
  readonly messaging: Pick<Messaging, 'state'>;
  readonly agent: StatusSources;
  readonly updates: PageUpdates;
  readonly power: PagePower;
}

export function addStatusRoutes(api: Router, { messaging, agent, updates, power }: StatusPorts): void {
  api.get(
    '/messaging-status',
    respond(messagingStatusView, () => messagingStatusOf(messaging.state(), agent)),
  );
  api.get(
    '/policy',
    respond(policyStatusView, () => policyStatusOf(agent.status().policy)),
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
  api.get(
    '/update',
    respond(updateView, () => ({ offer: updates.current() })),
  );
  api.post(
    '/update',
    json,
    respond(updateOfferView, ({ body }) => updates.change(read(updateBody, body).change)),
  );
  api.get(
    '/power',
    respond(powerView, () => ({ notice: power.current() })),
  );
  api.post(
    '/power',
    json,
    respond(powerNoticeView, ({ body }) => power.change(read(updateBody, body).change)),
  );
  api.get(
    '/lost-mode',
    respond(lostModeView, () => ({ mode: agent.lostMode.current() })),
  );
  api.post(
    '/lost-mode/end',
    json,
    respond(done, () => {
      agent.lostMode.end();
      return DONE;
    }),
  );
  api.get(
    '/privacy',
    respond(collectionView, () => {
      const { sections, changedAt } = agent.privacy.view();
      return {
        sections: sections.map(({ values, ...section }) => ({ ...section, values: shortText(values) })),
        changedAt,
        scripts: agent.scripts(),
      };
    }),
  );
  api.post(
    '/privacy/displayed',
    json,
    respond(done, () => {
      agent.privacy.displayed();
      return DONE;
    }),
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

/** Shortens a long list to the number of its entries. `cordon-agent privacy --all` prints every value. */
function shortText(values: unknown): string | null {
  if (values === null || values === undefined) return null;
  if (Array.isArray(values)) return `${values.length} ${values.length === 1 ? 'entry' : 'entries'}`;
  return privacyText(values);
}
