/** Commands that change the machine's software. The agent has no right to do so, and asks the system helper. */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { VerifyingKey } from '../../shared/order/dsse.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import { verifyPackage } from '../../shared/software/verify-package.ts';
import type { ChangeRequest } from '../system-helper/requests.ts';
import type { DownloadPackage } from './package-download.ts';
import { type AskSystemHelper, HelperAbsent } from './system-helper-client.ts';

export type SoftwareCommand = Extract<
  Command,
  { kind: 'change-software' | 'roll-back-software' | 'install-package' | 'update-os' }
>;

export interface SoftwarePorts {
  readonly ask: AskSystemHelper;
  readonly download: DownloadPackage;
  /** Keys of the approver set that this device trusts. */
  readonly approverKeys: () => readonly VerifyingKey[];
}

export interface SoftwareOutcome {
  readonly outcome: 'done' | 'failed';
  readonly detail: string;
}

/** Attempts to reach a helper that ended during the change. The helper continues the change after its restart. */
const ATTEMPTS = 5;
const PAUSE = 5_000;

const NO_HELPER =
  'not_permitted: The agent may not change software on this device, because its system helper is not installed or not running. Nothing was changed. The machine’s owner can install it: see "System helper" in README.md.';

export async function changeSoftware(
  ports: SoftwarePorts | undefined,
  attempt: CommandId,
  command: SoftwareCommand,
): Promise<SoftwareOutcome> {
  if (!ports) return { outcome: 'failed', detail: NO_HELPER };
  if (command.kind !== 'install-package') return askHelper(ports.ask, requestOf(attempt, command));
  // The helper verifies the signature and the digest again, because the agent's user could change the file.
  const statement = verifyPackage(command.envelope, ports.approverKeys());
  const file = await ports.download(statement);
  const { change, envelope } = command;
  const result = await askHelper(ports.ask, { op: 'install-package', attempt, change, envelope }, file);
  rmSync(file, { force: true });
  return result;
}

async function askHelper(ask: AskSystemHelper, request: ChangeRequest, file?: string): Promise<SoftwareOutcome> {
  let asked = false;
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      const response = await ask(request, file);
      if (response.outcome === 'done') return { outcome: 'done', detail: response.detail };
      if (response.outcome === 'failed') return { outcome: 'failed', detail: `${response.code}: ${response.detail}` };
      throw new Error('its answer belongs to another request');
    } catch (error) {
      if (error instanceof HelperAbsent && !asked) return { outcome: 'failed', detail: NO_HELPER };
      asked = true;
      if (left <= 1) {
        const why = error instanceof Error ? error.message : String(error);
        return {
          outcome: 'failed',
          detail: `The result is unknown: the system helper did not report it (${why}). Send the command again with the same change to get the result.`,
        };
      }
      await delay(PAUSE, undefined, { ref: false });
    }
  }
}

function requestOf(attempt: CommandId, command: Exclude<SoftwareCommand, { kind: 'install-package' }>): ChangeRequest {
  if (command.kind === 'roll-back-software') {
    return { op: 'roll-back', attempt, change: command.change, of: command.of };
  }
  if (command.kind === 'update-os') return { op: 'update-os', attempt, change: command.change, scope: command.scope };
  const { change, manager, action, packages } = command;
  return { op: 'change', attempt, change, manager, action, packages };
}
