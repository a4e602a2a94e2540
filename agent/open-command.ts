import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import type { AgentConfig } from './config.ts';
import { type OpenResponse, sendControlRequest } from './control/control.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { openInBrowser } from './page/open-in-browser.ts';

export interface OpenCommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
}

export function addOpenCommand(program: Command, { config, say }: OpenCommandPorts): void {
  program
    .command('open')
    .description('Print a link to this device’s page, with messages and orders; the link works once, within one minute')
    .option('--browser', 'open the link in a browser', false)
    .action(async ({ browser }: { browser: boolean }) => {
      const { identity, socket, home } = config();
      credentialFolder(identity).current();
      if (!(await sendControlRequest(socket, { op: 'status', shown: false }))) throw notRunning();
      // This process builds the device page, because the daemon may have no permission to write files.
      const { ensurePage } = await import('./page/build.ts');
      await ensurePage((line) => process.stderr.write(`${line}\n`));
      const answered = await sendControlRequest(socket, { op: 'open' });
      if (!answered) throw notRunning();
      const { link } = asResponse(answered.ok);
      const opened = browser && (await openInBrowser(home, link));
      say([
        link,
        opened
          ? 'The page opens in your browser. If it does not, open the link yourself within one minute. The link works once.'
          : `${browser ? 'No browser could be started. ' : ''}Open the link in a browser on this machine within one minute. The link works once.`,
      ]);
    });
}

const notRunning = () =>
  new CordonError(
    'unavailable',
    'The agent is not running, so the page is not available. Start it with `cordon-agent run --detach`.',
  );

/** The daemon's response needs no schema check: the socket belongs to this user, and the daemon is the same program. */
const asResponse = (response: unknown): OpenResponse => response as OpenResponse;
