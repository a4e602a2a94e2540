/**
 * Connects the order modules, one for each phase of an order, to one store. Only signatures of approvers make an order effective: the
 * server records and publishes the signatures.
 */
import type { Signer } from '../../shared/order/dsse.ts';
import { withheldAt } from '../../shared/order/stub.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { DeviceChanges } from '../bus/device-changes.ts';
import { createActionQueue } from './adoption/action-queue.ts';
import { openAdoptedOrders } from './adoption/adopted-orders.ts';
import { type Adoption, createAdoption } from './adoption/adoption.ts';
import { type ApproverSets, createApproverSets } from './adoption/approver-sets.ts';
import { createOrderRecovery, type OrderRecovery } from './adoption/order-recovery.ts';
import type { PublicList } from './adoption/public-list.ts';
import { createStoredOrders } from './adoption/stored-orders.ts';
import { createDrafting, type Drafting } from './drafting/drafting.ts';
import {
  createOrderDocuments,
  type DocumentStore,
  type OrderDocuments,
  type Sealer,
} from './drafting/order-documents.ts';
import { createProposals } from './drafting/proposals.ts';
import type { AffectedDeviceStore } from './effect/affected-devices.ts';
import { createDeviceFacts } from './effect/device-facts.ts';
import { createEffect, type Effect } from './effect/effect.ts';
import type { ExecutionStore } from './effect/executions.ts';
import { createAnswerReminders, type ReminderStore, type ResponsiblePort } from './evidence/answer-reminders.ts';
import { createEvidence, type Evidence } from './evidence/evidence.ts';
import type { ReadingStore } from './evidence/order-readings.ts';
import { createProceedings, type ProceedingStore, type Proceedings } from './evidence/proceedings.ts';
import { createReceipts, type Receipts } from './evidence/receipts.ts';
import type { RolloutStore } from './evidence/rollout.ts';
import { createNamesSealer, type NamesStore } from './evidence/sealed-names.ts';
import type { ExitStore, HoldsPort } from './exit/exit-ports.ts';
import { createExits, type Exits } from './exit/exits.ts';
import { type ChangeImpact, createChangeImpact } from './impact/change-impact.ts';
import { createImpact, type Impact } from './impact/impact.ts';
import {
  createLocationStatements,
  type LocationStatements,
  type StatementStore,
} from './impact/location-statements.ts';
import { createRehearsal, type DeviceStateStore } from './impact/rehearsal.ts';
import type { PeoplePort } from './impact/rehearsal-requests.ts';
import type {
  AdoptionStore,
  ApproverStore,
  AreasPort,
  DeviceRecordStore,
  FleetPort,
  JurisdictionPort,
  Log,
  OrderStore,
  PolicyPort,
  ProposalStore,
  ReceiptStore,
} from './ports.ts';

export interface Orders {
  readonly drafting: Drafting;
  readonly documents: Pick<OrderDocuments, 'keep' | 'stored' | 'read' | 'document' | 'decision'>;
  readonly adoption: Adoption;
  readonly approverSets: ApproverSets;
  readonly list: PublicList;
  readonly recovery: OrderRecovery;
  readonly effect: Pick<
    Effect,
    'cachedVerdict' | 'verdict' | 'record' | 'recordVersion' | 'firstRecord' | 'reissueRecord' | 'recordExecutions'
  >;
  readonly impact: Impact;
  readonly changeImpact: ChangeImpact;
  readonly statements: Omit<LocationStatements, 'overridingRule'>;
  readonly receipts: Pick<Receipts, 'check' | 'store' | 'storeChecked' | 'ofOrder' | 'ofDevice' | 'unreadable'>;
  readonly evidence: Evidence;
  readonly proceedings: Proceedings;
  readonly exit: Pick<Exits, 'progress' | 'progressAnew'>;
  /**
   * Loads the stored orders and schedules their starts and ends. An order whose start passed while no server ran takes effect immediately.
   */
  start(): Promise<void>;
  /** Replaces an order list whose date is in the future after the server's clock was set back. */
  clockChanged(): void;
  stop(): Promise<void>;
}

