import type { AgentOptions } from './agent.ts';
import type { GateView } from './enforcement/gate-view.ts';
import type { MailEngine } from './mail/mail-engine.ts';
import { openMailEngine } from './mail/open-mail-engine.ts';
import type { MessagingEngine } from './messaging/engine.ts';
import { type MessagingPorts, openMessaging } from './messaging/open-messaging.ts';
import type { DeviceStore } from './store/agent-store.ts';

/** Messaging and mail of one agent. They share the connection, one vault, one messaging key and one membership. */
export interface Communication {
  readonly messaging: MessagingEngine;
  readonly mail: MailEngine;
  welcomed(): void;
  down(): void;
  /** Called after a change that may allow or stop messages and mail: an order, a lock, an unlock or a wipe. */
  wake(): void;
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

export function openCommunication(
  given: Omit<MessagingPorts, 'gate' | 'announce' | 'workspace' | 'keyPackages' | 'patience'> & {
    readonly options: Pick<AgentOptions, 'workspace' | 'keyPackages' | 'patience' | 'announce' | 'announceMail'>;
    readonly store: DeviceStore;
    readonly gate: (service: 'messaging' | 'mail') => GateView;
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
  // Mail waits for the confirmation of the messaging key, and for the key that decrypts stored data.
  messaging.onChange(() => mail.wake());
  return {
    messaging,
    mail,
    welcomed() {
      messaging.welcomed();
      mail.welcomed();
    },
    down() {
      messaging.down();
      mail.down();
    },
    wake() {
      messaging.wake();
      mail.wake();
    },
    async maintain() {
      await messaging.maintain();
      await mail.maintain();
    },
    stop: async () => void (await Promise.all([messaging.stop(), mail.stop()])),
  };
}
