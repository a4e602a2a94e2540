import type { ActivityBatch, ActivityEntry, ActivityTarget, ActorKind } from '../../shared/activity/activity-entry.ts';
import type { ActivityKind } from '../../shared/activity/activity-kinds.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';

export interface Target {
  readonly kind: string;
  readonly id: string;
}

/** Source of a request: credential, network address and program. */
export interface Source {
  readonly via: 'session' | 'token' | null;
  readonly credential: string | null;
  readonly address: string | null;
  readonly agent: string | null;
}

export interface NewActivity extends Source {
  readonly at: number;
  readonly kind: ActivityKind;
  readonly actor: { readonly kind: ActorKind; readonly id: string | null };
  readonly action: string;
  /** Outcome of the action; null while the action runs. */
  readonly outcome: string | null;
  readonly targets: readonly Target[];
  readonly count?: number;
  readonly until?: number | null;
}

export interface ActivityFilter {
  readonly from: number | null;
  readonly to: number | null;
  readonly admin: string | null;
  readonly device: DeviceId | null;
  readonly person: string | null;
  readonly kind: ActivityKind | null;
  readonly action: string | null;
  readonly outcome: string | null;
  readonly text: string | null;
}

/** Entries that a caller may read: all, or only those about the devices in a scope. */
export type Readable = 'all' | { readonly devices: Scope };

export interface ListedActivity extends Omit<ActivityEntry, 'targets' | 'outcome' | 'salt'> {
  readonly outcome: string | null;
  readonly targets: readonly ActivityTarget[];
  readonly batch: number | null;
}

export interface StoredBatch extends ActivityBatch {
  readonly hash: string;
  /** Salt of the commitment in the ledger. */
  readonly salt: string;
}

export interface Sealing {
  readonly batch: ActivityBatch;
  readonly hash: string;
  readonly entry: EntryDraft<'activity.sealed'>;
}

/** Names of targets and actors, by id. Only names that the reader may see. */
export type ActivityNames = ReadonlyMap<string, string>;

export interface ActivityStore {
  /** Stores an entry durably and returns its id. */
  add(entry: NewActivity): Promise<number>;
  /** Records the outcome of a begun action, and its further targets. Does nothing if the outcome is known already. */
  finish(id: number, outcome: string, further: readonly Target[]): Promise<void>;
  /** Removes a begun action, whose refusal another entry counts. */
  withdraw(id: number): Promise<void>;
  /** Sets the outcome `unknown` for actions that began before `before` and have no outcome. */
  endUnfinished(before: number): Promise<void>;
  /**
   * Seals up to `limit` finished entries in one transaction, with the ledger entry. `seal` gets the entries in order and the newest batch.
   * Returns the number of sealed entries.
   */
  seal(
    limit: number,
    seal: (
      entries: readonly ActivityEntry[],
      newest: { readonly number: number; readonly hash: string } | null,
    ) => Sealing,
  ): Promise<number>;
  /** Entries with an id below `before`, newest first. */
  list(
    filter: ActivityFilter,
    page: {
      readonly readable: Readable;
      readonly before: number | null;
      readonly limit: number;
      readonly targets: number;
    },
  ): Promise<ListedActivity[]>;
  /** Number of matching entries, at most `limit`. */
  count(filter: ActivityFilter, readable: Readable, limit: number): Promise<number>;
  names(ids: readonly string[], readable: Readable): Promise<ActivityNames>;
  /** Batches after `after` that overlap the time range, in order. */
  batches(
    range: { readonly from: number | null; readonly to: number | null },
    after: number,
    limit: number,
  ): Promise<StoredBatch[]>;
  entriesOf(batch: number): Promise<ActivityEntry[]>;
  /** Finished entries of the time range that are not in a batch yet. */
  unsealed(
    range: { readonly from: number | null; readonly to: number | null },
    limit: number,
  ): Promise<ActivityEntry[]>;
}
