import type { Generated } from 'kysely';
import type { Flag } from './flag.ts';

export interface LocationTables {
  evidence: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    at: number;
    /** JSON of the observation, with source and areas. */
    detail: string;
    /** Time of receipt by the server. For observations of a disconnected device, it is later than `at`. */
    received_at: number;
  };
  locations: {
    device_id: string;
    /** `LocationState` as JSON, without its `before`. */
    state: string;
    /** Time at which the last evidence expires; null if none expires. */
    unknown_at: number | null;
    /**
     * The location's `before` as JSON. It has its own column, because only new evidence needs it, and a rehearsal reads the states of a
     * whole fleet.
     */
    folded_before: string | null;
  };
  /** Index by which an order finds its devices. */
  device_nexus: {
    device_id: string;
    /**
     * Kind of connection. `present`: candidates of the location; `seen`: areas of any source; `network`; `connected`: the address does not
     * age, and `area` is empty.
     */
    nexus: string;
    area: string;
  };
  ip_databases: {
    hash: string;
    name: string;
    imported_at: number;
    imported_by: string | null;
    built_at: number;
    bytes: number;
    active: Flag;
  };
  ip_database_uses: { id: Generated<number>; hash: string; at: number; account_id: string | null };
  /** `body` is the policy in canonical JSON, `hash` its SHA-256. Version 0 is built in and has no row. */
  territory_policies: {
    version: number;
    body: string;
    hash: string;
    imported_at: number;
    imported_by: string | null;
  };
  territory_policy_uses: { id: Generated<number>; version: number; at: number; account_id: string | null };
  /** Groups and polygons of the operator. `body` is JSON: `members`, `polygon`. */
  named_areas: { code: string; version: number; title: string; body: string; created_at: number; created_by: string };
}
