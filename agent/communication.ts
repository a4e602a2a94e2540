import type { OrderTerms } from '../shared/order/documents.ts';
import type { AgentOptions } from './agent.ts';
import type { GateView } from './enforcement/gate-view.ts';
import type { MailEngine } from './mail/mail-engine.ts';
import { openMailEngine } from './mail/open-mail-engine.ts';
import type { ConnectorPart } from './mail-connector/connector-part.ts';
import type { MessagingEngine } from './messaging/engine.ts';
import { type MessagingPorts, openMessaging } from './messaging/open-messaging.ts';
import type { DeviceStore } from './store/agent-store.ts';

/** Messaging and mail of one agent. They share the connection, one vault, one messaging key and one membership. */
export interface Communication {
  readonly messaging: MessagingEngine;
  readonly mail: MailEngine;
  /** Mail connector, which takes the place of the user's mail; null on devices of people. */
  readonly connector: ConnectorPart | null;
  /** Called when the frame `new-mail` arrives. */
  newMail(): void;
  welcomed(): void;
  down(): void;
  /** Called after a change that may allow or stop messages and mail: an order, a lock, an unlock or a wipe. */
  wake(): void;
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

export function openCommunication(
  given: Omit<MessagingPorts, 'gate' | 'announce' | 'workspace' | 'keyPackages' | 'patience'> & {
    readonly options: Pick<
      AgentOptions,
      'workspace' | 'keyPackages' | 'patience' | 'announce' | 'announceMail' | 'connector'
    >;
    readonly store: DeviceStore;
    readonly gate: (service: 'messaging' | 'mail') => GateView;
    /** Terms of an order in the signed order list; null for an unknown or withheld order. */
    readonly termsOf: (order: string) => Pick<OrderTerms, 'statement' | 'appeal'> | null;
  },
): Communication {
  const { workspace, keyPackages, patience, announce, announceMail } = given.options;
  const ports = { ...given, workspace, keyPackages, patience };
  const messaging = openMessaging({
    ...ports,
    gate: () => given.gate('messaging'),
    announce: (text) => announce?.(text),
  });
  const { foundation } = messaging;
  const mail = openMailEngine({
    ...ports,
    foundation,
    gate: () => given.gate('mail'),
    announce: (text) => announceMail?.(text),
  });
  const connector = given.options.connector?.({ ...ports, foundation, gate: () => given.gate('mail') }) ?? null;
  /**
   * Mail work of this agent: of the mail connector, or of the user's mail. A mail connector has no user whose mail the agent could show.
   */
  const worker = connector ?? mail;
  // The mail work needs a confirmed messaging key and the key that decrypts stored data, so it runs again after each change of messaging.
  messaging.onChange(() => worker.wake());
  return {
    messaging,
    mail,
    connector,
    newMail: () => worker.newMail(),
    welcomed() {
      messaging.welcomed();
      worker.welcomed();
    },
    down() {
      messaging.down();
      worker.down();
    },
    wake() {
      messaging.wake();
      worker.wake();
    },
    async maintain() {
      await messaging.maintain();
      await worker.maintain();
    },
    stop: async () => void (await Promise.all([messaging.stop(), mail.stop(), connector?.stop()])),
  };
}
