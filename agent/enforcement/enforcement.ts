/**
 * Enforcement: documents and evidence in, gates and receipts out. Always in this order: store durably, decide (`shared/verdict`, the
 * same code as the server's), change the gates durably together with the receipts that tell of it. Killed in between, it decides
 * again at the next start before it does anything else. It asks nobody and works the same without a network.
 */

import { parseEvidenceArea, parsePlace } from '../../shared/areas/area-code.ts';
import { isCordonError } from '../../shared/errors.ts';
import type { Envelope, Receipt } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, endStatement, observe } from '../../shared/verdict/locate.ts';
import {
  type LocationState,
  type Observation,
  type OrderRule,
  SERVICES,
  type Service,
  type Verdict,
} from '../../shared/verdict/terms.ts';
import { pullBack } from '../evidence/pull-back.ts';
import type { DeviceClock, DeviceTime } from './device-clock.ts';
import { type HeldDocuments, type HeldIdentity, type HeldList, openHeldDocuments } from './documents-held.ts';
import type { EnforcementStore, GateState } from './enforcement-store.ts';

export interface EnforcementPorts {
  readonly store: EnforcementStore;
  readonly identity: HeldIdentity;
  readonly clock: DeviceClock;
  readonly time: DeviceTime;
  /** Signs receipts with the key of the device's certificate. */
  readonly signer: () => Signer;
  /** After a durable change of documents, location or gates. */
  readonly onChange: () => void;
  /** At each look at an expired list: whether a newer one is on its way is for others to know. */
  readonly onListExpired: () => void;
}

export interface Enforcement {
  readonly documents: HeldDocuments;
  readonly location: LocationState;
  readonly verdict: Verdict | null;
  /** The gates as they are stored: what is enforced. */
  gates(): ReadonlyMap<Service, GateState>;
  /** Each throws what the document is refused for, after an alarm; nothing has changed then. True when something was new. */
  acceptRoots(envelopes: readonly Envelope[]): boolean;
  acceptList(envelope: Envelope): boolean;
  acceptRecord(envelope: Envelope): boolean;
  /** Folds observations and reports those that the device made itself. */
  observe(observations: readonly Observation[]): void;
  /** Decides anew for this instant and makes the gates so. */
  settle(): void;
  /** The connection is over: from then on the address that was seen on it ages. */
  addressLeft(at: Instant): void;
  /** These revisions were displayed to a person. */
  shown(orders: readonly { order: string; revision: number }[]): void;
  listExpired(): boolean;
  /** No newer list has come though the device has heard from the server: raises the alarm `list_expired`, once a list. */
  listStale(): void;
  stop(): void;
}

/** Until a list and the record are stored, traffic waits; the link must not, or they could never come. */
const WITHOUT_DOCUMENTS: ReadonlySet<Service> = new Set(['messaging', 'mail']);

