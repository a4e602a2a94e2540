/** One named function for each kind of frame that a device sends. Whose frame it is, the session's certificate has said. */
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceFrame, ReportItem } from '../../shared/protocol/frames.ts';
import type { Observation } from '../../shared/verdict/terms.ts';
import type { Mailing } from './mailing.ts';
import type { CommandsPort, DevicesPort, JurisdictionPort, Log, OrdersPort, RelayPort } from './ports.ts';
import type { DeviceSession } from './session.ts';

type Frame<K extends DeviceFrame['kind']> = Extract<DeviceFrame, { kind: K }>;

export interface DispatchPorts {
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: Pick<OrdersPort, 'storeReceipt'>;
  readonly relay: Pick<RelayPort, 'accept'>;
  readonly mailing: Pick<Mailing, 'mailbox' | 'taken'>;
  readonly log: Log;
  /** The session has said hello and may be served. */
  welcome(session: DeviceSession, hello: Frame<'hello'>): Promise<void>;
}

export function createDispatch(ports: DispatchPorts) {
  const { devices, commands, jurisdiction, orders, relay, mailing, log, welcome } = ports;

  /** Nobody waits to hear that it is stored, so it is written with what follows it: a device that has a list has receipts to send. */
  async function have(session: DeviceSession, { list, record, root }: Frame<'have'>): Promise<void> {
    session.storedList = list;
    session.had = { list, record, root };
  }

  async function commandStored(session: DeviceSession, { id }: Frame<'command-stored'>): Promise<void> {
    session.sent?.delete(id);
    await commands.stored(session.device, session.generation, id);
  }

  async function report(session: DeviceSession, { seq, item }: Frame<'report'>): Promise<void> {
    if (seq > session.reports) {
      // Receipts of one list come together and share a commit.
      if (item.type === 'receipt') session.behind(take(session, item));
      else await take(session, item);
      session.reports = seq;
    }
    // Also for one that was known: the device has not heard so.
    session.confirmed = Math.min(session.confirmed, session.reports - 1);
  }

  async function take(session: DeviceSession, item: ReportItem): Promise<void> {
    const { device, generation } = session;
    try {
      switch (item.type) {
        case 'inventory':
          return await devices.putInventory(device, item.inventory);
        case 'evidence':
          return await jurisdiction.observe(device, generation, item.observations.map(observationOf));
        case 'receipt':
          await orders.storeReceipt(device, generation, item.envelope);
          session.receipts += 1;
          return;
        case 'result': {
          const { command, outcome, detail } = item;
          return await commands.finished(device, generation, { command, outcome, detail });
        }
        case 'alarm':
          return await devices.raiseAlarm({ device, code: reportedCode(item.code), detail: item.detail });
      }
    } catch (error) {
      // What the store refuses for good must still be acknowledged, or the device would send it for ever. An admin hears of it.
      if (!isCordonError(error) || TRANSIENT.has(error.code)) throw error;
      log.warn({ device, code: error.code, type: item.type }, 'a report was refused');
      await devices.raiseAlarm({ device, code: 'report_refused', detail: `${item.type}: ${error.message}` });
    }
  }

  /** In the order in which they come; the answer follows when it is durable. */
  async function post(session: DeviceSession, frame: Frame<'post'>): Promise<void> {
    const { device, generation } = session;
    session.charge(Math.floor(frame.to.length / RECIPIENTS_TO_A_FRAME));
    const { answer } = await relay.accept({ device, generation }, frame);
    session.behind(answer.then((posted) => session.sendThisTurn(posted)));
  }

  return async function dispatch(session: DeviceSession, frame: DeviceFrame): Promise<void> {
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
      case 'post':
        return post(session, frame);
      case 'mailbox':
        return mailing.mailbox(session, frame);
      case 'taken':
        return mailing.taken(session, frame);
    }
  };
}

/** Alarms that the server raises about a device. A device that reports one of them must not count in the server's own. */
const OWN_ALARMS: ReadonlySet<string> = new Set(['taken_over', 'report_refused', 'other_alarms']);
const reportedCode = (code: string): string => (OWN_ALARMS.has(code) ? `reported_${code}` : code);

/** What a post costs of a device's allowance grows with the mailboxes that it fills. */
const RECIPIENTS_TO_A_FRAME = 16;

/** Worth another try, on a new connection. */
const TRANSIENT: ReadonlySet<string> = new Set(['store_unavailable', 'ledger_unavailable', 'unavailable', 'internal']);

/** A device may speak of its position and its network. An address is ours to observe, and a statement an admin's to make. */
function observationOf(observation: Extract<ReportItem, { type: 'evidence' }>['observations'][number]): Observation {
  if (observation.source !== 'position' && observation.source !== 'network') {
    throw new CordonError('invalid_input', `A device cannot give evidence of the kind ${observation.source}.`);
  }
  const { whole, ...rest } = observation;
  return { ...rest, areas: observation.areas.map(parseEvidenceArea), ...(whole === undefined ? {} : { whole }) };
}
