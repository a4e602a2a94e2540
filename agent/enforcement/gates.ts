import type { Instant } from '../../shared/time/clock.ts';
import { SERVICES, type Service, type Verdict } from '../../shared/verdict/terms.ts';
import type { DeviceClock } from './device-clock.ts';
import type { EventStore, GateState, GateStore, Transactions } from './enforcement-store.ts';
import type { Receipts } from './receipts.ts';
import type { StoredDocuments } from './stored-documents.ts';

export interface Gates {
  /**
   * Returns the state of each service's gate, the switch that allows or blocks the service on the device. A service that an order suspends
   * is blocked even if the store failed, because a full disk must not keep the service available.
   */
  enforced(): ReadonlyMap<Service, GateState>;
  /**
   * Applies a verdict (decision which services are suspended): stores the state of each service's gate, and a receipt for each order that
   * suspends or restores a service. Returns true if a state changed. Throws if the store fails.
   */
  apply(verdict: Verdict, now: Instant): boolean;
}

interface Change {
  readonly service: Service;
  readonly gate: GateState;
}

/**
 * Services that stay suspended until the first order list and device record arrive, because the device cannot know earlier whether orders
 * suspend these services. The connection to the server stays open, because both documents arrive over it.
 */
const WITHOUT_DOCUMENTS: ReadonlySet<Service> = new Set(['messaging', 'mail']);

export function openGates(ports: {
  readonly store: GateStore & Pick<EventStore, 'once'> & Pick<Transactions, 'reserved'>;
  readonly clock: Pick<DeviceClock, 'save'>;
  readonly documents: Pick<StoredDocuments, 'list' | 'record' | 'orders'>;
  readonly receipts: Receipts;
}): Gates {
  const { store, clock, documents, receipts } = ports;
  let stored = new Map(store.gates());
  let enforced: ReadonlyMap<Service, GateState> = stored;

  const gateOf = (service: Service, verdict: Verdict, now: Instant): GateState => {
    const before = stored.get(service);
    const { allowed, reasons, denials } = verdict.services[service];
    const isComplete = documents.list !== null && documents.record !== null;
    const open = allowed && (isComplete || !WITHOUT_DOCUMENTS.has(service));
    return { open, reasons, denials, since: before && before.open === open ? before.since : now };
  };

  const recordReceipts = ({ service, gate }: Change) => {
    const before = stored.get(service)?.denials ?? [];
    const state = gate.open ? 'open' : 'closed';
    for (const { order, revision } of gate.denials) {
      if (before.some((each) => each.order === order && each.revision === revision)) continue;
      receipts.record({ kind: 'enforced', order, revision, service, gate: state });
      store.once(denialEvent(order));
    }
    for (const { order, revision } of before) {
      if (gate.denials.some((each) => each.order === order)) continue;
      const newest = documents.orders.get(order)?.revision.revision ?? revision;
      receipts.record({ kind: 'restored', order, revision: newest, service, gate: state });
    }
  };

  return {
    enforced: () => enforced,
    apply(verdict, now) {
      const changes = SERVICES.map((service) => ({ service, gate: gateOf(service, verdict, now) })).filter(
        ({ service, gate }) => !isSame(stored.get(service), gate),
      );
      if (changes.length === 0) return false;
      // A service is blocked before the new state is stored, but allowed again only afterward. If the store fails, no suspended service
      // stays available.
      enforced = withChanges(
        stored,
        changes.filter(({ gate }) => !gate.open),
      );
      store.reserved(() => {
        clock.save();
        for (const change of changes) {
          store.saveGate(change.service, change.gate);
          recordReceipts(change);
        }
      });
      stored = withChanges(stored, changes);
      enforced = stored;
      return true;
    },
  };
}

/** Name of the stored event "this order has denied a service". The event stays until the device removes the order. */
export const denialEvent = (order: string): string => `denied ${order}`;

const withChanges = (gates: ReadonlyMap<Service, GateState>, changes: readonly Change[]) =>
  new Map([...gates, ...changes.map(({ service, gate }) => [service, gate] as const)]);

const isSame = (one: GateState | undefined, other: GateState): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);
