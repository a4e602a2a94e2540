/**
 * Enforcement: documents and evidence in, gates and receipts out. Always in this order: store durably, decide (`shared/verdict`, the
 * same code as the server's), change the gates durably together with the receipts that tell of it. Killed in between, it decides
 * again at the next start before it does anything else. It asks nobody and works the same without a network.
 */

import { parseEvidenceArea, parsePlace } from '../../shared/areas/area-code.ts';
import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceRecord, Envelope, Receipt } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { exemptionsFor } from '../../shared/order/exemption.ts';
import { denialBy, exitStanding, exportsUntil, isExit } from '../../shared/order/exit.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, endStatement, locationAt, observe } from '../../shared/verdict/locate.ts';
import {
  type DeviceFacts,
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
import type { EnforcementStore, ExitMemory, GateState } from './enforcement-store.ts';
import { dueNotice, type GivenNotice, nextNotice } from './notice-plan.ts';

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
  /** A notice of an order is due, and is kept: a person on this device is to be told. Also at the start, of what was not shown before it. */
  readonly onNotice?: ((notice: GivenNotice) => void) | undefined;
  /** An exit is to be carried out here (`dueExit`). Also at the start, of one that a crash has cut short. */
  readonly onExit?: (() => void) | undefined;
  /** What was decided when its time had come could not be kept: it is decided again at the next `settle`. */
  readonly onFailure: (error: unknown) => void;
}

/** A revision by which work data on this device is to be destroyed. */
export interface DueExit {
  readonly order: string;
  readonly revision: number;
}

export interface Enforcement {
  readonly documents: HeldDocuments;
  readonly location: LocationState;
  readonly verdict: Verdict | null;
  /** Each version of a polygon once that an order names which is not over: a position is held against them. */
  polygons(): readonly AreaPolygon[];
  /** What is enforced: the gates as they are stored; one that is to be closed is so though that could not be stored yet. */
  gates(): ReadonlyMap<Service, GateState>;
  /** Each throws what the document is refused for, after an alarm; nothing has changed then. True when something was new. */
  acceptRoots(envelopes: readonly Envelope[]): boolean;
  acceptList(envelope: Envelope, withheld?: readonly Envelope[]): boolean;
  /** What the stored list lacked, asked for since. */
  acceptWithheld(withheld: readonly Envelope[]): boolean;
  acceptRecord(envelope: Envelope): boolean;
  /** Folds observations and reports those that the device made itself. */
  observe(observations: readonly Observation[]): void;
  /** Decides anew for this instant and makes the gates so. */
  settle(): void;
  /** The connection is over: from then on the address that was seen on it ages. */
  addressLeft(at: Instant): void;
  /** These revisions were displayed to a person. */
  shown(orders: readonly { order: string; revision: number }[]): void;
  /** Oldest first. */
  notices(): readonly GivenNotice[];
  /** The newest notice of each order that nobody has been shown yet. */
  unshown(): readonly GivenNotice[];
  /** The exit that is to be carried out here now; null when there is none. */
  dueExit(): DueExit | null;
  /** It has been carried out and looked at: kept, together with the receipt that says so. */
  exited(exit: DueExit): void;
  /** Exits that were carried out here, oldest first. */
  exits(): ExitMemory['wiped'];
  /** Turns this device's time back when the correction concerns it. True when it did. */
  acceptTimeCorrection(envelope: Envelope): boolean;
  /** Raises the alarm `time_implausible` once for each implausible time of the server. */
  clockClaimed(): void;
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
  let enforced: ReadonlyMap<Service, GateState> = gates;
  let rules: readonly OrderRule[] = [];
  let verdict: Verdict | null = null;
  let cancelTimer: (() => void) | null = null;
  /** Whether the present claim was reported. A restart reports it once more. */
  let claimRaised = false;

  const receipt = (
    about: Pick<Receipt, 'kind' | 'order' | 'revision' | 'service' | 'gate' | 'notice'>,
    list = documents.list,
  ) => {
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
    const unread: (() => void)[] = [];
    rules = [...documents.orders.values()]
      .flatMap((accepted) => {
        try {
          return [compileRule(accepted)];
        } catch (error) {
          if (!isCordonError(error)) throw error;
          const { order, revision } = accepted.revision;
          const detail = `Order ${order} is not enforced: ${error.message}`;
          unread.push(() => alarm('order_not_understood', `${order} ${revision}`, detail));
          return [];
        }
      })
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    // Behind the rules: one that cannot be kept must not keep the others from being enforced either.
    for (const raise of unread) raise();
  };

  /** Those of an order that has ended would take the room of others (`MOST_POLYGONS`). */
  const polygons = () => {
    const now = clock.now();
    const drawn = rules
      .filter(({ withdrawn, until }) => !withdrawn && (until === null || now < until))
      .flatMap((rule) => rule.polygons ?? []);
    return [...new Map(drawn.map((polygon) => [polygon.code, polygon])).values()].sort((a, b) =>
      a.code < b.code ? -1 : 1,
    );
  };

  const complete = () => documents.list !== null && documents.record !== null;

