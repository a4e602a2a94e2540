import type { OrderTerms } from '../../shared/order/documents.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { DeviceListener } from '../link/http.ts';
import { createMailClient } from '../mail/mail-client.ts';
import type { MailEngine } from '../mail/mail-engine.ts';
import { createMailKeys, type MailKeyStore } from '../mail/mail-keys.ts';
import { createMailSenders, MOST_OF_CONNECTOR } from '../mail/mail-senders.ts';
import type { MailStore } from '../mail/mail-store.ts';
import type { MessagingFoundation } from '../messaging/foundation.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { ConnectorConfig } from './config.ts';
import { type MailConnector, type MailConnectorStatus, startMailConnector } from './mail-connector.ts';

export interface ConnectorPartPorts extends DeviceListener {
  readonly identity: { readonly installation: string };
  readonly foundation: MessagingFoundation;
  readonly store: {
    readonly mail: MailKeyStore & Pick<MailStore, 'mailValue' | 'saveMailValue' | 'forgetMail'>;
    report(item: ReportItem): void;
    once(event: string): boolean;
  };
  readonly workspace: Workspace;
  readonly gate: () => GateView;
  readonly termsOf: (order: string) => Pick<OrderTerms, 'statement' | 'appeal'> | null;
  readonly now: () => Instant;
  readonly onReport: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

/** The mail connector as a part of an agent. It starts when the keys of this enrollment are ready. */
export interface ConnectorPart
  extends Pick<MailEngine, 'welcomed' | 'down' | 'newMail' | 'wake' | 'maintain' | 'stop'> {
  /** State of the connector; null until it has started. */
  status(): MailConnectorStatus | null;
}

export type OpenConnectorPart = (ports: ConnectorPartPorts) => ConnectorPart;

export const connectorPart =
  (config: ConnectorConfig): OpenConnectorPart =>
  (ports) => {
    const { foundation, workspace, store } = ports;
    const client = createMailClient(ports);
    const keys = createMailKeys({
      store: store.mail,
      seal: foundation.vault,
      client,
      installation: ports.identity.installation,
      self: foundation.self,
      now: Date.now,
    });
    let running: MailConnector | null = null;
    let starting: Promise<void> | null = null;
    let isStopped = false;

    async function start(): Promise<void> {
      // Without the keys of this enrollment, the connector can neither seal mail nor open it.
      const { vault, membership } = foundation;
      if (membership.own().state !== 'member' || vault.state() !== 'open') return;
      const started = await startMailConnector({
        config,
        workspace,
        installation: ports.identity.installation,
        client,
        keys,
        membership,
        senders: createMailSenders({ store: store.mail, vault, membership, now: Date.now, most: MOST_OF_CONNECTOR }),
        self: foundation.self,
        forgetMail: store.mail.forgetMail,
        gate: ports.gate,
        statementOf: ports.termsOf,
        alert(code, detail) {
          if (!store.once(`alert ${code} ${detail}`)) return;
          store.report({ type: 'alert', code, detail: detail.slice(0, 1000), at: ports.now() });
          ports.onReport();
        },
        onFailure: ports.onFailure,
      });
      if (isStopped) await started.stop();
      else running = started;
    }

    const wake = () => {
      if (running) return running.wake();
      if (isStopped) return;
      starting ??= start()
        .catch((error: unknown) => ports.onFailure('the start of the mail connector', error))
        .finally(() => {
          starting = null;
        });
    };

    return {
      wake,
      welcomed: wake,
      newMail: wake,
      down: () => undefined,
      maintain: async () => wake(),
      status: () => running?.status() ?? null,
      async stop() {
        isStopped = true;
        await starting;
        await running?.stop();
      },
    };
  };
