import type { DeviceClock } from './device-clock.ts';
import type { EventStore, ReportStore, Transactions } from './enforcement-store.ts';

const LONGEST_DETAIL = 1000;

/**
 * Alerts about enforcement. Each pair of code and subject raises one alert, so that a server that repeats an invalid document does not fill
 * the outbox.
 */
export interface Alerts {
  /** Raises an alert. Returns false if an alert with this code and subject was raised before. Throws if the store fails. */
  raise(code: string, subject: string, detail: string): boolean;
  /**
   * Raises an alert and never throws, even if the store fails. The error that caused the alert must stay visible, and the enforcement of
   * orders must continue.
   */
  tryRaise(code: string, subject: string, detail: string): void;
}

export function createAlerts(ports: {
  readonly store: Pick<Transactions, 'transaction'> & Pick<EventStore, 'once'> & ReportStore;
  readonly clock: Pick<DeviceClock, 'now'>;
  readonly onFailure: (what: string, error: unknown) => void;
}): Alerts {
  const { store, clock } = ports;

  const raise: Alerts['raise'] = (code, subject, detail) =>
    store.transaction(() => {
      if (!store.once(`alert ${code} ${subject}`)) return false;
      store.report({ type: 'alert', code, detail: detail.slice(0, LONGEST_DETAIL), at: clock.now() });
      return true;
    });

  return {
    raise,
    tryRaise(code, subject, detail) {
      try {
        raise(code, subject, detail);
      } catch (error) {
        ports.onFailure('an alert', error);
      }
    },
  };
}
