/** Handles the frames that devices send, with one function for each kind of frame, and acknowledges each handled frame. */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { LostModeDelivery } from './lost-mode-delivery.ts';
import type { MailboxDelivery } from './mailbox-delivery.ts';
import { observationOf } from './observation.ts';
import type {
  CommandsPort,
  CompliancePort,
  DevicesPort,
  InventoryPort,
  JurisdictionPort,
  LiveQueriesPort,
  Log,
  LostModePort,
  OrdersPort,
  RelayPort,
  ScriptsPort,
} from './ports.ts';
import type { DeviceSession } from './session.ts';

type Evidence = Extract<ReportItem, { type: 'evidence' }>;
type Frame<K extends DeviceFrame['kind']> = Extract<DeviceFrame, { kind: K }>;

export interface DispatchPorts {
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly liveQueries: Pick<LiveQueriesPort, 'answer'>;
  readonly lostMode: Pick<LostModePort, 'endedOnDevice'>;
  readonly lostModeDelivery: Pick<LostModeDelivery, 'position'>;
  readonly inventory: Pick<InventoryPort, 'put'>;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: { readonly receipts: Pick<OrdersPort['receipts'], 'check' | 'storeChecked'> };
  readonly compliance: Pick<CompliancePort, 'report' | 'offlineLocked' | 'settingChanged'>;
  readonly scripts: Pick<ScriptsPort, 'addOutput'>;
  readonly relay: Pick<RelayPort, 'accept'>;
  readonly mailing: Pick<MailboxDelivery, 'mailbox' | 'entriesStored'>;
  readonly log: Log;
  welcome(session: DeviceSession, hello: Frame<'hello'>): Promise<void>;
}

