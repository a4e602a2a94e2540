/**
 * Delivery of approver sets, the order list, device records and commands to connected devices. Each version of a document is sent once in
 * each session.
 */

import { Loop } from '../../shared/loops/loop.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import type { SentCommand } from '../commands/unlock-shares.ts';
import type {
  CommandsPort,
  InventoryPort,
  Log,
  OrdersPort,
  RecoveryPort,
  TimekeepingPort,
  WithScript,
} from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

type Record = Awaited<ReturnType<OrdersPort['effect']['record']>>;

export interface Delivery {
  /** Sends the order list and the approver sets that the device lacks. Sends nothing before the device's hello frame. */
  list(session: DeviceSession): void;
  record(session: DeviceSession): Promise<void>;
  commands(session: DeviceSession): Promise<void>;
  /** After a restore of the server from a backup, requests the device's signed documents if the recovery has selected the device. */
  recall(session: DeviceSession): void;
  documents(session: DeviceSession, record: Record): void;
  queued(session: DeviceSession, queued: readonly (SentCommand & WithScript)[]): void;
  correction(session: DeviceSession): void;
  /** Tells an agent which sections of the inventory are switched off. */
  inventorySections(session: DeviceSession): void;
  fanOutList(): void;
}

interface Ports {
  readonly orders: OrdersPort;
  readonly commands: Pick<CommandsPort, 'pendingFor'>;
  readonly inventory: Pick<InventoryPort, 'sections'>;
  readonly sessions: Sessions;
  readonly timekeeping: Pick<TimekeepingPort, 'correction'>;
  readonly recovery: RecoveryPort;
  readonly log: Pick<Log, 'error'>;
}

export function createDelivery({ orders, commands, inventory, sessions, timekeeping, recovery, log }: Ports): Delivery {
  let encoded: { readonly version: number; readonly withheld: readonly Envelope[]; readonly frame: Buffer } | null =
    null;
  function encodedList(): { readonly version: number; readonly frame: Buffer } | null {
    const current = orders.list.current();
    if (!current) return null;
    const withheld = orders.list.withheld();
    if (encoded?.version !== current.version || encoded.withheld !== withheld) {
      const { version, envelope } = current;
      const frame: ServerFrame = { kind: 'list', envelope, ...(withheld.length > 0 && { withheld: [...withheld] }) };
      encoded = { version, withheld, frame: Buffer.from(JSON.stringify(frame)) };
    }
    return encoded;
  }

  function pushApproverSets(session: DeviceSession): void {
    const newest = orders.approverSets.version();
    const { approverSet } = session.documents;
    if (newest <= approverSet) return;
    session.frames.send({ kind: 'approver-sets', envelopes: [...orders.approverSets.envelopes()].slice(approverSet) });
    session.documents.sent({ approverSet: newest });
  }

  function pushList(session: DeviceSession): void {
    const list = recovery.withholdsList() ? null : encodedList();
    const { documents } = session;
    if (!list || session.epoch === 0 || documents.list >= list.version) return;
    const first = documents.approverSet === 0;
    pushApproverSets(session);
    documents.sent({ list: list.version });
    session.frames.sendEncoded(list.frame);
    // Send the device record now: a device that enrolled before the first approver set could not verify it earlier. If this send fails, the
    // next reconciliation sends the record.
    if (first && documents.record === 0) pushRecord(session).catch(() => undefined);
  }

  /** Sends the device record, but not before the first approver set: only an approver set tells devices which key signs device records. */
  async function pushRecord(session: DeviceSession): Promise<void> {
    if (orders.approverSets.version() === 0) return;
    const record = await orders.effect.record(session.device);
    if (record && record.version > session.documents.record) sendRecord(session, record);
  }

  function sendRecord(session: DeviceSession, record: NonNullable<Record>): void {
    session.documents.sent({ record: record.version });
    session.frames.send({ kind: 'record', envelope: record.envelope });
  }

  function sendCommands(session: DeviceSession, queued: readonly (SentCommand & WithScript)[]): void {
    for (const { id, state, command, shares, signedScript, expiresAt, priority, window } of queued) {
      if (state === 'stored') {
        if (session.knowsJobs) session.frames.send({ kind: 'cancel-command', id });
        continue;
      }
      // Agents that do not know windows get no command with a window, because they would run it at any time.
      if ((window && !session.knowsJobs) || !session.knowsCommand(command.kind)) continue;
      if (session.documents.addCommand(id))
        session.frames.send({
          kind: 'command',
          id,
          command,
          ...(shares && { shares: [...shares] }),
          ...(signedScript && { signedScript }),
          expires: expiresAt,
          ...(priority && session.knowsJobs && { priority }),
          ...(window && { window }),
        });
    }
  }

  const fanOut = new Loop({
    run: async () => {
      // Handle the notifications of the affected devices before sending the list, because the bus published them together with it.
      await new Promise(setImmediate);
      await sessions.each(pushList);
    },
    failed: (error) => log.error({ err: error }, 'The order list could not be sent to all devices.'),
  });

  return {
    list: pushList,
    record: pushRecord,
    async commands(session) {
      sendCommands(session, await commands.pendingFor(session.device, session.generation));
    },
    inventorySections(session) {
      if (!session.takesInventorySections) return;
      session.frames.send({ kind: 'inventory-sections', off: [...inventory.sections.current().off] });
    },
    recall(session) {
      const { hello } = session.documents;
      const requested = hello && recovery.requestFor(session.device, hello);
      if (requested) session.frames.send({ kind: 'recall', documents: requested === 'documents' });
    },
    queued: sendCommands,
    correction(session) {
      const envelope = session.documents.acceptsCorrections ? timekeeping.correction() : null;
      if (envelope) session.frames.send({ kind: 'time-correction', envelope });
    },
    documents(session, record) {
      pushApproverSets(session);
      // Also send a device record that is older than the one on the device. The device refuses the older record and reports an alert.
      if (record && orders.approverSets.version() > 0 && record.version !== session.documents.record)
        sendRecord(session, record);
      pushList(session);
    },
    fanOutList: () => fanOut.request(),
  };
}
