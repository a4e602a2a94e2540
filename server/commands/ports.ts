import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Priority } from '../../shared/protocol/command-kinds.ts';
import type { CommandWindow } from '../../shared/protocol/command-window.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import type { DeviceFilter, Devices } from '../devices/devices.ts';
import type { CommandRecord, Displayed } from './command-record.ts';
import type { JobPlan, PlannedJob } from './job-plan.ts';
import type { JobControl, JobProgress, JobState, StopRule } from './job-step.ts';
import type { CommandState } from './lifecycle.ts';

export interface DisplayReport extends Displayed {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
}

export interface NewCommand {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A command to many devices. */
export interface NewJob extends Omit<NewCommand, 'device'> {
  /** Distinct device ids in ascending order. */
  readonly devices: readonly DeviceId[];
  /** Secret from which the server computes its part (share) of each workspace key. Null unless the job locks workspaces. */
  readonly lockSecret: string | null;
  readonly name: string | null;
  /** Priority that the admin chose; null for the usual priority of the kind. */
  readonly priority: Priority | null;
  readonly window: CommandWindow | null;
  readonly supersedes: string | null;
  readonly after: CommandId | null;
  /** Filter for devices that may join later; null if the job's devices are fixed. */
  readonly joiners: Joiners | null;
}

/** Filter by which devices join a job, within the scope of the admin that issued the job. */
export interface Joiners {
  readonly filter: DeviceFilter;
  readonly scope: CommandScope;
  /** Scope in which the search text also compares network addresses. Absent in jobs of older servers, whose filters did not. */
  readonly addresses?: CommandScope;
}

/** Conditions of a job under which a device runs its command. */
export type JobTerms = Pick<NewJob, 'priority' | 'window'>;

export const REFUSED_FOR = ['not_found', 'conflict', 'legal_hold'] as const;

/** Device to which a job sends no command. `code`: error code with the reason. */
export interface RefusedDevice {
  readonly device: DeviceId;
  readonly code: (typeof REFUSED_FOR)[number];
}

export interface StoredJob {
  readonly command: Command;
  readonly createdBy: string;
  /** Number of devices that get the command. */
  readonly devices: number;
  readonly refused: readonly RefusedDevice[];
}

/** Command of an open job as the server sends it to the devices. */
export type OpenJob = Pick<NewJob, 'id' | 'command' | 'expiresAt' | 'lockSecret'> & JobTerms;

export interface JobMember {
  readonly device: DeviceId;
  readonly generation: number;
}

export interface CommandReport {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly event: 'stored' | 'done' | 'failed' | 'expired' | 'withdrawn';
  readonly at: number;
  /**
   * Time of the report by the server clock, which a demo can advance. The server stores this time with a new state of the device's
   * workspace (encrypted folder).
   */
  readonly domainAt: number;
  readonly detail: string | null;
}

/** Job as admins see it. */
export interface JobRecord extends JobTerms {
  readonly id: CommandId;
  readonly name: string | null;
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly plan: JobPlan;
  readonly progress: JobProgress;
  readonly supersedes: string | null;
  readonly after: CommandId | null;
  /** Number of devices that got or get the command, and of devices that the server refused. */
  readonly devices: number;
  readonly refused: number;
  /** Last change of the job's state. `by`: name of the admin; null for a change by the server. */
  readonly changed: { readonly at: number; readonly by: string | null; readonly reason: string | null } | null;
}

/** Job with the counts of its devices in one scope. */
export interface RequestProgress extends JobRecord {
  readonly counts: Readonly<Record<CommandState, number>>;
  readonly displayed: number;
  readonly failures: readonly {
    readonly device: DeviceId;
    readonly user: string;
    readonly state: CommandState;
    readonly detail: string | null;
  }[];
}

export type CommandScope = Parameters<Devices['select']>[1];

/** Position in the list of a device's commands: by time, then by the number of the attempt, then by id. */
export interface CommandPosition {
  readonly createdAt: number;
  readonly attempt: number;
  readonly id: string;
}

export interface CommandStore {
  /**
   * Stores the command for the device's current enrollment. Returns the existing command if the id exists.
   * - Throws `not_found` for an unknown device, and `conflict` if the device is not active.
   * - Throws `legal_hold` if the command would destroy data under a legal hold.
   */
  insert(command: NewCommand, entry: EntryDraft<'workspace.wipe'> | null): Promise<CommandRecord>;
  get(id: CommandId): Promise<CommandRecord | null>;
  /** Commands of the device, newest first. */
  list(device: DeviceId, before: CommandPosition | null, limit: number): Promise<CommandRecord[]>;
  cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void>;
  /** Marks a command that the device has stored for cancellation on the device. */
  requestCancel(id: CommandId, at: number): Promise<void>;
  expire(from: readonly CommandState[], now: number): Promise<number>;
}

export interface JobStore {
  /**
   * Stores the job and binds it to the current enrollment of each device, in one transaction with the ledger entry of each device. Devices
   * that cannot get the command are in the result. If a job with this id exists, returns that job and stores nothing.
   */
  insert(
    job: NewJob,
    planFor: (devices: readonly DeviceId[]) => PlannedJob,
    entryOf: ((device: DeviceId) => EntryDraft<'workspace.wipe'>) | null,
  ): Promise<StoredJob>;
  get(id: CommandId): Promise<StoredJob | null>;
  /** Job whose devices may still get the command. Null if it was canceled or has expired, or if no device waits for it. */
  open(id: CommandId, now: number): Promise<OpenJob | null>;
  /**
   * Returns the next devices of an open job, in ascending order after the device `after`. Leaves out devices that have reported something
   * about the command.
   */
  waiting(job: CommandId, after: DeviceId | null, limit: number, now: number): Promise<JobMember[]>;
  /**
   * Pauses, resumes or aborts a job. `stop` replaces the rule that stops the job, if given. Returns the state before the change, and whether
   * the job had already ended in another way, so that nothing changed. Null for an unknown job.
   */
  control(
    job: CommandId,
    control: Exclude<JobControl, 'expire'>,
    change: {
      readonly at: number;
      readonly by: string;
      readonly reason: string | null;
      readonly stop?: StopRule | null;
    },
  ): Promise<{ readonly before: JobState; readonly refused: boolean } | null>;
  /** Marks up to `limit` commands of the job that devices have stored for cancellation on the devices. Returns these devices. */
  requestCancel(job: CommandId, at: number, limit: number): Promise<DeviceId[]>;
  /** Jobs of which a wave was released since the last call. */
  takeReleased(): Promise<CommandId[]>;
  /** Devices whose next attempt is due. Each attempt is returned once. */
  takeDue(now: number, limit: number): Promise<DeviceId[]>;
  /** Adds the devices to the open jobs that they may join. Returns the devices that have joined a job. */
  join(devices: readonly DeviceId[], now: { readonly real: number; readonly domain: number }): Promise<Set<DeviceId>>;
}

/** Filter of the list of jobs. */
export interface JobFilter {
  readonly states?: readonly JobState[] | undefined;
  readonly kind?: Command['kind'] | undefined;
  readonly createdBy?: string | undefined;
}

/** Job in the list of jobs, with the fields that a text search compares. */
export interface ListedJob {
  readonly id: CommandId;
  readonly createdAt: number;
  readonly kind: Command['kind'];
  readonly name: string | null;
  /** Number of devices of the job, also outside the caller's scope. */
  readonly devices: number;
  /** Name of the account that created the job; null if the account is deleted. */
  readonly creator: string | null;
}

/** Result of one device in a job. */
export interface JobDevice {
  readonly device: DeviceId;
  readonly user: string;
  readonly host: string | null;
  /** Number of the device's wave, from 1. */
  readonly wave: number;
  readonly released: boolean;
  readonly state: CommandState;
  readonly attempt: number;
  readonly storedAt: number | null;
  readonly finishedAt: number | null;
  readonly detail: string | null;
}

export interface CommandRequestStore {
  /** Up to `most` jobs, newest first, after the cursor, which is the creation time and the id of a job. */
  listed(filter: JobFilter, cursor: string | null, most: number): Promise<ListedJob[]>;
  /**
   * Progress of a request to many devices, with up to `most` failures. Null when no command of the request is for a device in the scope.
   */
  progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null>;
  /** Devices of the job in the scope after the device `after`, in ascending order. `state`: only devices in this state. */
  devices(
    job: JobRecord,
    scope: CommandScope,
    page: { readonly state: CommandState | null; readonly after: DeviceId | null; readonly limit: number },
  ): Promise<JobDevice[]>;
}

export interface PendingCommand extends JobTerms {
  readonly record: CommandRecord;
  /**
   * Secret of the job that issued this lock command. From it, the server computes its part (share) of the workspace key. Null for all other
   * commands.
   */
  readonly lockSecret: string | null;
}

export interface DeviceCommandStore {
  /** Queued commands of a device that have not expired, oldest first. */
  pending(device: DeviceId, generation: number, now: number): Promise<PendingCommand[]>;
  /**
   * Applies a device's report: changes the command's state, and stores the new state of the device's workspace (encrypted folder) after a
   * lock, unlock or wipe. A failure that the job repeats adds the next attempt. Returns null if the device's enrollment has no such command.
   * - `moved`: the report changed the command's state.
   * - `released`: a wave of a job was released.
   * - `stopped`: a job stopped at its failure rate.
   * - `dependents`: another job waited for this result.
   */
  report(report: CommandReport): Promise<{
    readonly kind: Command['kind'];
    readonly moved: boolean;
    readonly released: boolean;
    readonly stopped: boolean;
    readonly dependents: boolean;
  } | null>;
  /**
   * Stores when and where the device displayed a message. Keeps only the first report. Returns false if the server sent no such message to
   * this enrollment of the device.
   */
  displayed(report: DisplayReport): Promise<boolean>;
  /** Stores the state of the workspace's passcode. `at`: time of the server clock. */
  passcode(report: PasscodeReport): Promise<void>;
}

export interface PasscodeReport {
  readonly device: DeviceId;
  readonly generation: number;
  readonly state: PasscodeState;
  readonly at: number;
}

export interface CommandStores {
  readonly commands: CommandStore;
  readonly jobs: JobStore;
  readonly requests: CommandRequestStore;
  readonly devices: DeviceCommandStore;
}
