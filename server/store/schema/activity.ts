import type { Generated } from 'kysely';
import type { ActorKind } from '../../../shared/activity/activity-entry.ts';
import type { ActivityKind } from '../../../shared/activity/activity-kinds.ts';

export interface ActivityTables {
  activity_entries: {
    id: Generated<number>;
    at: number;
    until_at: number | null;
    count: number;
    kind: ActivityKind;
    actor_kind: ActorKind;
    /** Account or device that acted; null for the server and for unknown actors. */
    actor: string | null;
    via: 'session' | 'token' | null;
    /** Id of the session or API token with which the actor sent the request. */
    credential: string | null;
    address: string | null;
    agent: string | null;
    action: string;
    /** Outcome; null while the action runs. */
    outcome: string | null;
    target_count: number;
    /** 32 random bytes in hex, so that the entry's hash reveals nothing. */
    salt: string;
    /** Batch that contains the entry; null until it is sealed. */
    batch: number | null;
  };
  /** Targets of entries. `person_id`: person of a device at the time of the entry. */
  activity_targets: {
    entry_id: number;
    kind: string;
    target: string;
    person_id: string | null;
    batch: number | null;
  };
  /** Batches stay after the retention period of their entries, so that later batches can be verified. */
  activity_batches: {
    number: number;
    size: number;
    from_at: number;
    to_at: number;
    root: string;
    previous: string;
    hash: string;
    sealed_at: number;
    /** Id of the ledger entry with the commitment of `hash`. */
    ledger_entry: number;
  };
}
