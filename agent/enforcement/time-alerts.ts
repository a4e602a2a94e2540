import type { Alerts } from './alerts.ts';
import type { DeviceClock } from './device-clock.ts';
import type { ReportStore } from './enforcement-store.ts';
import type { StoredDocuments } from './stored-documents.ts';

/** Alerts about an expired order list and about an implausible server time. */
export interface TimeAlerts {
  listExpired(): boolean;
  /**
   * Raises `list_expired` if the order list has expired and the device has received data from the server, but no newer list. Raises it only
   * once for each order list.
   */
  raiseListExpired(): void;
  /** Raises `time_implausible` once for each implausible server time. */
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
  /** The agent remembers only in memory which alerts it has raised. After a restart, it may raise the same alert again. */
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
