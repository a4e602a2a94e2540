/**
 * Periodic work for all sessions: pings, closing unresponsive sockets, comparing sessions with the store, and sending the server's time.
 */
import { CLOSE, HELLO_WITHIN, PING_EVERY, type ServerFrame } from '../../shared/protocol/frames.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Delivery } from './delivery.ts';
import type { Departures } from './departures.ts';
import type { LostModeDelivery } from './lost-mode-delivery.ts';
import type { MailboxDelivery } from './mailbox-delivery.ts';
import type { PolicyDelivery } from './policy-delivery.ts';
import type { TimekeepingPort } from './ports.ts';
import type { Relocation } from './relocation.ts';
import type { Sessions } from './sessions.ts';

const HOUR = 3_600_000;
/**
 * Number of heartbeats between two comparisons of the sessions with the store. A comparison finds changes whose notifications were lost.
 */
const RECONCILE_EVERY = 10;

interface Ports {
  readonly sessions: Sessions;
  readonly push: Delivery;
  readonly policyDelivery: Pick<PolicyDelivery, 'all'>;
  readonly lostModeDelivery: Pick<LostModeDelivery, 'changed'>;
  readonly mailing: MailboxDelivery;
  readonly departures: Departures;
  readonly relocation: Relocation;
  readonly clock: Clock;
  readonly timekeeping: Pick<TimekeepingPort, 'trusted'>;
  readonly logged: (what: string) => (error: unknown) => void;
}

export function startHeartbeat({
  sessions,
  push,
  policyDelivery,
  lostModeDelivery,
  mailing,
  departures,
  relocation,
  clock,
  timekeeping,
  logged,
}: Ports): () => void {
  let beats = 0;
  async function beat(): Promise<void> {
    beats += 1;
    departures.retry();
    const reconcile = beats % RECONCILE_EVERY === 0;
    if (reconcile) policyDelivery.all().catch(logged('reconcile'));
    if (reconcile) relocation.relocateAll().catch(logged('reconcile'));
    await sessions.each((session) => {
      if (!session.ping()) return;
      push.recall(session);
      push.list(session);
      if (!reconcile || session.epoch === 0) return;
      session.documents.forgetCommands();
      mailing.wake(session.device);
      Promise.all([push.record(session), push.commands(session), lostModeDelivery.changed(session.device)]).catch(
        logged('reconcile'),
      );
    });
  }

  function endSilent(): void {
    const since = Date.now() - HELLO_WITHIN;
    for (const session of sessions.all()) {
      if (session.epoch === 0 && session.openedAt < since) session.end(CLOSE.timeout, 'no_hello');
    }
  }

  function sendTime(): void {
    if (timekeeping.trusted()) {
      const frame = JSON.stringify({ kind: 'time', time: clock.now() } satisfies ServerFrame);
      void sessions.each((session) => {
        if (session.epoch > 0) session.frames.sendEncoded(frame);
      });
    }
    cancelTime = clock.at(clock.now() + HOUR, sendTime);
  }

  const beating = setInterval(() => void beat().catch(logged('heartbeat')), PING_EVERY);
  const ending = setInterval(endSilent, 1_000);
  let cancelTime = clock.at(clock.now() + HOUR, sendTime);
  return () => {
    clearInterval(beating);
    clearInterval(ending);
    cancelTime();
  };
}