  /**
   * What is due of the plans of notices, kept together with the receipt that it is delivered. An order is told of where it would deny something, were it
   * in force now; its withdrawal, where it was told of or has denied something.
   */
  const giveNotices = (facts: DeviceFacts, now: Instant): GivenNotice[] => {
    const due = rules.flatMap((rule): GivenNotice[] => {
      const revision = documents.orders.get(rule.order)?.revision;
      if (!revision) return [];
      const given = noticesHere().filter(({ order }) => order === rule.order);
      const denied = rule.withdrawn && store.happened(denialEvent(rule.order));
      const moment = dueNotice(revision, rule, { given, denied }, now);
      if (moment === null || (moment !== 'withdrawal' && !concerns(rule, facts, now))) return [];
      const effective = Date.parse(revision.terms.effective);
      return [{ order: rule.order, moment, effective, revision: rule.revision, at: now, shown: false }];
    });
    if (due.length === 0) return due;
    store.transaction(() => {
      for (const notice of due) {
        store.addNotice(notice);
        const { order, revision, moment } = notice;
        receipt({ kind: 'informed', order, revision, service: null, gate: null, notice: moment });
      }
    });
    given = null;
    return due;
  };

  /** Read once, and again when there are more. */
  let given: readonly GivenNotice[] | null = null;
  const noticesHere = () => {
    given ??= store.notices();
    return given;
  };

  const unshown = () => {
    const newest = new Map(noticesHere().map((notice) => [notice.order, notice]));
    return [...newest.values()].filter(({ shown }) => !shown);
  };

  const gateOf = (service: Service, now: Instant, decided: Verdict): GateState => {
    const before = gates.get(service);
    const { allowed, reasons, denials } = decided.services[service];
    const open = allowed && (complete() || !WITHOUT_DOCUMENTS.has(service));
    return { open, reasons, denials, since: before && before.open === open ? before.since : now };
  };

  const settleNow = () => {
    const now = clock.now();
    const { list, record } = documents;
    if (location.at > now) {
      location = pullBack(location, now);
      store.saveLocation(location);
    }
    const facts: DeviceFacts = {
      home: record?.home == null ? null : parsePlace(record.home),
      seat: record?.seat == null ? null : parsePlace(record.seat),
      exemptions: exemptionsFor(
        identity.device,
        record,
        [...documents.orders.values()].map(({ revision }) => revision),
      ),
      location,
      listExpires: list?.expires ?? null,
    };
    verdict = evaluate(rules, facts, now);
    const decided = verdict;
    const changed = SERVICES.map((service) => ({ service, gate: gateOf(service, now, decided) })).filter(
      ({ service, gate }) => !sameGate(gates.get(service), gate),
    );
    if (changed.length > 0) {
      enforced = new Map([...gates, ...pairs(changed.filter(({ gate }) => !gate.open))]);
      store.transaction(() => {
        clock.keep();
        for (const { service, gate } of changed) {
          store.saveGate(service, gate);
          tell(service, gates.get(service)?.denials ?? [], gate);
        }
      });
      gates = new Map([...gates, ...pairs(changed)]);
      enforced = gates;
    }
    const told = complete() ? giveNotices(facts, now) : [];
    follow(decided, now);
    schedule(now);
    if (due) ports.onExit?.();
    if (changed.length > 0 || told.length > 0) ports.onChange();
    for (const notice of told) ports.onNotice?.(notice);
    if (changed.length > 0 || told.length > 0) return;
    if (listExpired()) ports.onListExpired();
  };

  let exits = store.exits();
  let due: DueExit | null = null;

  /** Since when each order that ends in an exit has denied this device, kept as it changes; and whether one is to be carried out now. */
  const follow = (decided: Verdict, now: Instant) => {
    const { list, record } = documents;
    const deniedSince: Record<string, Instant> = {};
    due = null;
    for (const { revision } of documents.orders.values()) {
      const { order, terms } = revision;
      if (revision.status === 'withdrawn' || exportsUntil(terms) === null) continue;
      const rule = rules.find((each) => each.order === order);
      const denial = rule && denialBy(rule, decided, locationAt(location, now));
      if (!denial) continue;
      const since = exits.deniedSince[order] ?? now;
      deniedSince[order] = since;
      if (!isExit(revision) || !list || !record || wasCarriedOut(revision)) continue;
      const standing = exitStanding(terms, {
        certain: denial.certain,
        deniedSince: since,
        hold: record.hold === true,
        // A server whose clock is ahead must not have work data destroyed early.
        listIssued: Math.min(list.issued, now),
        listExpired: now >= list.expires,
      });
      if (standing === 'due') due ??= { order, revision: revision.revision };
    }
    if (JSON.stringify(deniedSince) !== JSON.stringify(exits.deniedSince)) {
      const next = { ...exits, deniedSince };
      store.saveExits(next);
      exits = next;
    }
  };

  const wasCarriedOut = ({ order, revision }: DueExit) =>
    exits.wiped.some((exit) => exit.order === order && exit.revision === revision);

  const listExpired = () => documents.list !== null && clock.now() >= documents.list.expires;

