/** The command `cordon-agent power`: shows, starts or delays a restart or shutdown whose countdown runs. */
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import { plainJson } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { sendControlRequest } from './control/control.ts';
import type { PowerNotice } from './work/power-notice.ts';

export function addPowerCommand(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  program
    .command('power')
    .description('Show the restart or shutdown that your organization starts, or delay it once')
    .option('--now', 'restart or shut down now')
    .option('--delay', 'delay the restart or shutdown by the length of the countdown')
    .option('--json', 'print JSON', false)
    .action(async ({ now, delay, json }: { now?: true; delay?: true; json: boolean }) => {
      if (now && delay) throw new CordonError('invalid_input', 'Use either --now or --delay.');
      const change = now ? 'now' : delay ? 'delay' : null;
      const { socket, languages } = config();
      const answered = await sendControlRequest(socket, { op: 'power', change });
      if (!answered) throw new CordonError('unavailable', 'The agent does not run. Start it with cordon-agent run.');
      const notice = answered.ok as PowerNotice | null;
      if (json) return say([plainJson(notice)]);
      // The texts in 15 languages are loaded only here. Otherwise every start of the command line would take longer.
      const { powerLines } = await import('./work/power-lines.ts');
      say(notice ? powerLines(notice, languages) : ['No restart or shutdown waits.']);
    });
}
