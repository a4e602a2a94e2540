import type { Generated } from 'kysely';
import type { PasscodeState } from '../../../shared/workspace/passcode-state.ts';
import type { WorkspaceState } from '../../devices/workspace.ts';
import type { LostModeEnd } from '../../lost-mode/ports.ts';
import type { Flag } from './flag.ts';

export interface DeviceTables {
  activation_codes: {
    id: string;
    secret_hash: string;
    person_id: string;
    group_id: string;
    home: string | null;
    seat: string | null;
    created_by: string;
    created_at: number;
    expires_at: number;
    used_at: number | null;
    canceled_at: number | null;
    /** 1 if the code enrolls a mail connector. */
    mail_connector: 1 | null;
  };
  devices: {
    id: string;
    generation: number;
    status: 'active' | 'revoked' | 'unenrolled';
    person_id: string;
    /** Copy of the user's name, by which lists sort devices. */
    person_name: string;
    group_id: string;
    home: string | null;
    seat: string | null;
    enrolled_at: number;
    ended_at: number | null;
    record_version: number;
    statement: string | null;
    statement_until: number | null;
    /**
     * Home area that an admin's location statement gives the device. This area has priority over the home area of the device and of its group.
     * Null without a statement, and for a statement about the present location.
     */
    stated_home: string | null;
    /** 1 if `locations` has a row for the device. Needed because an index cannot find missing rows. */
    located: Flag;
    /** 1 if the current enrollment is a mail connector. */
    mail_connector: 1 | null;
    /** Time at which an admin marked the device as missing, by the server clock; null if it is not missing. */
    missing_since: number | null;
    /** Time at which an admin retired the device, by the server clock. The retention of the record starts here. */
    retired_at: number | null;
  };
  /** Labels of devices, in the form that `normalizedLabel` returns. */
  device_labels: { device_id: string; label: string };
  /** Columns of a device that change with every connection, in a separate table to keep frequent writes small. */
  device_presence: {
    device_id: string;
    generation: number;
    /** Number of the device's newest connection. The store refuses writes of older connections, which have lower numbers. */
    session_epoch: number;
    connected: Flag;
    changed_at: number;
    last_seen_at: number;
    address: string | null;
    agent: string | null;
    list_version: number;
    stored_record_version: number;
    approver_set_version: number;
    /** Highest sequence number of the reports that the server has stored since the device's current enrollment. */
    last_report: number;
  };
  /** Newest workspace state that the device reported in one enrollment. `since` is a time of the server clock. */
  device_workspaces: { device_id: string; generation: number; state: WorkspaceState; since: number };
  /** Newest state of the workspace's passcode that the device reported in one enrollment. A device without a row has none. */
  device_passcodes: { device_id: string; generation: number; state: PasscodeState };
  /** Shares that a device has sent for a reset of its passcode, base64. Without the key files of the device, they decrypt nothing. */
  passcode_shares: { device_id: string; share: string; created_at: number };
  device_inventory: { device_id: string; at: number; hostname: string | null; platform: string | null; body: string };
  /** Logs of agents, compressed with gzip. `at` is a time of the machine's clock. */
  device_logs: { command_id: string; device_id: string; at: number; size: number; body: Buffer };
  /** Newest lost mode of each device. The store has no coordinates: they are in a file of their own (ADR 77). */
  lost_modes: {
    device_id: string;
    id: string;
    generation: number;
    reason: string;
    contact: string;
    started_at: number;
    until_at: number;
    delivered_at: number | null;
    unlocated_at: number | null;
    ended_at: number | null;
    ended_by: LostModeEnd | null;
  };
  /** Past groups and areas of a device, for explanations of past verdicts. `until_at` is null for the current period. */
  device_history: {
    id: Generated<number>;
    device_id: string;
    from_at: number;
    until_at: number | null;
    generation: number;
    status: 'active' | 'revoked' | 'unenrolled';
    group_id: string;
    home: string | null;
    seat: string | null;
    stated_home: string | null;
    stated_until: number | null;
  };
  group_history: {
    id: Generated<number>;
    group_id: string;
    from_at: number;
    until_at: number | null;
    name: string;
    home: string | null;
    seat: string | null;
  };
  certificates: {
    serial: string;
    device_id: string | null;
    generation: number | null;
    profile: string;
    /** SHA-256 of the certificate's DER, hex. */
    fingerprint: string;
    der: string;
    not_before: number;
    not_after: number;
    issued_at: number;
    revoked_at: number | null;
    revocation_reason: number | null;
    /**
     * Time at which the device first used a newer certificate instead of this row's certificate; null if it has not. From then on, the
     * server refuses this row's certificate.
     */
    superseded_at: number | null;
  };
  crls: { number: number; der: string; this_update: number; next_update: number; entries: number };
  commands: {
    id: string;
    device_id: string;
    generation: number;
    kind: string;
    body: string;
    state: 'queued' | 'stored' | 'done' | 'failed' | 'expired' | 'canceled';
    /** Id of the job (a command to many devices); null for a command to one device. */
    request: string | null;
    created_by: string;
    created_at: number;
    expires_at: number;
    stored_at: number | null;
    finished_at: number | null;
    detail: string | null;
    displayed_at: number | null;
    displayed_on: string | null;
    /** Number of the attempt in a job that repeats failed commands; null for the first attempt. */
    attempt: number | null;
    /** 1 if a later attempt follows this failed one, so that the job does not count it. */
    retried: 1 | null;
    /** Time before which the server does not send the command: the pause before another attempt. Null after this time. */
    not_before: number | null;
    /** Time at which an admin canceled the command that the device had already stored. The device decides whether it was in time. */
    cancel_requested: number | null;
  };
  /** Commands to many devices. `devices`: number of devices. `waiting`: number of devices whose command has no row in `commands` yet. */
  jobs: {
    id: string;
    kind: string;
    body: string;
    created_by: string;
    created_at: number;
    expires_at: number;
    devices: number;
    waiting: number;
    /** Devices that the server refused, with the error codes, as JSON. */
    refused: string;
    /** Secret from which the unlock share of each device is derived, base64; null unless the job locks workspaces. */
    lock_secret: string | null;
    /** Time at which the job expired or was canceled; null while it is open. The commands without a row then have the state `ended_as`. */
    ended_at: number | null;
    ended_as: 'expired' | 'canceled' | null;
    ended_detail: string | null;
    name: string | null;
    state: 'running' | 'paused' | 'stopped' | 'finished' | 'aborted' | 'expired';
    /** Last device of the released waves. The server sends the command to the devices up to this one. */
    released: string;
    /** Rules of the job (`JobPlan`), as JSON. */
    plan: string;
    /** Released waves and counts of their devices (`JobProgress` without the state), as JSON. */
    progress: string;
    /** 1 if a wave was released and the server has not yet announced it. */
    wake: Flag;
    /** Priority that the admin chose; null for the usual priority of the kind. */
    priority: string | null;
    /** Window in device time in which the device runs the command, as JSON; null for any time. */
    time_window: string | null;
    supersedes: string | null;
    /** Job whose command a device must have completed first. */
    after_job: string | null;
    /** Filter and scope of the devices that may join the job later, as JSON; null if the roster is fixed. */
    joiners: string | null;
    /** Last pause, stop, resumption or abortion. `changed_by`: name of the admin; null for a stop by the server. */
    changed_at: number | null;
    changed_by: string | null;
    reason: string | null;
  };
  /**
   * Devices of each job, with their enrollments. `waiting`: 1 until the device's command has a row in `commands`, which it gets with its
   * first change of state.
   */
  job_members: { job: string; device_id: string; generation: number; waiting: Flag };
  /** The server's share of the key to each locked workspace, base64. Without the device's share, it decrypts nothing. */
  unlock_shares: { command_id: string; device_id: string; share: string; created_at: number };
  /** Alerts. A row combines `count` equal alerts: `at` and `detail` are from the newest alert, `first_at` is from the first. */
  alerts: {
    id: Generated<number>;
    at: number;
    first_at: number;
    count: number;
    device_id: string | null;
    code: string;
    detail: string;
    /** Time at which an admin acknowledged the alert. A later repetition creates a new row. */
    acknowledged_at: number | null;
    acknowledged_by: string | null;
  };
  /** A legal hold on a person applies to all current and later devices of the person. */
  legal_holds: {
    id: string;
    device_id: string | null;
    person_id: string | null;
    reason: string;
    reference: string | null;
    placed_at: number;
    placed_by: string;
    released_at: number | null;
    released_by: string | null;
    release_reason: string | null;
    records_updated: Flag;
  };
}
