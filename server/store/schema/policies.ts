import type { Generated } from 'kysely';

export interface PolicyTables {
  /**
   * Policies. `precedence`: the lower number has precedence. `current_version`: null until the first rollout ends. `next_version` is for
   * the first `next_percent` of the devices; both are null without a staged rollout.
   */
  policies: {
    id: string;
    name: string;
    precedence: number;
    current_version: number | null;
    next_version: number | null;
    next_percent: number | null;
    created_at: number;
  };
  /** Immutable version of a policy. `body`: canonical JSON of the document. */
  policy_versions: {
    policy_id: string;
    version: number;
    body: string;
    digest: string;
    note: string;
    created_at: number;
    created_by: string;
  };
  policy_groups: { policy_id: string; group_id: string };
  /**
   * Compliance of a device in its enrollment `generation`. `results`: JSON of the last results with the values that the device checked.
   * `failing`, `taken`: JSON of the compliance record. `outgoing`: JSON of the commands that the server has yet to issue. `changed_at`: time
   * of the last change of the state. `next_at`: time of the next step without a report. Times are of the server clock.
   */
  device_compliance: {
    device_id: string;
    generation: number;
    reported_at: number | null;
    results: string;
    state: string;
    failing: string;
    taken: string;
    outgoing: string;
    changed_at: number;
    next_at: number | null;
  };
  /** Changes of a device's compliance: a new state, or an action. */
  compliance_events: { id: Generated<number>; device_id: string; at: number; event: string; detail: string };
}
