/** `cordon-agent open`: a link to the page that the running daemon serves, built first if it has to be. */
import type { Command } from 'commander';
import { CordonError } from '../shared/errors.ts';
import type { AgentConfig } from './config.ts';
import { askControl, type OpenAnswer } from './control/control.ts';
import { credentialFolder } from './enrolment/credential-folder.ts';
import { ensurePage } from './page/build.ts';
import { openInBrowser } from './page/open-in-browser.ts';

export interface OpenCommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
}

export function addOpenCommand(program: Command, { config, say }: OpenCommandPorts): void {
  program
    .command('open')
    .description('your messages, in a browser: prints a link that works once, within a minute')
    .option('--browser', 'open it too', false)
    .action(async ({ browser }: { browser: boolean }) => {
      const { identity, socket, home } = config();
      credentialFolder(identity).current();
      if (!(await askControl(socket, { op: 'status', shown: false }))) throw notRunning();
      // By whoever asks: the daemon may run where it can write nothing.
      await ensurePage((line) => process.stderr.write(`${line}\n`));
      const answered = await askControl(socket, { op: 'open' });
      if (!answered) throw notRunning();
      const { link } = asAnswer(answered.ok);
      const opened = browser && (await openInBrowser(home, link));
      say([
        link,
        opened
          ? 'Opened in your browser. If nothing shows there, follow the link: it works once, within a minute.'
          : `${browser ? 'No browser could be started here. ' : ''}Follow the link in a browser on this machine: it works once, within a minute.`,
      ]);
    });
}

const notRunning = () =>
  new CordonError(
    'unavailable',
    'The agent does not run here, and it is the agent that shows your messages: start it with `cordon-agent run --detach`.',
  );

/** Our own daemon's answer, over a socket that only its owner can open: the type is its own. */
const asAnswer = (answer: unknown): OpenAnswer => answer as OpenAnswer;
