import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import type { CommandRecord, Displayed } from './command-record.ts';
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
}

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
export type OpenJob = Pick<NewJob, 'id' | 'command' | 'expiresAt' | 'lockSecret'>;

export interface JobMember {
  readonly device: DeviceId;
  readonly generation: number;
}

export interface CommandReport {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly event: 'stored' | 'done' | 'failed' | 'expired';
  readonly at: number;
  /**
   * Time of the report by the server clock, which a demo can advance. The server stores this time with a new state of the device's
   * workspace (encrypted folder).
   */
  readonly domainAt: number;
  readonly detail: string | null;
}

export interface RequestProgress {
  readonly command: Command;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
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

export interface CommandPosition {
  readonly createdAt: number;
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
  expire(from: readonly CommandState[], now: number): Promise<number>;
}

export interface JobStore {
  /**
   * Stores the job and binds it to the current enrollment of each device, in one transaction with the ledger entry of each device. Devices
   * that cannot get the command are in the result. If a job with this id exists, returns that job and stores nothing.
   */
  insert(job: NewJob, entryOf: ((device: DeviceId) => EntryDraft<'workspace.wipe'>) | null): Promise<StoredJob>;
  get(id: CommandId): Promise<StoredJob | null>;
  /** Job whose devices may still get the command. Null if it was canceled or has expired, or if no device waits for it. */
  open(id: CommandId, now: number): Promise<OpenJob | null>;
  /**
   * Returns the next devices of an open job, in ascending order after the device `after`. Leaves out devices that have reported something
   * about the command.
   */
  waiting(job: CommandId, after: DeviceId | null, limit: number, now: number): Promise<JobMember[]>;
}

export interface CommandRequestStore {
  /** Lists requests that sent one command to many devices, newest first, starting after `cursor`. `next` is the cursor of the next page. */
  requests(cursor: string | null, most: number): Promise<{ readonly ids: CommandId[]; readonly next: string | null }>;
  /**
   * Progress of a request to many devices, with up to `most` failures. Null when no command of the request is for a device in the scope.
   */
  progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null>;
}

export interface PendingCommand {
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
   * lock, unlock or wipe. `moved`: true if the report changed the command's state. Returns null if the device's enrollment has no such
   * command.
   */
  report(report: CommandReport): Promise<{ readonly kind: Command['kind']; readonly moved: boolean } | null>;
  /**
   * Stores when and where the device displayed a message. Keeps only the first report. Returns false if the server sent no such message to
   * this enrollment of the device.
   */
  displayed(report: DisplayReport): Promise<boolean>;
}

export interface CommandStores {
  readonly commands: CommandStore;
  readonly jobs: JobStore;
  readonly requests: CommandRequestStore;
  readonly devices: DeviceCommandStore;
}
