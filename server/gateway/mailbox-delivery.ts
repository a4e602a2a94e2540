/**
 * Delivers mail from a device's mailbox in sequence, while the device has the mailbox open. Unacknowledged mail is limited, stays stored,
 * and is sent again at the device's next mailbox request.
 */
import { isCordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Arrival, MailboxEntry } from '../relay/ports.ts';
import type { Log, RelayPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/**
 * Cost of a repeated mailbox request in the device's frame allowance. It is high, because the server reads and sends all unacknowledged
 * mail again.
 */
const REOPENING_COST = 50;

export interface MailboxDelivery {
  mailbox(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'mailbox' }>): Promise<void>;
  entriesStored(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'entries-stored' }>): Promise<void>;
  /** Tells a device with an open mailbox how many of the device's key packages the server still has. */
  fewKeyPackages(device: DeviceId): Promise<void>;
  wake(device: DeviceId): void;
}

export function createMailboxDelivery({
  relay,
  sessions,
  log,
}: {
  readonly relay: Pick<RelayPort, 'counters' | 'read' | 'acknowledge' | 'onArrival' | 'keyPackages'>;
  readonly sessions: Pick<Sessions, 'live'>;
  readonly log: Log;
}): MailboxDelivery {
  const loops = new WeakMap<DeviceSession, Loop>();

  function loopOf(session: DeviceSession): Loop {
    const known = loops.get(session);
    if (known) return known;
    const loop = new Loop({
      run: (self) => sendPage(session, self),
      failed: (error) => {
        if (isCordonError(error, 'device_unknown')) return;
        log.warn(
          { device: session.device, error: String(error) },
          'Mail could not be sent. The server sends it at the next wake.',
        );
      },
    });
    loops.set(session, loop);
    return loop;
  }

  function send(session: DeviceSession, { seq, item, bytes }: MailboxEntry): void {
    session.frames.sendBatched({ kind: 'mailbox-entry', seq, item });
    session.mail.sent({ seq, bytes });
  }

  /** Sends new mail that is still in memory. Returns false if the server must instead read the mail from the store. */
  function sendArrival(arrival: Arrival): boolean {
    const session = sessions.live(arrival.device);
    if (!session || session.generation !== arrival.generation) return false;
    if (loops.get(session)?.running || !session.mail.isNext(arrival.seq)) return false;
    send(session, arrival);
    session.mail.endsAt(arrival.seq);
    return true;
  }
  relay.onArrival(sendArrival);

  async function sendPage(session: DeviceSession, loop: Loop): Promise<void> {
    const { device, generation, mail } = session;
    const { opening } = mail;
    const room = mail.isOpen ? mail.room() : null;
    if (!room) return;
    const page = await relay.read({ device, generation, ...room });
    // Ignore the result of this read: meanwhile, the device closed its mailbox or requested the mailbox again from the start.
    if (!mail.isOpen || mail.opening !== opening) return;
    for (const entry of page.entries) send(session, entry);
    const last = page.entries.at(-1);
    if (!last) return;
    mail.endsAt(page.more ? null : last.seq);
    if (page.more) loop.request();
  }

  async function sendRemainingKeyPackages(session: DeviceSession): Promise<void> {
    session.frames.send({ kind: 'key-packages-remaining', count: await relay.keyPackages.remaining(session) });
  }

  return {
    async mailbox(session, { open }) {
      const { mail } = session;
      if (!open) return mail.close();
      if (mail.wasOpened) session.charge(REOPENING_COST);
      mail.open();
      session.frames.send({ kind: 'mailbox-is', ...(await relay.counters(session)) });
      await sendRemainingKeyPackages(session);
      loopOf(session).request();
    },
    async fewKeyPackages(device) {
      const session = sessions.live(device);
      if (session?.mail.isOpen) await sendRemainingKeyPackages(session);
    },
    async entriesStored(session, { through: claimed }) {
      const { through, more } = session.mail.confirm(claimed);
      if (through === 0) return;
      const { device, generation } = session;
      session.acknowledgments.waitFor(relay.acknowledge({ device, generation }, through));
      if (more) loopOf(session).request();
    },
    wake(device) {
      const session = sessions.live(device);
      if (session?.mail.isOpen) loopOf(session).request();
    },
  };
}
