import type { Envelope } from '../../shared/order/documents.ts';
import type { ReportItem } from '../../shared/protocol/frames.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Reason, Service } from '../../shared/verdict/terms.ts';
import type { ClockStore } from './device-clock.ts';
import type { GivenNotice } from './notice-plan.ts';

/** The enforced state of one gate. `denials`: the orders that close it. */
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
  /** Order number → start of the uninterrupted denial. */
  readonly deniedSince: Readonly<Record<string, Instant>>;
  readonly wiped: readonly { readonly order: string; readonly revision: number; readonly at: Instant }[];
}

export interface Transactions {
  /** Transactions may be nested. */
  transaction<T>(work: () => T): T;
  /** Runs a transaction that may also use the disk space reserved for orders. On a full disk, `work` runs several times. */
  reserved<T>(work: () => T): T;
}

export interface ReportStore {
  /** Appends a report to the outbox. */
  report(item: ReportItem): void;
}

export interface CorrectionStore {
  correctionSeen(): number;
  saveCorrectionSeen(version: number): void;
}

export interface DocumentStore {
  /** Approver sets, from the pinned set on, oldest first. */
  approverSets(): readonly Versioned[];
  addApproverSet(approverSet: Versioned): void;
  list(): Versioned | null;
  saveList(list: Versioned): void;
  record(): Versioned | null;
  saveRecord(record: Versioned): void;
  /** The newest adopted revision of every order that this device has seen. Never removed or rolled back. */
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
  /** Notices that the device has given to the user, oldest first. */
  notices(): readonly GivenNotice[];
  /** Stores a notice. Does nothing for a notice that is stored already. */
  addNotice(notice: Omit<GivenNotice, 'shown'>): void;
  /** Marks the notice as shown. Returns true only the first time. */
  noticeShown(notice: Pick<GivenNotice, 'order' | 'moment' | 'effective'>): boolean;
}

export interface EventStore {
  /** Records the event. Returns true only the first time. */
  once(event: string): boolean;
  /** Returns true if `once` has recorded the event. */
  happened(event: string): boolean;
}

/** The store of enforcement: one port per part. Every method is durable when it returns. */
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