export function openEnforcement(ports: EnforcementPorts): Enforcement {
  const { store, clock, time, identity } = ports;
  const documents = openHeldDocuments(store, identity);
  let location = store.location() ?? emptyLocation();
  let gates = new Map(store.gates());
  let rules: readonly OrderRule[] = [];
  let verdict: Verdict | null = null;
  let cancelTimer: (() => void) | null = null;

  const receipt = (about: Pick<Receipt, 'kind' | 'order' | 'revision' | 'service' | 'gate'>, list = documents.list) => {
    if (!list) return;
    const envelope = makeReceipt(
      {
        installation: identity.installation,
        device: identity.device,
        generation: identity.generation(),
        listVersion: list.version,
        at: new Date(clock.now()).toISOString(),
        ...about,
      },
      ports.signer(),
    );
    store.report({ type: 'receipt', envelope });
  };

  /** Raised once for what it is about, so that a server that repeats itself does not fill the outbox. True when it was. */
  const alarm = (code: string, about: string, detail: string) =>
    store.transaction(() => {
      if (!store.once(`alarm ${code} ${about}`)) return false;
      store.report({ type: 'alarm', code, detail: detail.slice(0, 1000), at: clock.now() });
      return true;
    });

  /** Refused documents are told to an admin and change nothing. */
  const guarded = (kind: string, envelopes: readonly Envelope[], accept: () => boolean): boolean => {
    try {
      return accept();
    } catch (error) {
      if (isCordonError(error)) {
        const digest = envelopes.map((envelope) => envelope.payload.slice(-24)).join(' ');
        alarm(error.code, `${kind} ${digest}`, `A ${kind} was refused: ${error.message}`);
        ports.onChange();
      }
      throw error;
    }
  };

  /** An order that this version cannot read must not keep the others from being enforced; the rest of it is an admin's to mend. */
  const compile = () => {
    rules = [...documents.orders.values()]
      .flatMap((accepted) => {
        try {
          return [compileRule(accepted)];
        } catch (error) {
          if (!isCordonError(error)) throw error;
          const { order, revision } = accepted.revision;
          alarm('order_not_understood', `${order} ${revision}`, `Order ${order} is not enforced: ${error.message}`);
          return [];
        }
      })
      .sort((a, b) => (a.order < b.order ? -1 : 1));
  };

  const gateOf = (service: Service, now: Instant, decided: Verdict): GateState => {
    const before = gates.get(service);
    const complete = documents.list !== null && documents.record !== null;
    const { allowed, reasons, denials } = decided.services[service];
    const open = allowed && (complete || !WITHOUT_DOCUMENTS.has(service));
    return { open, reasons, denials, since: before && before.open === open ? before.since : now };
  };

  const settleNow = () => {
    const now = clock.now();
    const { list, record } = documents;
    if (location.at > now) {
      location = pullBack(location, now);
      store.saveLocation(location);
    }
    verdict = evaluate(
      rules,
      {
        home: record?.home == null ? null : parsePlace(record.home),
        seat: record?.seat == null ? null : parsePlace(record.seat),
        exemptions: exemptionsFor(
          identity.device,
          record,
          [...documents.orders.values()].map(({ revision }) => revision),
        ),
        location,
        listExpires: list?.expires ?? null,
      },
      now,
    );
    const decided = verdict;
    const changed = SERVICES.map((service) => ({ service, gate: gateOf(service, now, decided) })).filter(
      ({ service, gate }) => !sameGate(gates.get(service), gate),
    );
    if (changed.length > 0) {
      store.transaction(() => {
        clock.keep();
        for (const { service, gate } of changed) {
          store.saveGate(service, gate);
          tell(service, gates.get(service)?.denials ?? [], gate);
        }
      });
      gates = new Map([...gates, ...changed.map(({ service, gate }) => [service, gate] as const)]);
    }
    schedule(now);
    if (changed.length > 0) ports.onChange();
    else if (listExpired()) ports.onListExpired();
  };

  const listExpired = () => documents.list !== null && clock.now() >= documents.list.expires;

  /** The receipts of one gate's change: each order that denies now and did not before, each that did and no longer does. */
  const tell = (service: Service, before: GateState['denials'], gate: GateState) => {
    const state = gate.open ? 'open' : 'closed';
    for (const { order, revision } of gate.denials) {
      if (before.some((each) => each.order === order && each.revision === revision)) continue;
      receipt({ kind: 'enforced', order, revision, service, gate: state });
    }
    for (const { order, revision } of before) {
      if (gate.denials.some((each) => each.order === order)) continue;
      const newest = documents.orders.get(order)?.revision.revision ?? revision;
      receipt({ kind: 'restored', order, revision: newest, service, gate: state });
    }
  };

  /** Once for each revision: a list that is only fresh says nothing that a person would want to hear of again. */
  const inform = (list: HeldList | null, orders: HeldDocuments['orders']) => {
    if (!list) return;
    for (const { revision: held } of orders.values()) {
      const { order, revision } = held;
      if (!store.once(`informed ${order} ${revision}`)) continue;
      receipt({ kind: 'informed', order, revision, service: null, gate: null }, list);
    }
  };

  const schedule = (now: Instant) => {
    cancelTimer?.();
    const expires = documents.list && documents.list.expires > now ? documents.list.expires : null;
    const next = [verdict?.nextChange ?? null, expires].filter((each) => each !== null);
    if (next.length > 0) cancelTimer = time.after(Math.max(1, Math.min(...next) - now), settleNow);
  };

  const fold = (observations: readonly Observation[]) => {
    for (const observation of observations) location = observe(location, observation);
    store.saveLocation(location);
  };

  /** An admin's word on where the device is comes and goes with the record. */
  const foldStatement = () => {
    const statement = documents.record?.statement;
    if (!statement) {
      location = endStatement(location, clock.now());
      return store.saveLocation(location);
    }
    const areas = statement.areas.map(parseEvidenceArea);
    fold([{ source: 'statement', areas, at: Date.parse(statement.at), until: Date.parse(statement.until) }]);
  };

  compile();
  // The list that enrolment stored, before there was anything that could sign receipts.
  store.transaction(() => {
    inform(documents.list, documents.orders);
    foldStatement();
  });

  return {
    documents,
    get location() {
      return location;
    },
    get verdict() {
      return verdict;
    },
    gates: () => gates,

    acceptRoots: (envelopes) => guarded('root of approvers', envelopes, () => documents.acceptRoots(envelopes)),

    acceptList(envelope) {
      return guarded('list', [envelope], () => {
        const accepted = documents.acceptList(envelope, clock.now(), ({ list, orders, alarms }) => {
          clock.atLeast(list.issued);
          inform(list, orders);
          for (const each of alarms) alarm(each.code, `${each.order} in list ${list.version}`, each.detail);
        });
        if (!accepted) return false;
        compile();
        settleNow();
        ports.onChange();
        return true;
      });
    },

    acceptRecord(envelope) {
      return guarded('device record', [envelope], () => {
        const changed = store.transaction(() => {
          if (!documents.acceptRecord(envelope)) return false;
          foldStatement();
          return true;
        });
        if (!changed) return false;
        settleNow();
        ports.onChange();
        return true;
      });
    },

    observe(observations) {
      if (observations.length === 0) return;
      store.transaction(() => {
        fold(observations);
        const own = observations.filter(({ source }) => source === 'position' || source === 'network');
        if (own.length > 0) {
          store.report({
            type: 'evidence',
            observations: own.map(({ source, areas, at, whole }) => ({
              source,
              areas: [...areas],
              at,
              ...(whole === undefined ? {} : { whole }),
            })),
          });
        }
      });
      settleNow();
      ports.onChange();
    },

    settle: settleNow,

    addressLeft(at) {
      const { address } = location.sightings;
      if (!address?.connected) return;
      fold([{ source: 'address', areas: address.areas, at: Math.max(at, address.at), connected: false }]);
      settleNow();
    },

    shown(orders) {
      store.transaction(() => {
        for (const { order, revision } of orders) {
          if (!store.once(`shown ${order} ${revision}`)) continue;
          receipt({ kind: 'shown', order, revision, service: null, gate: null });
        }
      });
      ports.onChange();
    },

    listExpired,

    listStale() {
      const { list } = documents;
      if (!list || !listExpired()) return;
      const detail = `List ${list.version} expired and no newer one has come.`;
      if (alarm('list_expired', String(list.version), detail)) ports.onChange();
    },

    stop() {
      cancelTimer?.();
    },
  };
}

function sameGate(one: GateState | undefined, other: GateState): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
