import type { DeviceId, LostModeId } from '../../shared/protocol/ids.ts';

/**
 * Side that ended lost mode. `admin`: an admin. `user`: the user of the device. `expiry`: its time was over. `enrollment`: the enrollment of
 * the device ended. `device`: the device reported that it had ended before, after a restore of the server from a backup.
 */
export const LOST_MODE_ENDS = ['admin', 'user', 'expiry', 'enrollment', 'device'] as const;
export type LostModeEnd = (typeof LOST_MODE_ENDS)[number];

/** Newest lost mode of a device. Times are Unix milliseconds of the server's clock. */
export interface StoredLostMode {
  readonly id: LostModeId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly reason: string;
  readonly contact: string;
  readonly startedAt: number;
  readonly until: number;
  /** Time of the first report of the device in this mode, with or without a position; null before it. */
  readonly deliveredAt: number | null;
  /** Time of the newest report without a position; null if the newest report had one. */
  readonly unlocatedAt: number | null;
  readonly endedAt: number | null;
  readonly endedBy: LostModeEnd | null;
}

export type NewLostMode = Pick<StoredLostMode, 'id' | 'device' | 'reason' | 'contact' | 'startedAt' | 'until'>;

export interface LostModeStore {
  /**
   * Starts lost modes for the present enrollments of their devices, in one transaction. Returns the started modes: those of devices that are
   * enrolled and not in lost mode already.
   */
  start(modes: readonly NewLostMode[]): Promise<readonly StoredLostMode[]>;
  newest(device: DeviceId): Promise<StoredLostMode | null>;
  /**
   * Records the end of the modes, in one transaction. Only an end without an admin is an event of its own in the activity log. Returns the
   * number of modes that had not ended before.
   */
  end(modes: readonly Pick<StoredLostMode, 'id' | 'device'>[], by: LostModeEnd, at: number): Promise<number>;
  reported(id: LostModeId, at: number, located: boolean): Promise<void>;
  /** Lost modes that have not ended. `enrolled`: the enrollment in which the mode began still exists. */
  open(): Promise<readonly (StoredLostMode & { readonly enrolled: boolean })[]>;
}

/** Position in the file. `sealed`: encrypted under the key that the passphrase protects. */
export interface SealedPosition {
  readonly at: number;
  readonly sealed: string;
}

/** File with the positions, apart from the store and its backups. All methods are synchronous. */
export interface PositionFile {
  /** Allows positions of these modes. */
  open(modes: readonly LostModeId[]): void;
  /** Stores a position, and deletes the oldest ones beyond `most`. Stores nothing unless the mode is open. */
  add(mode: LostModeId, position: SealedPosition, most: number): void;
  /** Positions of the mode, newest first. */
  list(mode: LostModeId): readonly SealedPosition[];
  /** Deletes the positions of all modes but these, and overwrites their bytes in the file. */
  keepOnly(modes: readonly LostModeId[]): void;
  /** Deletes the positions of these modes, and overwrites their bytes in the file. */
  destroy(modes: readonly LostModeId[]): void;
}
