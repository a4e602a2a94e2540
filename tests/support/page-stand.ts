/** A device's page over people who talk in memory, with an agent that says whatever the test wants of orders. */
import type { GateView } from '../../agent/enforcement/gate-view.ts';
import type { Notice } from '../../agent/enforcement/notices.ts';
import { ensurePage } from '../../agent/page/build.ts';
import { openPage, type Page } from '../../agent/page/page.ts';
import type { MemoryTalk } from './memory-talk.ts';

export interface PageStand {
  readonly page: Page;
  /** What the agent was told to be shown. */
  readonly shown: string[];
  /** `denials`: of messaging, by the orders that are in force. */
  orders(notices: readonly Notice[], denials?: readonly string[]): void;
  connected(connected: boolean): void;
  /** When the order list expired. */
  expired(since: number): void;
}

export async function standPage(talk: MemoryTalk, person: string): Promise<PageStand> {
  await ensurePage((line) => console.log(line));
  let notices: readonly Notice[] = [];
  let denials: readonly string[] = [];
  let connected = true;
  let listExpires = Date.now() + 7 * 86_400_000;
  const since = Date.now() - 3_600_000;
  const shown: string[] = [];
  const listeners = new Set<() => void>();
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const gate = (): GateView => ({
    service: 'messaging',
    open: denials.length === 0,
    reasons: denials.length === 0 ? ['no_order'] : ['present'],
    denials: notices
      .filter(({ order }) => denials.includes(order))
      .map(({ order, revision, title, until, appeal, statement }) => ({
        order,
        revision,
        title,
        reasons: ['present', 'network'],
        until,
        waiting: 'hold',
        appeal,
        statement,
      })),
    since,
  });
  const page = await openPage({
    messaging: talk.messagingOf(person),
    agent: {
      status: () => ({ now: Date.now(), connection: connected ? 'connected' : 'waiting', listExpires }),
      gate,
      notices: () => notices,
      shown: (orders) => void shown.push(...(orders ?? ['all'])),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    log: { error: (facts, message) => console.error(message, facts) },
  });
  return {
    page,
    shown,
    orders(all, denying = []) {
      notices = all;
      denials = denying;
      if (denying.length > 0) talk.become(person, { state: 'denied', orders: denying });
      changed();
    },
    expired(since) {
      listExpires = since;
      changed();
    },
    connected(is) {
      connected = is;
      changed();
    },
  };
}
