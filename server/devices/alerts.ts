import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { MAX_PAGE } from './device-pages.ts';
import type { AlertQuery, AlertStore, NewAlert } from './ports.ts';
import type { Scope } from './scope.ts';

export type AlertsQuery = Pick<AlertQuery, 'scope'> & Partial<AlertQuery>;

export interface AlertsPorts {
  readonly store: AlertStore;
  readonly bus: Bus;
  readonly clock: Clock;
}

export function createAlerts({ store, bus, clock }: AlertsPorts) {
  async function raiseAlert(alert: Omit<NewAlert, 'at'>): Promise<void> {
    await store.raise({ ...alert, at: clock.now() });
    bus.publish({ kind: 'alerts' });
  }

  /**
   * Marks an alert as acknowledged by the account `by`. Throws `not_found` if the alert was raised again in the meantime: each repetition
   * gives the alert a new id.
   */
  async function acknowledgeAlert(id: number, scope: Scope, by: string): Promise<void> {
    if (!(await store.acknowledge(id, scope, by, clock.now()))) {
      throw new CordonError(
        'not_found',
        'There is no such alert. It may have been raised again in the meantime. Read the newest alerts.',
      );
    }
    bus.publish({ kind: 'alerts' });
  }

  return {
    raiseAlert,
    acknowledgeAlert,
    alerts: ({ limit = 50, ...query }: AlertsQuery) =>
      store.alerts({
        device: null,
        about: null,
        acknowledged: null,
        since: null,
        before: null,
        grave: false,
        ...query,
        limit: Math.min(Math.max(1, limit), MAX_PAGE),
      }),
  };
}
