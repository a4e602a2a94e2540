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
  /** Device's text about the result, or the reason why the command ended without a result. */
  readonly detail: string | null;
  /**
   * Time at which the device displayed an admin's message, and where: desktop, page or command line. Null until the device reports the
   * display.
   */
  readonly displayed: Displayed | null;
}

export interface Displayed {
  readonly at: number;
  readonly on: DisplayedOn;
}
