import type { Envelope } from '../../shared/order/documents.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Reason, Service } from '../../shared/verdict/terms.ts';
import type { ClockStore } from './device-clock.ts';
import type { DeliveredNotice } from './notice-plan.ts';

/** Enforced state of a gate, the switch that allows or blocks one service on the device. `denials`: the orders that suspend the service. */
export interface GateState {
  readonly open: boolean;
  readonly since: Instant;
  readonly reasons: readonly Reason[];
  readonly denials: readonly {
    readonly order: string;
    readonly revision: number;
    readonly reasons: readonly Reason[];
  }[];
}

export interface Versioned {
  readonly version: number;
  readonly envelope: Envelope;
}

export interface ExitMemory {
  /** For each order number, since when the order has denied a service without interruption. */
  readonly deniedSince: Readonly<Record<string, Instant>>;
  readonly wiped: readonly { readonly order: string; readonly revision: number; readonly at: Instant }[];
}

export interface Transactions {
  transaction<T>(work: () => T): T;
  /**
   * Runs a transaction that may use the disk space reserved for orders. On a full disk, frees a part of this space and runs `work` again,
   * so `work` may run several times.
   */
  reserved<T>(work: () => T): T;
}

export interface ReportStore {
  report(item: ReportItem): void;
}

export interface CorrectionStore {
  correctionVersion(): number;
  saveCorrectionVersion(version: number): void;
}

export interface DocumentStore {
  /** Sets of the approvers' public keys, oldest first. The first one is pinned: it is the first set that the device received. */
  approverSets(): readonly Versioned[];
  addApproverSet(approverSet: Versioned): void;
  list(): Versioned | null;
  saveList(list: Versioned): void;
  record(): Versioned | null;
  saveRecord(record: Versioned): void;
  /** The newest adopted revision of each received order. A revision is never removed, and never replaced by an older one. */
  orders(): readonly (Versioned & { readonly order: string })[];
  saveOrder(order: string, revision: Versioned): void;
}

export interface LocationStore {
  location(): LocationState | null;
  saveLocation(state: LocationState): void;
}

export interface GateStore {
  gates(): ReadonlyMap<Service, GateState>;
  saveGate(service: Service, gate: GateState): void;
}

export interface ExitStore {
  exits(): ExitMemory;
  saveExits(memory: ExitMemory): void;
}

export interface NoticeStore {
  notices(): readonly DeliveredNotice[];
  addNotice(notice: Omit<DeliveredNotice, 'displayed'>): void;
  /** Marks the notice as seen by the user. Returns true only the first time. */
  markNoticeDisplayed(notice: Pick<DeliveredNotice, 'order' | 'moment' | 'effective'>): boolean;
}

export interface EventStore {
  /** Records that an event has happened, such as the delivery of an order's revision. Returns true only the first time. */
  once(event: string): boolean;
  happened(event: string): boolean;
}

/**
 * Stored data of the modules that enforce orders on the device. Each part, such as `ClockStore`, serves one module. Every change is durable
 * when its method returns.
 */
export interface EnforcementStore
  extends Transactions,
    ReportStore,
    ClockStore,
    CorrectionStore,
    DocumentStore,
    LocationStore,
    GateStore,
    ExitStore,
    NoticeStore,
    EventStore {}