export function createDispatch(ports: DispatchPorts) {
  const { devices, commands, compliance, inventory, jurisdiction, orders, relay, mailing, scripts, log, welcome } =
    ports;

  /**
   * Remembers which versions of its documents the device has stored. `acknowledge` writes these versions to the database later, together
   * with the acknowledged reports. A device sends its receipts about a new order list directly after this frame. Waiting for the next turn
   * of the event loop lets the receipts arrive, so that one write stores both.
   */
  async function have(session: DeviceSession, { list, record, approverSet }: Frame<'have'>): Promise<void> {
    session.acknowledgments.documents({ list, record, approverSet });
    await new Promise(setImmediate);
  }

  async function commandStored(session: DeviceSession, { id }: Frame<'command-stored'>): Promise<void> {
    session.documents.commandStored(id);
    await commands.stored(session.device, session.generation, id);
  }

  async function report(session: DeviceSession, { seq, item }: Frame<'report'>): Promise<void> {
    let marked = false;
    if (session.acknowledgments.isNew(seq)) {
      if (item.type === 'evidence') marked = await observe(session, seq, item);
      else await processReport(session, item);
    }
    session.acknowledgments.report(seq, { marked });
  }

  /** Stores evidence. One transaction stores the evidence and marks its report, because evidence is the most frequent report. */
  async function observe(session: DeviceSession, seq: number, item: Evidence): Promise<boolean> {
    const { device, generation, epoch, acknowledgments } = session;
    const report = acknowledgments.mayMark ? { epoch, seq } : null;
    try {
      return await jurisdiction.observe(device, generation, item.observations.map(observationOf), report);
    } catch (error) {
      await refused(session, item, error);
      return false;
    }
  }

  async function processReport(session: DeviceSession, item: Exclude<ReportItem, Evidence>): Promise<void> {
    const { device, generation } = session;
    try {
      switch (item.type) {
        case 'inventory':
          if ((await inventory.put(device, item.report)) === 'wanted')
            session.frames.send({ kind: 'inventory-wanted' });
          return;
        case 'receipt':
          // The receipt is only collected here, and `acknowledge` stores it. A device sends all receipts about an order list together, so
          // one write stores them all.
          return session.acknowledgments.receipt(orders.receipts.check(device, generation, item.envelope));
        case 'result': {
          const { command, outcome, detail } = item;
          return await commands.finished(device, generation, { command, outcome, detail });
        }
        case 'displayed':
          return await commands.displayed(device, generation, item);
        case 'script-output': {
          const { command, offset, text } = item;
          // Output may arrive before the frame `command-stored`, so the server records the command as stored here too.
          await commands.stored(device, generation, command);
          return await scripts.addOutput({ command, device, generation, offset, text, at: Date.now() });
        }
        case 'policy':
          return await compliance.report(device, generation, item.report);
        case 'offline-lock':
          return await compliance.offlineLocked(device, generation, item.at);
        case 'passcode':
          return await commands.passcode(device, generation, item.state);
        case 'setting-repaired': {
          const { type, setting, at } = item;
          return await compliance.settingChanged(device, generation, type, { setting, at });
        }
        case 'change-kept': {
          const { type, setting, detail, at } = item;
          return await compliance.settingChanged(device, generation, type, { setting, at, detail });
        }
        case 'lost-mode-ended':
          return await ports.lostMode.endedOnDevice(device, generation, item);
        case 'alert':
          return await devices.raiseAlert({ device, code: reportedCode(item.code), detail: item.detail });
      }
    } catch (error) {
      await refused(session, item, error);
    }
  }

  /**
   * Raises an alert about a report that the server refuses permanently. The server also acknowledges such a report. Otherwise the device
   * would send it forever. Throws a temporary error again.
   */
  async function refused({ device }: DeviceSession, item: ReportItem, error: unknown): Promise<void> {
    if (!isCordonError(error) || TRANSIENT.has(error.code)) throw error;
    log.warn({ device, code: error.code, type: item.type }, 'a report was refused');
    await devices.raiseAlert({ device, code: 'report_refused', detail: `${item.type}: ${error.message}` });
  }

  /**
   * The server stores messages in the sequence of their arrival. It confirms a message to the sender only after the message is stored
   * durably.
   */
  async function post(session: DeviceSession, frame: Frame<'post'>): Promise<void> {
    const { device, generation } = session;
    session.charge(Math.floor(frame.to.length / RECIPIENTS_TO_A_FRAME));
    const { response } = await relay.accept({ device, generation }, frame);
    session.acknowledgments.waitFor(response.then((posted) => session.frames.sendBatched(posted)));
  }

  async function dispatch(session: DeviceSession, frame: DeviceFrame): Promise<void> {
    if (frame.kind === 'hello') {
      if (session.epoch > 0) throw new CordonError('frame_malformed', 'A second hello.');
      return welcome(session, frame);
    }
    if (session.epoch === 0) throw new CordonError('frame_malformed', 'The first frame must be hello.');
    switch (frame.kind) {
      case 'have':
        return have(session, frame);
      case 'command-stored':
        return commandStored(session, frame);
      case 'report':
        return report(session, frame);
      case 'answer':
        return ports.liveQueries.answer(frame.id, session, frame.answer);
      case 'position':
        return ports.lostModeDelivery.position(session, frame);
      case 'post':
        return post(session, frame);
      case 'mailbox':
        return mailing.mailbox(session, frame);
      case 'entries-stored':
        return mailing.entriesStored(session, frame);
    }
  }

  /** Stores the receipts and versions that the device has reported since the last acknowledgment, and then acknowledges its reports. */
  async function acknowledge(session: DeviceSession): Promise<void> {
    const { device, epoch, acknowledgments } = session;
    await acknowledgments.settled();
    const unconfirmed = acknowledgments.take();
    if (!unconfirmed) return;
    const { had, receipts, reports, marked } = unconfirmed;
    const state = { ...had, ...(reports !== null && { reports }) };
    if (receipts.length > 0) {
      await orders.receipts.storeChecked({ receipts, session: { ...state, epoch } });
      acknowledgments.receiptsStored(receipts.length);
    } else if (!marked) await devices.recordState({ device, epoch }, state);
    if (reports !== null) session.frames.send({ kind: 'reports-stored', through: reports });
  }

  return { dispatch, acknowledge };
}

/**
 * Codes of alerts that the server itself raises about a device. If a device reports such a code, the server adds a prefix and counts the
 * alert separately.
 */
const OWN_ALERTS: ReadonlySet<string> = new Set(['taken_over', 'report_refused', 'other_alerts']);
const reportedCode = (code: string): string => (OWN_ALERTS.has(code) ? `reported_${code}` : code);

/** Number of recipients of a message that cost as much as one frame in the device's frame allowance. */
const RECIPIENTS_TO_A_FRAME = 16;

/** Codes of temporary errors. After such an error, the device reconnects and sends the report again. */
const TRANSIENT: ReadonlySet<string> = new Set(['store_unavailable', 'ledger_unavailable', 'unavailable', 'internal']);