  /** The receipts of one gate's change: each order that denies now and did not before, each that did and no longer does. */
  const tell = (service: Service, before: GateState['denials'], gate: GateState) => {
    const state = gate.open ? 'open' : 'closed';
    for (const { order, revision } of gate.denials) {
      if (before.some((each) => each.order === order && each.revision === revision)) continue;
      receipt({ kind: 'enforced', order, revision, service, gate: state });
      store.once(denialEvent(order));
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
    const notices = rules.map((rule) => {
      const revision = documents.orders.get(rule.order)?.revision;
      return revision ? nextNotice(revision, rule, now) : null;
    });
    const next = [verdict?.nextChange ?? null, expires, ...notices].filter((each) => each !== null);
    if (next.length > 0) cancelTimer = time.after(Math.max(1, Math.min(...next) - now), settleInTime);
  };

  const settleInTime = () => {
    try {
      settleNow();
    } catch (error) {
      ports.onFailure(error);
    }
  };

  const fold = (observations: readonly Observation[]) => {
    for (const observation of observations) location = observe(location, observation);
    store.saveLocation(location);
  };

  /** An admin's word on where the device is comes and goes with the record. */
  const foldStatement = (record: DeviceRecord | null) => {
    const statement = record?.statement;
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
    foldStatement(documents.record);
  });

  return {
    documents,
    get location() {
      return location;
    },
    get verdict() {
      return verdict;
    },
    polygons,
    gates: () => enforced,

    acceptRoots: (envelopes) => guarded('root of approvers', envelopes, () => documents.acceptRoots(envelopes)),

    acceptList(envelope, withheld = []) {
      return guarded('list', [envelope], () => {
        const accepted = documents.acceptList(envelope, withheld, clock.now(), ({ list, orders, alarms }) => {
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

    acceptWithheld(withheld) {
      const list = store.list();
      return list !== null && this.acceptList(list.envelope, withheld);
    },

    acceptRecord(envelope) {
      return guarded('device record', [envelope], () => {
        if (!documents.acceptRecord(envelope, foldStatement)) return false;
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
          for (const notice of noticesHere().filter((each) => each.order === order)) {
            const { moment } = notice;
            if (!store.noticeShown(notice)) continue;
            receipt({ kind: 'shown', order, revision: notice.revision, service: null, gate: null, notice: moment });
          }
          if (!store.once(`shown ${order} ${revision}`)) continue;
          receipt({ kind: 'shown', order, revision, service: null, gate: null });
        }
      });
      given = null;
      ports.onChange();
    },

    notices: noticesHere,
    unshown,

    dueExit: () => due,

    exited({ order, revision }) {
      const at = clock.now();
      const next = { ...exits, wiped: [...exits.wiped, { order, revision, at }] };
      store.transaction(() => {
        store.saveExits(next);
        receipt({ kind: 'wiped', order, revision, service: null, gate: null });
      });
      exits = next;
      due = null;
      ports.onChange();
    },

    exits: () => exits.wiped,

    acceptTimeCorrection: (envelope) =>
      guarded('time correction', [envelope], () => {
        const { root } = documents;
        if (!root) throw new CordonError('approvers_required', 'This device has pinned no approver set yet.');
        const correction = verifyTimeCorrection(envelope, root);
        if (correction.version <= store.correctionSeen()) return false;
        const [from, until, earliest] = [correction.from, correction.until, correction.earliest].map((at) =>
          Date.parse(at),
        ) as [number, number, number];
        const before = clock.now();
        const corrected = store.transaction(() => {
          store.saveCorrectionSeen(correction.version);
          if (!clock.correct({ from, until, earliest })) return false;
          const [was, is] = [before, clock.now()].map((at) => new Date(at).toISOString());
          const detail = `Time correction ${correction.version} turned this device's time back from ${was} to ${is}.`;
          store.report({ type: 'alarm', code: 'time_corrected', detail, at: clock.now() });
          return true;
        });
        if (!corrected) return false;
        settleNow();
        ports.onChange();
        return true;
      }),

    clockClaimed() {
      const claimed = clock.claimed();
      if (claimed === null) {
        claimRaised = false;
        return;
      }
      if (claimRaised) return;
      claimRaised = true;
      const [server, own] = [claimed, clock.now()].map((at) => new Date(at).toISOString());
      const detail = `The server's time is ${server}. By this device's clocks it is ${own}. The device keeps its own time.`;
      store.report({ type: 'alarm', code: 'time_implausible', detail, at: clock.now() });
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

/** Kept for as long as the device has the order: its gate may have opened long before it is withdrawn. */
const denialEvent = (order: string): string => `denied ${order}`;

/** Whether the order would deny this device something, were it in force now. */
function concerns(rule: OrderRule, facts: DeviceFacts, now: Instant): boolean {
  const begun = { ...rule, effective: Math.min(rule.effective, now) };
  return Object.values(evaluate([begun], facts, now).services).some(({ allowed }) => !allowed);
}

const pairs = (changed: readonly { readonly service: Service; readonly gate: GateState }[]) =>
  changed.map(({ service, gate }) => [service, gate] as const);

function sameGate(one: GateState | undefined, other: GateState): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
