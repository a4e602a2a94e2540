/**
 * Commands `restart-device` and `shut-down-device`. The agent asks logind once. After a crash or a restart of the machine, the boot
 * identifier shows whether the machine went down, so the agent never asks twice.
 */
import { CordonError } from '../../shared/errors.ts';
import type { PowerKind } from '../../shared/power/power-action.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { AskLogind } from './logind.ts';
import type { PowerNotices } from './power-notice.ts';

export interface PowerPorts {
  readonly notices: PowerNotices;
  readonly ask: AskLogind;
}

export interface PowerCommand {
  readonly id: CommandId;
  readonly kind: PowerKind;
  /** True if an earlier process of the agent started the command. */
  readonly started: boolean;
}

/** Restarts or shuts down the machine, and resolves with the text of the result. Throws the reason if the machine does not go down. */
export async function changePower(
  ports: PowerPorts | undefined,
  { id, kind, started }: PowerCommand,
): Promise<{ readonly outcome: 'done' | 'failed'; readonly detail: string }> {
  if (!ports) throw new CordonError('invalid_input', 'This device is simulated and cannot restart.');
  if (ports.notices.hasRebooted(id)) return afterReboot(kind, started);
  if (started) {
    return {
      outcome: 'failed',
      detail:
        'interrupted: The agent stopped while it asked the system to go down, and the machine still runs. The agent does not ask again. Send the command again if necessary.',
    };
  }
  return ports.ask(kind);
}

function afterReboot(kind: PowerKind, started: boolean): { outcome: 'done' | 'failed'; detail: string } {
  if (kind === 'restart-device') {
    const detail = started ? 'The machine has restarted.' : 'The machine restarted before the countdown ended.';
    return { outcome: 'done', detail };
  }
  if (started) return { outcome: 'done', detail: 'The machine was shut down, and a person has started it again.' };
  return {
    outcome: 'failed',
    detail:
      'interrupted: The machine restarted before the countdown ended. The agent did not shut it down. Send the command again if necessary.',
  };
}
