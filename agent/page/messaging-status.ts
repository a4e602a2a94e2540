/**
 * State of messaging on this device, as the agent's web page shows it: whether messaging is suspended, the orders that suspend it, and the
 * notices about all orders.
 */
import type { AgentStatus } from '../agent.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Notice } from '../enforcement/notice-view.ts';
import type { MessagingState } from '../messaging/messaging.ts';

export interface MessagingStatusSources {
  status(): Pick<AgentStatus, 'now' | 'connection' | 'listExpires' | 'policy' | 'displayName'>;
  gate(service: 'messaging' | 'mail'): GateView;
  readonly notices: { list(): readonly Notice[] };
}

export function messagingStatusOf(messaging: MessagingState, agent: MessagingStatusSources) {
  const { now, connection, listExpires, displayName } = agent.status();
  const { since, denials, restricted } = agent.gate('messaging');
  return {
    now,
    state: messaging.state,
    me: messaging.state === 'ready' ? { person: messaging.person, name: messaging.name } : null,
    displayName,
    connected: connection === 'connected',
    unrestored: connection === 'unrestored',
    listExpired: listExpires !== null && now >= listExpires ? listExpires : null,
    since,
    denials,
    restricted: restricted !== undefined,
    notices: agent.notices.list(),
  };
}
