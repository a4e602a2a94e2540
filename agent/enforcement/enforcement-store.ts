/** What enforcement keeps: the port, in the order in which a decision needs it. Every verb is durable when it returns. */
import type { Envelope } from '../../shared/order/documents.ts';
import type { ReportItem } from '../../shared/protocol/frames.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Reason, Service } from '../../shared/verdict/terms.ts';
import type { ClockStore } from './device-clock.ts';
import type { GivenNotice } from './notice-plan.ts';

/** The state of one gate that is acted on; `denials` is why it is closed. */
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

/** What is kept of orders that end in an exit, and of exits. */
export interface ExitMemory {
  /** Order → since when it has denied this device something, without a break. */
  readonly deniedSince: Readonly<Record<string, Instant>>;
  /** Exits that were carried out here, oldest first. */
  readonly wiped: readonly { readonly order: string; readonly revision: number; readonly at: Instant }[];
}

/** Newest version of a time correction that the device has seen. */
export interface CorrectionStore {
  correctionSeen(): number;
  saveCorrectionSeen(version: number): void;
}

export interface EnforcementStore extends CorrectionStore, ClockStore {
  /** All or nothing; may be nested. */
  transaction<T>(work: () => T): T;
  /** Oldest first, from the pinned one on. */
  roots(): readonly Versioned[];
  addRoot(root: Versioned): void;
  list(): Versioned | null;
  saveList(list: Versioned): void;
  record(): Versioned | null;
  saveRecord(record: Versioned): void;
  /** The newest adopted revision of every order this device has ever seen: never removed, never rolled back. */
  orders(): readonly (Versioned & { readonly order: string })[];
  saveOrder(order: string, revision: Versioned): void;
  location(): LocationState | null;
  saveLocation(state: LocationState): void;
  gates(): ReadonlyMap<Service, GateState>;
  saveGate(service: Service, gate: GateState): void;
  exits(): ExitMemory;
  saveExits(memory: ExitMemory): void;
  /** Appends to the outbox. */
  report(item: ReportItem): void;
  /** Notices of orders that were given here, oldest first. */
  notices(): readonly GivenNotice[];
  /** Does nothing when it was given before. */
  addNotice(notice: Omit<GivenNotice, 'shown'>): void;
  /** True the first time only. */
  noticeShown(notice: Pick<GivenNotice, 'order' | 'moment' | 'effective'>): boolean;
  /** True the first time only: an order's revision is shown once, an alarm raised once. */
  once(event: string): boolean;
  /** Whether `once` was asked of it before. */
  happened(event: string): boolean;
}
