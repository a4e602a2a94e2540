/** Messaging as an agent has it: engine, membership and the server's services, plugged together over what the agent is. */
import type { Root } from '../../shared/order/approvers.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import type { DeviceFrame, ReportItem } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Http } from '../link/http.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createDeviceService } from './device-service.ts';
import { createMessaging, type MessagingEngine } from './engine.ts';
import type { LedgerStore } from './ledger-watch.ts';
import { createMembership } from './membership.ts';
import type { MessageStore } from './message-store.ts';

/** How many key packages a device keeps at the server, unless it is told otherwise. */
const KEY_PACKAGES = 30;

export interface MessagingPorts {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly signer: () => Signer;
  readonly store: LedgerStore & {
    readonly messaging: MessageStore;
    report(item: ReportItem): void;
    once(event: string): boolean;
  };
  readonly workspace: Workspace;
  /** The root that is pinned. */
  readonly root: () => Root | null;
  readonly http: () => Http;
  readonly deviceUrl: () => string;
  readonly send: (frame: DeviceFrame) => boolean;
  readonly gate: () => GateView;
  readonly now: () => Instant;
  readonly monotonic: () => number;
  /** Something is new in the outbox. */
  readonly onReport: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
  /** Shows the user a text outside of the conversation. */
  readonly announce: (text: string) => void;
  readonly keyPackages: number | undefined;
  readonly patience: number | undefined;
}

export function openMessaging(ports: MessagingPorts): MessagingEngine {
  const { identity, store, root, http, deviceUrl, now, monotonic } = ports;
  const alarm = (code: string, detail: string) => {
    store.report({ type: 'alarm', code, detail: detail.slice(0, 1000), at: now() });
    ports.onReport();
  };
  const membership = createMembership({
    ...{ identity, signer: ports.signer, root, store, http, deviceUrl, monotonic, now, alarm },
  });
  return createMessaging({
    ...{ device: identity.device, generation: identity.generation, store: store.messaging, membership, now },
    ...{ workspace: ports.workspace, send: ports.send, gate: ports.gate, onFailure: ports.onFailure },
    service: createDeviceService({ deviceUrl, http }),
    announce: (_conversation, text) => ports.announce(text),
    hasOrganisationKey: () => (root()?.approvers.organisationKeys?.length ?? 0) > 0,
    alarm(code, detail, event) {
      if (store.once(`alarm ${code} ${event}`)) alarm(code, detail);
    },
    keyPackages: ports.keyPackages ?? KEY_PACKAGES,
    patience: ports.patience,
  });
}
