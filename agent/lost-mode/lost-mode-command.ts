/** The command `cordon-agent lost-mode`: shows or ends lost mode. */
import type { Command } from 'commander';
import { CordonError } from '../../shared/errors.ts';
import type { LostMode } from '../../shared/lost-mode/lost-mode.ts';
import { plainJson } from '../../shared/text/visible-text.ts';
import type { AgentConfig } from '../config.ts';
import { sendControlRequest } from '../control/control.ts';

export function addLostModeCommand(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  program
    .command('lost-mode')
    .description('Show whether your organization receives the position of this device, or end lost mode')
    .option('--end', 'end lost mode')
    .option('--json', 'print JSON', false)
    .action(async ({ end = false, json }: { end?: boolean; json: boolean }) => {
      const { socket, languages } = config();
      const answered = await sendControlRequest(socket, { op: 'lost-mode', end });
      if (!answered) throw new CordonError('unavailable', 'The agent does not run. Start it with cordon-agent run.');
      const mode = answered.ok as LostMode | null;
      if (json) return say([plainJson(mode)]);
      // The texts in 15 languages are loaded only here, because every start of the command line would take longer.
      const { lostWordsIn } = await import('../../shared/lost-mode/lost-words.ts');
      const { lostLines } = await import('./lost-lines.ts');
      say(mode ? lostLines(mode, languages) : [lostWordsIn(languages).off]);
    });
}