export interface OrderStores {
  readonly orders: OrderStore;
  readonly proposals: ProposalStore;
  readonly approvers: ApproverStore;
  readonly adoption: AdoptionStore;
  readonly records: DeviceRecordStore;
  readonly executions: ExecutionStore & AffectedDeviceStore;
  readonly exits: ExitStore;
  readonly receipts: ReceiptStore;
  readonly deviceStates: DeviceStateStore;
  readonly rollouts: RolloutStore;
  readonly documents: DocumentStore;
  readonly proceedings: ProceedingStore & ReminderStore;
  readonly statements: StatementStore;
  readonly readings: ReadingStore;
  readonly names: NamesStore;
}

export interface OrderPorts {
  readonly stores: OrderStores;
  readonly holds: HoldsPort;
  readonly sealer: Sealer;
  readonly responsible: ResponsiblePort;
  readonly people: PeoplePort;
  readonly fleet: FleetPort;
  readonly jurisdiction: JurisdictionPort;
  readonly areas: AreasPort;
  readonly policy: PolicyPort;
  readonly changes: Pick<DeviceChanges, 'follow'>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly online: Signer & { readonly publicKey: string };
  readonly installation: string;
  readonly verifiedApproversOnly: boolean;
  /** Default contact for affected people, for orders that name no contact. */
  readonly appeal: string;
  /** Percentage of all devices. An order that affects a larger share causes a warning. */
  readonly largeShare: number;
  /** Data about the last restore of the store from a backup. Undefined and null both mean that the store was never restored. */
  readonly restored?: {
    /** Highest version of a device record that any device may have received before the restore from a backup. */
    readonly recordFloor: number;
    /** True during the recovery after a restore, while devices may still return newer approver sets. */
    readonly recovering: () => boolean;
  } | null;
}

export function createOrders(ports: OrderPorts): Orders {
  const core = openCore(ports);
  const proposalModules = createProposalModules(ports, core);
  const effectModules = createEffectModules(ports, core, proposalModules.impact);
  const recordModules = createRecordModules(ports, core, {
    documents: proposalModules.documents,
    exits: effectModules.exits,
  });
  const { adopted, queue, stored, recovering } = core;
  const { drafting, documents, statements, impact, changeImpact } = proposalModules;
  const { effect, exits } = effectModules;
  const { receipts, evidence, proceedings, reminders } = recordModules;
  const { stores, clock, online, installation } = ports;
  const { orders, approvers } = stores;

  queue.beforeEach(effect.recordExecutions);
  queue.onDone(() => reminders.request());
  return {
    drafting,
    documents,
    adoption: createAdoption({ orders, approvers, store: stores.adoption, adopted, stored, queue, effect, clock }),
    approverSets: createApproverSets({
      store: approvers,
      clock,
      online,
      installation,
      state: adopted,
      queue,
      recovering,
      verifiedOnly: ports.verifiedApproversOnly,
    }),
    recovery: createOrderRecovery({ store: stores.adoption, adopted, queue, effect, installation, clock }),
    effect,
    impact,
    changeImpact,
    statements,
    receipts,
    evidence,
    proceedings,
    exit: exits,
    list: adopted.list,
    start: async () => {
      await adopted.load();
      // A crash may have happened after the server stored documents that a device returned, and before it signed an order list with them.
      // Therefore publish an order list.
      if (recovering()) await adopted.publisher.publish();
      await adopted.publisher.refresh();
      await effect.start();
      await drafting.start();
      await receipts.verifyWaiting();
      await exits.run();
      reminders.request();
    },
    clockChanged: adopted.publisher.clockChanged,
    stop: async () => {
      await queue.idle();
      await effect.stop();
      await drafting.stop();
      await adopted.publisher.stop();
      await receipts.stop();
      await exits.stop();
      await reminders.stop();
    },
  };
}

type Core = ReturnType<typeof openCore>;

