import type { ApproverSet } from '../../shared/order/approvers.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { DeviceListener } from '../link/http.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createMessaging, type MessagingEngine } from './engine.ts';
import type { LedgerStore } from './members/ledger-watch.ts';
import { createMembership } from './members/membership.ts';
import type { MessageStore } from './message-store.ts';
import { createRelayClient } from './relay-client.ts';

const KEY_PACKAGES = 30;

export interface MessagingPorts extends DeviceListener {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly signer: () => Signer;
  readonly store: LedgerStore & {
    readonly messaging: MessageStore;
    report(item: ReportItem): void;
    once(event: string): boolean;
  };
  readonly workspace: Workspace;
  readonly approverSet: () => ApproverSet | null;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly gate: () => GateView;
  readonly now: () => Instant;
  readonly onReport: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly announce: (text: string) => void;
  readonly keyPackages: number | undefined;
  readonly patience: number | undefined;
}

export function openMessaging(ports: MessagingPorts): MessagingEngine {
  const { identity, store, approverSet, http, deviceUrl, now } = ports;
  const alert = (code: string, detail: string) => {
    store.report({ type: 'alert', code, detail: detail.slice(0, 1000), at: now() });
    ports.onReport();
  };
  const membership = createMembership({
    identity,
    signer: ports.signer,
    approverSet,
    store,
    http,
    deviceUrl,
    now,
    alert,
    monotonic: () => Math.round(performance.now()),
  });
  return createMessaging({
    device: identity.device,
    generation: identity.generation,
    store: store.messaging,
    membership,
    now,
    workspace: ports.workspace,
    send: ports.send,
    gate: ports.gate,
    onFailure: ports.onFailure,
    relay: createRelayClient({ deviceUrl, http }),
    announce: (_conversation, text) => ports.announce(text),
    hasOrganizationKey: () => (approverSet()?.approvers.organizationKeys?.length ?? 0) > 0,
    alert(code, detail, event) {
      if (store.once(`alert ${code} ${event}`)) alert(code, detail);
    },
    keyPackages: ports.keyPackages ?? KEY_PACKAGES,
    patience: ports.patience,
  });
}
