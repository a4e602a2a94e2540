/** Where this device stands with messages, as the page shows it: the gate in words that a person has a right to, and every order there is. */
import type { AgentStatus } from '../agent.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Notice } from '../enforcement/notices.ts';
import type { MessagingState } from '../messaging/messaging.ts';

export interface StandingSources {
  status(): Pick<AgentStatus, 'now' | 'connection' | 'listExpires'>;
  gate(service: 'messaging'): GateView;
  notices(): readonly Notice[];
}

export function standingOf(messaging: MessagingState, { status, gate, notices }: StandingSources) {
  const { now, connection, listExpires } = status();
  const { since, denials } = gate('messaging');
  return {
    now,
    state: messaging.state,
    me: messaging.state === 'ready' ? { person: messaging.person, name: messaging.name } : null,
    connected: connection === 'connected',
    listExpired: listExpires !== null && now >= listExpires ? listExpires : null,
    since,
    denials,
    notices: notices(),
  };
}
