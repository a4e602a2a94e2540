import type { Command, DisplayedOn } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandState } from './lifecycle.ts';

export interface CommandRecord {
  readonly id: CommandId;
  readonly device: DeviceId;
  readonly generation: number;
  readonly command: Command;
  readonly state: CommandState;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly storedAt: number | null;
  readonly finishedAt: number | null;
  /** The device's own text about the result, or the reason of an end without one. */
  readonly detail: string | null;
  /** Time and place of the display; null until the device reports that it displayed the message. */
  readonly displayed: Displayed | null;
}

export interface Displayed {
  readonly at: number;
  readonly on: DisplayedOn;
}
