import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { DeviceListener } from '../link/http.ts';
import type { MessagingFoundation } from '../messaging/foundation.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { createMailClient } from './mail-client.ts';
import { createMailEngine, type MailEngine } from './mail-engine.ts';
import type { MailStore } from './mail-store.ts';

export interface MailPorts extends DeviceListener {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly foundation: MessagingFoundation;
  readonly store: { readonly mail: MailStore; report(item: ReportItem): void; once(event: string): boolean };
  readonly workspace: Workspace;
  readonly gate: () => GateView;
  readonly now: () => Instant;
  readonly announce: (text: string) => void;
  readonly onReport: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

export function openMailEngine(ports: MailPorts): MailEngine {
  const { identity, foundation, store, workspace, gate, now, announce, onFailure } = ports;
  return createMailEngine({
    identity,
    foundation,
    workspace,
    gate,
    now,
    announce,
    onFailure,
    store: store.mail,
    client: createMailClient(ports),
    alert(code, detail, event) {
      if (!store.once(`alert ${code} ${event}`)) return;
      store.report({ type: 'alert', code, detail: detail.slice(0, 1000), at: now() });
      ports.onReport();
    },
  });
}
