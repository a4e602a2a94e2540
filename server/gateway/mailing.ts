/**
 * Mail to a device: what waits in its mailbox goes out in order while the device asks for it, a bounded stretch ahead of what it has said that it has.
 * What went out and was not taken goes out again when the device asks anew; the store forgets nothing before.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Arrival, MailEntry } from '../relay/ports.ts';
import type { Log, RelayPort } from './ports.ts';
import type { DeviceSession, MailWindow } from './session.ts';
import type { Sessions } from './sessions.ts';

/** What is under way to one device: so many entries, and so many bytes unless a single one is larger. */
const MOST_ENTRIES = 64;
const MOST_BYTES = 1024 * 1024;
/** In frames: a window is read and sent again for it. A device has reason to when its gate opens. */
const REOPENING_COSTS = 50;

export interface Mailing {
  mailbox(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'mailbox' }>): Promise<void>;
  taken(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'taken' }>): Promise<void>;
  /** It is told how many are left, if it asks for its mailbox at all. */
  fewKeyPackages(device: DeviceId): Promise<void>;
  /** Something may wait for it. */
  wake(device: DeviceId): void;
}

export function createMailing({
  relay,
  sessions,
  log,
}: {
  readonly relay: Pick<RelayPort, 'counters' | 'read' | 'take' | 'onArrival' | 'keyPackages'>;
  readonly sessions: Sessions;
  readonly log: Log;
}): Mailing {
  function send(session: DeviceSession, window: MailWindow, { seq, item, bytes }: MailEntry): void {
    session.sendThisTurn({ kind: 'mail', seq, item });
    window.sent = seq;
    window.highest = Math.max(window.highest, seq);
    window.underWay.push({ seq, bytes });
    window.bytes += bytes;
  }

  /** What has just been stored, without reading it back: only when it is the very next one of a device that has been sent everything else. */
  function arrived(arrival: Arrival): boolean {
    const session = sessions.live(arrival.device);
    const window = session?.mail;
    if (!session || !window?.open || window.reading || session.generation !== arrival.generation) return false;
    if (window.tail !== window.sent || arrival.seq !== window.sent + 1) return false;
    if (window.underWay.length >= MOST_ENTRIES || window.bytes >= MOST_BYTES) return false;
    send(session, window, arrival);
    window.tail = arrival.seq;
    return true;
  }
  relay.onArrival(arrived);

  /** Until nothing waits or enough is under way. One at a time for each device; whoever comes meanwhile makes it look again. */
  async function push(session: DeviceSession, window: MailWindow): Promise<void> {
    if (window.reading) {
      window.again = true;
      return;
    }
    window.reading = true;
    try {
      do {
        window.again = false;
        const [entries, bytes] = [MOST_ENTRIES - window.underWay.length, MOST_BYTES - window.bytes];
        if (entries <= 0 || bytes <= 0) {
          // Read once there is room: until then it is not known what waits.
          window.tail = null;
          return;
        }
        const { device, generation } = session;
        const page = await relay.read({ device, generation, after: window.sent, entries, bytes });
        // Another was opened meanwhile, or this one shut: what was read is read again then.
        if (session.mail !== window || !window.open) return;
        for (const entry of page.entries) send(session, window, entry);
        const last = page.entries.at(-1);
        if (last) window.tail = page.more ? null : last.seq;
        if (page.more && last) window.again = true;
      } while (window.again);
    } finally {
      window.reading = false;
    }
  }

  async function tellKeyPackages(session: DeviceSession): Promise<void> {
    session.send({ kind: 'key-packages-left', count: await relay.keyPackages.left(session) });
  }

  function pushSoon(session: DeviceSession): void {
    const window = session.mail;
    if (!window?.open) return;
    push(session, window).catch((error: unknown) => {
      if (isCordonError(error, 'device_unknown')) return;
      // It stays in the store: the next wake, or the next look, brings it.
      log.warn({ device: session.device, error: String(error) }, 'mail could not be sent now');
    });
  }

  return {
    async mailbox(session, { open }) {
      if (!open) {
        // What is under way may still be taken.
        if (session.mail) session.mail.open = false;
        return;
      }
      if (session.mail) session.charge(REOPENING_COSTS);
      const highest = session.mail?.highest ?? 0;
      session.mail = {
        ...{ open, sent: 0, highest, tail: null, underWay: [], bytes: 0, reading: false, again: false },
      };
      session.send({ kind: 'mailbox-is', ...(await relay.counters(session)) });
      await tellKeyPackages(session);
      pushSoon(session);
    },
    async fewKeyPackages(device) {
      const session = sessions.live(device);
      if (session?.mail?.open) await tellKeyPackages(session);
    },
    async taken(session, { through }) {
      const window = session.mail;
      // What it has not been sent it cannot have.
      const known = Math.min(through, window?.highest ?? 0);
      if (!window || known === 0) return;
      const { device, generation } = session;
      session.behind(relay.take({ device, generation }, known));
      const left = window.underWay.findIndex(({ seq }) => seq > known);
      const gone = window.underWay.splice(0, left < 0 ? window.underWay.length : left);
      for (const { bytes } of gone) window.bytes -= bytes;
      if (gone.length > 0 && window.tail !== window.sent) pushSoon(session);
    },
    wake(device) {
      const session = sessions.live(device);
      if (session) pushSoon(session);
    },
  };
}
