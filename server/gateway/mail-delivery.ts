/**
 * Delivery of the mail in a device's mailbox, in order, while the mailbox is open, up to the limits of the mail window. Unconfirmed mail is
 * sent again at the device's next request. The store keeps mail until the device confirms it.
 */
import { isCordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Arrival, MailEntry } from '../relay/ports.ts';
import type { Log, RelayPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Cost of a repeated request against the limit of frames, because it reads and sends the whole window again. */
const REOPENING_COSTS = 50;

export interface MailDelivery {
  mailbox(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'mailbox' }>): Promise<void>;
  taken(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'taken' }>): Promise<void>;
  /** Tells a device with an open mailbox how many of its key packages are left. */
  fewKeyPackages(device: DeviceId): Promise<void>;
  wake(device: DeviceId): void;
}

export function createMailDelivery({
  relay,
  sessions,
  log,
}: {
  readonly relay: Pick<RelayPort, 'counters' | 'read' | 'take' | 'onArrival' | 'keyPackages'>;
  readonly sessions: Pick<Sessions, 'live'>;
  readonly log: Log;
}): MailDelivery {
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

  function send(session: DeviceSession, { seq, item, bytes }: MailEntry): void {
    session.sendThisTurn({ kind: 'mail', seq, item });
    session.mail.sent({ seq, bytes });
  }

  /** Sends new mail from memory. Returns false if the device must get it from the store. */
  function arrived(arrival: Arrival): boolean {
    const session = sessions.live(arrival.device);
    if (!session || session.generation !== arrival.generation) return false;
    if (loops.get(session)?.running || !session.mail.isNext(arrival.seq)) return false;
    send(session, arrival);
    session.mail.endsAt(arrival.seq);
    return true;
  }
  relay.onArrival(arrived);

  async function sendPage(session: DeviceSession, loop: Loop): Promise<void> {
    const { device, generation, mail } = session;
    const { opening } = mail;
    const room = mail.isOpen ? mail.room() : null;
    if (!room) return;
    const page = await relay.read({ device, generation, ...room });
    // The device closed its mailbox during the read, or requested it again from the start.
    if (!mail.isOpen || mail.opening !== opening) return;
    for (const entry of page.entries) send(session, entry);
    const last = page.entries.at(-1);
    if (!last) return;
    mail.endsAt(page.more ? null : last.seq);
    if (page.more) loop.request();
  }

  async function sendKeyPackagesLeft(session: DeviceSession): Promise<void> {
    session.send({ kind: 'key-packages-left', count: await relay.keyPackages.left(session) });
  }

  return {
    async mailbox(session, { open }) {
      const { mail } = session;
      if (!open) return mail.close();
      if (mail.wasOpened) session.charge(REOPENING_COSTS);
      mail.open();
      session.send({ kind: 'mailbox-is', ...(await relay.counters(session)) });
      await sendKeyPackagesLeft(session);
      loopOf(session).request();
    },
    async fewKeyPackages(device) {
      const session = sessions.live(device);
      if (session?.mail.isOpen) await sendKeyPackagesLeft(session);
    },
    async taken(session, { through: claimed }) {
      const { through, more } = session.mail.confirm(claimed);
      if (through === 0) return;
      const { device, generation } = session;
      session.behind(relay.take({ device, generation }, through));
      if (more) loopOf(session).request();
    },
    wake(device) {
      const session = sessions.live(device);
      if (session?.mail.isOpen) loopOf(session).request();
    },
  };
}
