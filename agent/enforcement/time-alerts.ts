import type { Alerts } from './alerts.ts';
import type { DeviceClock } from './device-clock.ts';
import type { ReportStore } from './enforcement-store.ts';
import type { StoredDocuments } from './stored-documents.ts';

export interface TimeAlerts {
  listExpired(): boolean;
  /** Raises `list_expired` once for each expired order list, if the device has received data from the server but no newer list. */
  raiseListExpired(): void;
  checkServerTime(): void;
}

export function createTimeAlerts(ports: {
  readonly store: ReportStore;
  readonly clock: Pick<DeviceClock, 'now' | 'claimed'>;
  readonly documents: Pick<StoredDocuments, 'list'>;
  readonly alerts: Alerts;
  readonly onChange: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}): TimeAlerts {
  const { store, clock, documents } = ports;
  /**
   * True if the agent has raised an alert about the server's implausible time. The value is not stored, so the agent may raise the same
   * alert again after a restart.
   */
  let isClaimRaised = false;

  const listExpired = () => documents.list !== null && clock.now() >= documents.list.expires;

  return {
    listExpired,
    raiseListExpired() {
      const { list } = documents;
      if (!list || !listExpired()) return;
      const detail = `List ${list.version} expired, and the server has sent no newer list.`;
      if (ports.alerts.raise('list_expired', String(list.version), detail)) ports.onChange();
    },
    checkServerTime() {
      const claimed = clock.claimed();
      if (claimed === null) {
        isClaimRaised = false;
        return;
      }
      if (isClaimRaised) return;
      isClaimRaised = true;
      const [server, own] = [claimed, clock.now()].map((at) => new Date(at).toISOString());
      const detail = `The server's time is ${server}. By this device's clocks it is ${own}. The device keeps its own time.`;
      try {
        store.report({ type: 'alert', code: 'time_implausible', detail, at: clock.now() });
      } catch (error) {
        isClaimRaised = false;
        ports.onFailure('an alert', error);
      }
      ports.onChange();
    },
  };
}
