/**
 * Enforcement of orders on this device, which needs no network. The device stores its inputs (signed documents and location evidence), and
 * decides with the server's code (`shared/verdict`) which services are blocked. The device stores the decision together with the receipts
 * for the server. After a crash between these steps, the next start decides again.
 */
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { locationAt } from '../../shared/verdict/locate.ts';
import type { DeviceFacts, LocationState, Observation, Service, Verdict } from '../../shared/verdict/terms.ts';
import { createAlerts } from './alerts.ts';
import type { DeviceClock, DeviceTime } from './device-clock.ts';
import { openDeviceLocation } from './device-location.ts';
import { createDocumentAcceptance, type DocumentAcceptance, recordDelivery } from './document-acceptance.ts';
import type { EnforcementStore, GateState } from './enforcement-store.ts';
import { type Exits, openExits } from './exits.ts';
import { openGates } from './gates.ts';
import type { DeliveredNotice } from './notice-plan.ts';
import { type Notices, openNotices } from './notices.ts';
import { createOrderRules } from './order-rules.ts';
import { createReceipts } from './receipts.ts';
import { type DeviceIdentity, openStoredDocuments, type StoredDocuments } from './stored-documents.ts';
import { createTimeAlerts, type TimeAlerts } from './time-alerts.ts';

export interface EnforcementPorts {
  readonly store: EnforcementStore;
  readonly identity: DeviceIdentity;
  readonly clock: DeviceClock;
  readonly time: DeviceTime;
  readonly signer: () => Signer;
  readonly onChange: () => void;
  /**
   * Called when the device applies an expired order list, because it has no newer one. `list-watch.ts` then raises an alert or waits for a
   * newer list.
   */
  readonly onListExpired: () => void;
  /**
   * Called for a stored notice that the user should see now. For notices that were unseen when the agent started, use
   * `notices.undisplayed`.
   */
  readonly onNotice?: ((notice: DeliveredNotice) => void) | undefined;
  readonly onExit?: (() => void) | undefined;
  /**
   * Called when the store failed to save the data that `what` names, for example on a full disk. The next call of `settle` decides again
   * which services are blocked, and tries to store the decision.
   */
  readonly onFailure: (what: string, error: unknown) => void;
}

export interface Evidence {
  readonly location: LocationState;
  /**
   * Stores location observations, reports those of the device's own sensors to the server, and decides again which services are blocked.
   */
  observe(observations: readonly Observation[]): void;
  /**
   * Records the end of the connection at the time `at`. From then on, the network address that the server saw is location evidence only for
   * a limited time.
   */
  connectionEnded(at: Instant): void;
}

export interface Enforcement {
  readonly documents: StoredDocuments;
  readonly accept: DocumentAcceptance;
  readonly evidence: Evidence;
  readonly notices: Notices;
  readonly exits: Exits;
  readonly timeAlerts: TimeAlerts;
  readonly verdict: Verdict | null;
  gates(): ReadonlyMap<Service, GateState>;
  polygons(): readonly AreaPolygon[];
  /** Decides which services are blocked now, and stores the decision. */
  settle(): void;
  stop(): void;
}

export function openEnforcement(ports: EnforcementPorts): Enforcement {
  const { store, clock, identity, onChange, onFailure } = ports;
  const documents = openStoredDocuments(store, identity);
  const receipts = createReceipts({ store, clock, identity, signer: ports.signer, list: () => documents.list });
  const alerts = createAlerts({ store, clock, onFailure });
  const timeAlerts = createTimeAlerts({ store, clock, documents, alerts, onChange, onFailure });
  const rules = createOrderRules(documents, alerts);
  const location = openDeviceLocation(store, onFailure);
  const gates = openGates({ store, clock, documents, receipts });
  const notices = openNotices({ store, documents, rules: rules.all, receipts, onChange });
  const exits = openExits({ store, clock, documents, receipts, onChange });
  let verdict: Verdict | null = null;
  let cancelTimer: (() => void) | null = null;

  const settle = () => {
    const now = clock.now();
    location.limit(now);
    const facts = factsOf(identity.device, documents, location.state);
    const decided = evaluate(rules.all(), facts, now);
    verdict = decided;
    let isChanged = false;
    let due: readonly DeliveredNotice[] = [];
    try {
      isChanged = gates.apply(decided, now);
      if (documents.list && documents.record) due = notices.deliverDue(facts, now);
      exits.review(rules.all(), decided, locationAt(location.state, now), now);
    } finally {
      // The timer for the next change starts even if the store fails, because the device must enforce that change on time.
      schedule(now, decided);
    }
    if (exits.dueExit()) ports.onExit?.();
    if (isChanged || due.length > 0) onChange();
    for (const notice of due) ports.onNotice?.(notice);
    if (!isChanged && due.length === 0 && timeAlerts.listExpired()) ports.onListExpired();
  };

  const schedule = (now: Instant, { nextChange }: Verdict) => {
    cancelTimer?.();
    const next = [nextChange, expiryAfter(now, documents), notices.nextAt(now)].filter((each) => each !== null);
    if (next.length > 0) cancelTimer = ports.time.after(Math.max(1, Math.min(...next) - now), settleByTimer);
  };

  const settleByTimer = () => {
    try {
      settle();
    } catch (error) {
      onFailure('the gates', error);
    }
  };

  rules.compile();
  // During enrollment, the device stores its first order list before it has a key for receipts. The agent therefore makes these receipts
  // when it starts.
  store.reserved(() => {
    if (documents.list) recordDelivery(store, receipts, documents.list, documents.orders);
    location.applyStatement(documents.record, clock.now());
  });

  return {
    documents,
    accept: createDocumentAcceptance({
      store,
      documents,
      clock,
      alerts,
      receipts,
      onRefused: onChange,
      onRecordStored: (record) => location.applyStatement(record, clock.now()),
      onAccepted(document) {
        if (document === 'list') rules.compile();
        settle();
        onChange();
      },
    }),
    evidence: {
      get location() {
        return location.state;
      },
      observe(observations) {
        if (observations.length === 0) return;
        location.observe(observations);
        settle();
        onChange();
      },
      connectionEnded(at) {
        if (location.connectionEnded(at)) settle();
      },
    },
    notices,
    exits,
    timeAlerts,
    get verdict() {
      return verdict;
    },
    gates: gates.enforced,
    polygons: () => rules.polygons(clock.now()),
    settle,
    stop: () => cancelTimer?.(),
  };
}

const expiryAfter = (now: Instant, { list }: Pick<StoredDocuments, 'list'>): Instant | null =>
  list && list.expires > now ? list.expires : null;

function factsOf(
  device: string,
  { record, list, orders }: Pick<StoredDocuments, 'record' | 'list' | 'orders'>,
  location: LocationState,
): DeviceFacts {
  const revisions = [...orders.values()].map(({ revision }) => revision);
  return {
    home: record?.home == null ? null : parseHomeArea(record.home),
    seat: record?.seat == null ? null : parseHomeArea(record.seat),
    exemptions: exemptionsFor(device, record, revisions),
    location,
    listExpires: list?.expires ?? null,
  };
}