/** The adopted orders, and the data that every phase of an order reads. */
function openCore({ stores, clock, bus, log, online, installation, jurisdiction, restored }: OrderPorts) {
  const { orders, approvers, executions, proceedings } = stores;
  const adopted = openAdoptedOrders({ orders, approvers, store: stores.adoption, clock, online, installation, log });
  const { accepted, rules } = adopted;
  return {
    adopted,
    queue: createActionQueue({ bus, reload: adopted.load }),
    stored: createStoredOrders({ orders, executions, proceedings, rules, clock }),
    facts: createDeviceFacts({ jurisdiction, orders, adopted }),
    rehearsal: createRehearsal({ jurisdiction, deviceStates: stores.deviceStates, clock }),
    withheld: (order: string, at: Instant) => {
      const revision = accepted().get(order)?.revision;
      return revision !== undefined && withheldAt(revision, at);
    },
    recovering: () => restored?.recovering() ?? false,
  };
}

/** Proposals of revisions, and the preview of their impact. */
function createProposalModules(ports: OrderPorts, { adopted, queue, facts, rehearsal }: Core) {
  const { stores, clock, bus, log, installation, jurisdiction, fleet, areas } = ports;
  const { orders, approvers } = stores;
  const documents = createOrderDocuments({
    store: stores.documents,
    orders,
    proceedings: stores.proceedings,
    sealer: ports.sealer,
    clock,
  });
  const proposals = createProposals({
    orders,
    approvers,
    store: stores.proposals,
    state: adopted,
    clock,
    fleet,
    installation,
    appeal: ports.appeal,
    documents,
    areas,
    policy: ports.policy,
  });
  const drafting = createDrafting({
    orders,
    approvers,
    store: stores.proposals,
    proposals,
    adopted,
    queue,
    areas,
    clock,
    bus,
    log,
  });
  const statements = createLocationStatements({
    store: stores.statements,
    orders,
    clock,
    rules: adopted.rules,
    facts,
  });
  const impact = createImpact({
    orders,
    state: adopted,
    proposals,
    rehearsal,
    clock,
    people: ports.people,
    names: createNamesSealer({ store: stores.names, orders, clock }),
    largeShare: ports.largeShare,
    locationsNamed: drafting.locationsNamed,
    overriding: statements.overridingRule,
  });
  const changeImpact = createChangeImpact({ orders, adopted, jurisdiction, rehearsal, clock });
  return { documents, drafting, statements, impact, changeImpact };
}

/** Effect of the adopted orders on devices, and exits from a country. */
function createEffectModules(ports: OrderPorts, { adopted, withheld, facts }: Core, impact: Impact) {
  const { stores, clock, bus, log, online, installation, jurisdiction, fleet } = ports;
  const { orders, executions } = stores;
  const { accepted, rules, exitsOf } = adopted;
  const effect = createEffect({
    orders,
    store: stores.records,
    executions,
    adopted,
    withheld,
    facts,
    jurisdiction,
    fleet,
    clock,
    bus,
    log,
    changes: ports.changes,
    denied: impact.affectedWhereLastSeen,
    online,
    installation,
    recordFloor: ports.restored?.recordFloor ?? 0,
  });
  const exits = createExits({
    store: stores.exits,
    orders,
    holds: ports.holds,
    clock,
    bus,
    log,
    accepted,
    rules,
    exitsOf,
    withheld,
    denied: impact.affected,
  });
  adopted.publisher.onChange(() => {
    exits.request();
    bus.publish({ kind: 'list' });
  });
  return { effect, exits };
}

/** Records about orders: receipts of devices, evidence packs and legal proceedings. */
function createRecordModules(
  ports: OrderPorts,
  { adopted, queue, stored, rehearsal }: Core,
  { documents, exits }: { readonly documents: OrderDocuments; readonly exits: Pick<Exits, 'request'> },
) {
  const { stores, clock, bus, log, installation, jurisdiction, fleet } = ports;
  const receipts = createReceipts({
    installation,
    store: stores.receipts,
    clock,
    bus,
    fleet,
    log,
    wiped: () => exits.request(),
  });
  return {
    receipts,
    evidence: createEvidence({ ...stores, receipts, adopted, rehearsal, jurisdiction, clock }),
    proceedings: createProceedings({
      store: stores.proceedings,
      documents,
      orders: stored,
      queue,
      clock,
      installation,
    }),
    reminders: createAnswerReminders({
      store: stores.proceedings,
      clock,
      people: ports.responsible,
      log,
      orders: stored.list,
      raised: () => bus.publish({ kind: 'alerts' }),
    }),
  };
}
