/** What a device is to have and is sent unasked: roots of approvers, the list, its record, its commands. Each once a session. */
import type { Envelope } from '../../shared/order/documents.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { SentCommand } from '../commands/unlock-shares.ts';
import type { CommandsPort, OrdersPort, RestorationPort, TimekeepingPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

type Record = Awaited<ReturnType<OrdersPort['record']>>;

export interface Pushing {
  /** What it lacks of the roots and the list; nothing before its hello. */
  list(session: DeviceSession): void;
  record(session: DeviceSession): Promise<void>;
  commands(session: DeviceSession): Promise<void>;
  /** After a restore: asks for what the device has stored, if it is to be asked now. */
  recall(session: DeviceSession): void;
  /** Of signed documents all that it lacks when it has said hello. */
  documents(session: DeviceSession, record: Record): void;
  queued(session: DeviceSession, queued: readonly SentCommand[]): void;
  /** The newest time correction, to a device that knows the frame. */
  correction(session: DeviceSession): void;
  /** To all sessions. */
  fanOutList(): Promise<void>;
}

interface Ports {
  readonly orders: OrdersPort;
  readonly commands: CommandsPort;
  readonly sessions: Sessions;
  readonly timekeeping: Pick<TimekeepingPort, 'correction'>;
  readonly restoration: RestorationPort;
}

export function createPushing({ orders, commands, sessions, timekeeping, restoration }: Ports): Pushing {
  /** The list is the same for everyone: encoded once a version. */
  let encoded: { readonly version: number; readonly withheld: readonly Envelope[]; readonly frame: Buffer } | null =
    null;
  function encodedList(): { readonly version: number; readonly frame: Buffer } | null {
    const current = orders.currentList();
    if (!current) return null;
    const withheld = orders.withheld();
    if (encoded?.version !== current.version || encoded.withheld !== withheld) {
      const { version, envelope } = current;
      const frame: ServerFrame = { kind: 'list', envelope, ...(withheld.length > 0 && { withheld: [...withheld] }) };
      encoded = { version, withheld, frame: Buffer.from(JSON.stringify(frame)) };
    }
    return encoded;
  }

  function pushRoots(session: DeviceSession): void {
    const newest = orders.rootVersion();
    if (newest <= session.root) return;
    session.send({ kind: 'roots', envelopes: [...orders.roots()].slice(session.root) });
    session.root = newest;
  }

  function pushList(session: DeviceSession): void {
    const list = restoration.holding() ? null : encodedList();
    if (!list || session.epoch === 0 || session.list >= list.version) return;
    pushRoots(session);
    session.list = list.version;
    session.sendEncoded(list.frame);
  }

  function sendRecord(session: DeviceSession, record: NonNullable<Record>): void {
    session.record = record.version;
    session.send({ kind: 'record', envelope: record.envelope });
  }

  function sendCommands(session: DeviceSession, queued: readonly SentCommand[]): void {
    for (const { id, command, shares, expiresAt } of queued) {
      if (session.sent?.has(id)) continue;
      session.sent ??= new Set();
      session.sent.add(id);
      session.send({ kind: 'command', id, command, ...(shares && { shares: [...shares] }), expires: expiresAt });
    }
  }

  let fanning = false;
  let fanAgain = false;

  return {
    list: pushList,
    async record(session) {
      const record = await orders.record(session.device);
      if (record && record.version > session.record) sendRecord(session, record);
    },
    async commands(session) {
      sendCommands(session, await commands.pendingFor(session.device, session.generation));
    },
    recall(session) {
      const asked = session.knew && restoration.asks(session.device, session.knew);
      if (asked) session.send({ kind: 'recall', documents: asked === 'documents' });
    },
    queued: sendCommands,
    correction(session) {
      const envelope = session.timeCorrections ? timekeeping.correction() : null;
      if (envelope) session.send({ kind: 'time-correction', envelope });
    },
    documents(session, record) {
      pushRoots(session);
      // Also an older one: a device that is ahead of us refuses it with an alarm.
      if (record && record.version !== session.record) sendRecord(session, record);
      pushList(session);
    },
    /** One at a time; a list that changes meanwhile is fanned out again, and whoever has got the newer one is passed over. */
    async fanOutList() {
      fanAgain = true;
      if (fanning) return;
      fanning = true;
      try {
        while (fanAgain) {
          fanAgain = false;
          // After the wakes that came with it: those of the devices that an order reaches go first.
          await new Promise(setImmediate);
          await sessions.each(pushList);
        }
      } finally {
        fanning = false;
      }
    },
  };
}
