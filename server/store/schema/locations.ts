import type { Generated } from 'kysely';
import type { Flag } from './flag.ts';

export interface LocationTables {
  evidence: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    at: number;
    detail: string;
    /** Time at which the server received the observation. Later than `at` if the device was disconnected. */
    received_at: number;
  };
  /**
   * Areas and expiry of each location, for lists and counts of devices. The rows are narrow, and change only with these two columns. Each
   * device with a row here also has a row in `location_states`.
   */
  locations: {
    device_id: string;
    /**
     * Countries and disputed territories in which the device may be, sorted and separated by spaces. The same codes are in `device_nexus` as
     * areas of the kind `present`.
     */
    areas: string;
    /** Expiry of the location's last evidence; null if none expires. */
    unknown_at: number | null;
  };
  location_states: {
    device_id: string;
    /** Location of the device (`LocationState`) as JSON. Its field `before` is in the column `previous_location`. */
    state: string;
    /**
     * Location before the newest observation (field `before` of `LocationState`), as JSON. Only the processing of a new observation reads
     * this column. The column is separate so that an impact preview, which reads the location of every device, reads less data.
     */
    previous_location: string | null;
    /**
     * Times that changed after `state` and `previous_location` were written, as JSON (`location-times.ts`); null if none changed. A report that
     * confirms the location writes only this column.
     */
    times: string | null;
  };
  /** Areas with which each device has a connection. The server searches this index for the devices that an order may affect. */
  device_nexus: {
    device_id: string;
    /**
     * Kind of connection with an area.
     * - `present`: the device may be in the area now.
     * - `seen`: an observation names the area, but the device's location does not.
     * - `network`: the network that serves the device is in the area.
     * - `connected`: the device is connected (`area` is empty). The location of its IP address does not expire.
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
  ip_database_activations: { id: Generated<number>; hash: string; at: number; account_id: string | null };
  /**
   * Imported territory policies, which assign disputed territories to countries. `body` is the policy in canonical JSON, `hash` its
   * SHA-256. Version 0 is built in and has no row.
   */
  territory_policies: {
    version: number;
    body: string;
    hash: string;
    imported_at: number;
    imported_by: string | null;
  };
  territory_policy_activations: { id: Generated<number>; version: number; at: number; account_id: string | null };
  /** The operator's own groups of areas and polygons. `body` is JSON with `members` or `polygon`. */
  named_areas: { code: string; version: number; title: string; body: string; created_at: number; created_by: string };
}
