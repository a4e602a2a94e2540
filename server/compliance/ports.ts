import type { SettingId } from '../../shared/policy/catalog.ts';
import type { CheckStatus } from '../../shared/policy/check-results.ts';
import type { ComplianceFilter, ComplianceState } from '../../shared/policy/compliance-states.ts';
import type { ComplianceRecord } from '../../shared/policy/compliance-step.ts';
import type { DeviceId, PolicyId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';

/** Result of the last report, with the digest of the value that the device checked. */
/** Scope of an admin: the devices that the admin may see. */
export type Scope = Parameters<Devices['select']>[1];

export interface StoredResult {
  readonly setting: string;
  readonly status: CheckStatus;
  readonly detail: string;
  readonly value: string;
  /** True if the device has applied the setting itself. */
  readonly applied?: true | undefined;
}

/** Command that the server has decided but not issued yet. `at`: time of the decision, from which the server computes the command's id. */
export interface Outgoing {
  readonly kind: 'message' | 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace';
  readonly at: number;
  /** Time of the lock that `unlock-workspace` reverses. */
  readonly lockedAt?: number | undefined;
}

export interface ComplianceRow extends ComplianceRecord {
  readonly device: DeviceId;
  readonly generation: number;
  readonly reportedAt: number | null;
  readonly results: readonly StoredResult[];
  readonly state: ComplianceState;
  readonly outgoing: readonly Outgoing[];
  readonly changedAt: number;
  readonly nextAt: number | null;
}

export const COMPLIANCE_EVENTS = [
  'state',
  'notify',
  'restrict-services',
  'restore-services',
  'lock-workspace',
  'unlock-workspace',
  'wipe-workspace',
  /** The device locked its workspace at the offline limit. `detail`: reason why the server did not unlock it; empty if it did. */
  'offline-lock',
  /** The device has made a setting again, because something else had changed it. `detail`: `ComplianceRepairDetail` as JSON. */
  'setting-repaired',
  /** The device keeps a change after the end of a policy. `detail`: `ComplianceKeptDetail` as JSON. */
  'change-kept',
  /** The server did not issue a command; `detail` has the reason. */
  'withheld',
] as const;
export type ComplianceEventKind = (typeof COMPLIANCE_EVENTS)[number];

export interface ComplianceEvent {
  readonly at: number;
  readonly event: ComplianceEventKind;
  readonly detail: string;
}

export interface Change {
  readonly row: ComplianceRow;
  readonly events: readonly ComplianceEvent[];
}

export interface ComplianceUpdate {
  readonly device: DeviceId;
  /**
   * Computes the new row from the stored row and the device's present generation. Null if nothing changes. The function is pure, because it
   * may run more than once.
   */
  decide(before: ComplianceRow | null, generation: number): Change | null;
}

export interface ListedCompliance {
  readonly device: DeviceId;
  readonly user: string;
  readonly state: ComplianceState;
  readonly failing: readonly string[];
  readonly reportedAt: number | null;
  readonly changedAt: number | null;
  readonly nextAt: number | null;
}

/** Device in a group of a policy. `row`: the row of the current enrollment; null before the first step. */
export interface Member {
  readonly device: DeviceId;
  readonly user: string;
  readonly generation: number;
  readonly row: ComplianceRow | null;
}

export interface ComplianceQuery {
  readonly scope: Scope;
  readonly state: ComplianceFilter | null;
  /** Only devices on which the check of this setting failed. */
  readonly setting: SettingId | null;
  /** Only devices of the groups to which this policy is assigned, with their compliance with this policy alone. */
  readonly policy: PolicyId | null;
  readonly after: DeviceId | null;
  readonly limit: number;
}

export interface ComplianceStore {
  /** Active devices whose messaging and mail are restricted. */
  restricted(): Promise<DeviceId[]>;
  rows(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, ComplianceRow>>;
  /** Stores the decided rows with their events. Ignores devices that are not active. */
  update(update: ComplianceUpdate): Promise<void>;
  /** Devices whose next step is due. The device that has waited longest comes first. */
  due(now: number, limit: number): Promise<DeviceId[]>;
  nextDue(): Promise<number | null>;
  /** Number of active devices in each state, within the scope. A device without a row has no policy. */
  counts(scope: Scope): Promise<Record<ComplianceState, number>>;
  list(query: Omit<ComplianceQuery, 'policy'>): Promise<ListedCompliance[]>;
  /** Active devices of the groups to which a policy is assigned, by id, in slices. */
  members(query: Pick<ComplianceQuery, 'scope' | 'after'> & { readonly policy: PolicyId }): AsyncIterable<Member[]>;
  /** Events of a device, newest first. */
  events(
    device: DeviceId,
    before: number | null,
    limit: number,
  ): Promise<(ComplianceEvent & { readonly id: number })[]>;
  /** Number of events of a kind since a time, and number of active devices. */
  recent(event: ComplianceEventKind, since: number): Promise<{ readonly events: number; readonly devices: number }>;
}
