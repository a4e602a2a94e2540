/** The command `cordon-agent update`: shows, starts or delays an update of the operating system that waits for the user. */
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import { plainJson } from '../shared/text/visible-text.ts';
import type { AgentConfig } from './config.ts';
import { sendControlRequest } from './control/control.ts';
import { updateLines } from './work/update-lines.ts';
import type { UpdateOffer } from './work/update-offer.ts';

export function addUpdateCommand(
  program: Command,
  { config, say }: { readonly config: () => AgentConfig; readonly say: (lines: readonly string[]) => void },
): void {
  program
    .command('update')
    .description('Show the update of the operating system that your organization starts, or delay it')
    .option('--now', 'start the update now')
    .option('--delay', 'delay the update')
    .option('--json', 'print JSON', false)
    .action(async ({ now, delay, json }: { now?: true; delay?: true; json: boolean }) => {
      if (now && delay) throw new CordonError('invalid_input', 'Use either --now or --delay.');
      const change = now ? 'now' : delay ? 'delay' : null;
      const answered = await sendControlRequest(config().socket, { op: 'update', change });
      if (!answered) throw new CordonError('unavailable', 'The agent does not run. Start it with cordon-agent run.');
      const offer = answered.ok as UpdateOffer | null;
      if (json) return say([plainJson(offer)]);
      say(offer ? updateLines(offer) : ['No update of the operating system waits.']);
    });
}
