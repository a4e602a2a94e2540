import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { DisplayedOn } from '../../shared/protocol/report-item.ts';
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
  /** Job to which the command belongs; null for a command to one device. */
  readonly job: CommandId | null;
  /** Number of the attempt, from 1. Each attempt is a command of its own. */
  readonly attempt: number;
  /** Time before which the server does not send the command; null if it is not delayed. */
  readonly notBefore: number | null;
  /** Time at which an admin canceled the command that the device had already stored. The device reports whether it was in time. */
  readonly cancelRequestedAt: number | null;
}

export interface Displayed {
  readonly at: number;
  readonly on: DisplayedOn;
}
