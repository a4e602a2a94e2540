/**
 * Mail service: queues of sealed mail between mail connectors and devices (ADR 56). The server has no key to the mail. It sees the sending
 * device, the receiving devices, sizes and times. Orders suspend mail on the server, on the connector and on each device.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import {
  createJudgment,
  createMailboxMaintenance,
  createWakes,
  type Log,
  type MailboxFigures,
  type MailboxMaintenance,
  type OrdersPort,
  serviceGateOf,
} from '../relay/relay.ts';
import { createMailAcceptance, type MailAcceptance } from './acceptance.ts';
import { createMailKeys, type MailKeyService } from './keys.ts';
import { createMailPieces, type MailPieces } from './pieces.ts';
import type {
  ConnectorState,
  MailConnectors,
  MailDirectory,
  MailFigures,
  MailKeyStore,
  MailPieceStore,
  MailQueueStore,
  MailStore,
} from './ports.ts';
import { createMailQueues, type MailQueues } from './queues.ts';
import { createMailRecipients, type MailRecipients } from './recipients.ts';

/** Maximum number of connectors in one response to a device. */
const MOST_CONNECTORS = 16;
/** Maximum number of connectors in the list for admins. */
const MOST_LISTED = 100;

export interface Mail extends Pick<MailAcceptance, 'accept'>, Pick<MailboxMaintenance, 'start' | 'stop'> {
  readonly keys: MailKeyService;
  readonly pieces: MailPieces;
  readonly queues: MailQueues;
  readonly recipients: MailRecipients;
  connectors(): Promise<MailConnectors>;
  maintain(): Promise<void>;
  /** Figures of the last maintenance run. */
  recentFigures(): MailboxFigures & { readonly accepted: number };
  status(): Promise<MailStatus>;
}

export interface MailStatus {
  readonly connectors: readonly ConnectorState[];
  readonly figures: MailFigures;
}

export interface MailStores {
  readonly keys: MailKeyStore;
  readonly directory: MailDirectory;
  readonly pieces: MailPieceStore;
  readonly mails: MailStore;
  readonly queues: MailQueueStore;
}

export interface MailPorts {
  readonly installation: string;
  readonly stores: MailStores;
  readonly orders: OrdersPort;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
  /** True while a policy restricts messaging and mail of the device. */
  readonly restricts: (device: DeviceId) => boolean;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}

export function createMail({ stores, installation, ...ports }: MailPorts): Mail {
  const { orders, clock } = ports;
  const wake = createWakes(ports.bus, 'mail');
  const judgment = createJudgment(orders, 'mail', ports.restricts);
  const gate = serviceGateOf(orders, ports.restricts);
  const maintenance = createMailboxMaintenance({ ...ports, service: 'mail', store: stores.queues, wake });
  const { settleSoon } = maintenance;
  const acceptance = createMailAcceptance({ ...ports, store: stores.mails, judgment, wake, settleSoon });
  return {
    keys: createMailKeys(stores.keys, installation),
    pieces: createMailPieces({ store: stores.pieces, gate, clock }),
    queues: createMailQueues({ ...ports, store: stores.queues, wake }),
    recipients: createMailRecipients({ directory: stores.directory, judgment, gate }),
    connectors: () => stores.directory.connectors(MOST_CONNECTORS),
    accept: acceptance.accept,
    recentFigures: () => ({ ...maintenance.figures(), accepted: acceptance.accepted() }),
    async status() {
      const [connectors, figures] = await Promise.all([
        stores.directory.connectorStates(MOST_LISTED),
        stores.queues.figures(),
      ]);
      return { connectors, figures };
    },
    maintain: maintenance.run,
    start: maintenance.start,
    stop: maintenance.stop,
  };
}
