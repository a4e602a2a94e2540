/** `cordon-agent` on the command line. Each command is a paragraph; what it shows is in `view.ts`. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Command, CommanderError } from 'commander';
import { EnvironmentError } from '../shared/environment.ts';
import { CordonError } from '../shared/errors.ts';
import { readSecretArgument } from '../shared/secret-argument.ts';
import { plain, plainJson } from '../shared/text/visible-text.ts';
import type { Agent, AgentStatus } from './agent.ts';
import { type AgentConfig, forgetNotifySocket, readAgentConfig } from './config.ts';
import { askControl } from './control/control.ts';
import { lockHome } from './control/home-lock.ts';
import { openAgent, runDaemon } from './daemon.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import type { Notice } from './enforcement/notices.ts';
import { credentialFolder } from './enrolment/credential-folder.ts';
import { enrol } from './enrolment/enrol.ts';
import { EXIT } from './exit-codes.ts';
import { explainFailure } from './explain-failure.ts';
import { dialDirect } from './link/dial.ts';
import { addMessageCommands } from './message-commands.ts';
import { addOpenCommand } from './open-command.ts';
import { openAgentStore } from './store/agent-store.ts';
import { AGENT_VERSION } from './version.ts';
import { messageLines, noticeLines, statusLines } from './view.ts';
import { OWN_FILES, openWorkspace, type Workspace } from './workspace/workspace.ts';

/** A daemon that has not answered by then is not coming. */
const UP_WITHIN = 15_000;

/**
 * Runs one command. Returns the exit code; a daemon that is to start again in its place is handled by the caller. The demo gives `time`;
 * otherwise the daemon uses this machine's clocks.
 */
export async function main(argv: readonly string[], time?: DeviceTime): Promise<number> {
  const program = new Command('cordon-agent')
    .description(
      'The device’s side of Cordon: enrols, connects, and carries out what an order or an admin asks of this device.',
    )
    .version(AGENT_VERSION)
    .option('--home <folder>', 'where the agent keeps its identity and state (CORDON_AGENT_HOME)')
    .exitOverride();
  const config = () => readAgentConfig(program.opts<{ home?: string }>().home);
  let exit = 0;

  program
    .command('enrol')
    .description('make this machine a device of the organisation')
    .argument(
      '[link]',
      'the activation link; better without it: the command then asks for the link, or reads standard input',
    )
    .option('--link-file <file>', 'read the link from this file (mode 0600)')
    .option('--replace', 'give up the identity that this machine has', false)
    .action(async (given: string | undefined, { replace, linkFile }: { replace: boolean; linkFile?: string }) => {
      const asked = { given, file: linkFile, what: 'Activation link', safe: 'cordon-agent enrol' };
      const link = await readSecretArgument(process, asked);
      const { home, identity, store: file, workspace } = config();
      const unlock = lockHome(home);
      const store = openAgentStore({ file });
      try {
        const credentials = await enrol(link, { keeper: credentialFolder(identity), store, dial: dialDirect, replace });
        await openWorkspace(workspace);
        say([
          `Enrolled as ${credentials.device} at ${new URL(credentials.deviceUrl).host}.`,
          'Start the agent: cordon-agent run',
        ]);
      } finally {
        store.close();
        unlock();
      }
    });

  program
    .command('run')
    .description('run the agent in the foreground')
    .option('--detach', 'run it in the background and return', false)
    .action(async ({ detach }: { detach: boolean }) => {
      const given = config();
      if (detach) return startDetached(given);
      forgetNotifySocket();
      const end = await runDaemon(given, time);
      if (end === 'restart') exit = restart(given);
    });

  program
    .command('status')
    .description('connection, gates, and the orders behind them')
    .option('--json', 'for a program', false)
    .action(async ({ json }: { json: boolean }) => {
      const status = await ask<AgentStatus>(config(), { op: 'status', shown: !json }, (agent) => agent.status());
      say(json ? [plainJson(status.answer)] : statusLines(status.answer, status.running));
    });

  program
    .command('orders')
    .description('the orders that are noticed or in force: which, why, until when, and whom to appeal to')
    .option('--json', 'for a program', false)
    .action(async ({ json }: { json: boolean }) => {
      const { answer } = await ask<readonly Notice[]>(config(), { op: 'notices', shown: !json }, (agent) =>
        agent.notices(),
      );
      say(
        json
          ? [plainJson(answer)]
          : noticeLines(answer, config().languages, Intl.DateTimeFormat().resolvedOptions().timeZone),
      );
    });

  program
    .command('messages')
    .description('messages to the user of this device')
    .action(() => {
      const { identity, store: file } = config();
      const { device } = credentialFolder(identity).current();
      const store = openAgentStore({ file });
      try {
        say(messageLines(store.device(device).messages()));
        store.device(device).markShown();
      } finally {
        store.close();
      }
    });

  addMessageCommands(program, {
    config,
    say,
    exitWith(code) {
      exit = code;
    },
  });

  addOpenCommand(program, { config, say });

  const workspace = program.command('workspace').description('the sealed folder of this device');
  const withWorkspace = async (use: (workspace: Workspace) => Promise<void>) => {
    const { identity, workspace: folder } = config();
    credentialFolder(identity).current();
    await use(await openWorkspace(folder));
  };
  workspace
    .command('put')
    .argument('<file>')
    .argument('[name]', 'its name in the workspace; the file’s own by default')
    .action((file: string, name?: string) =>
      withWorkspace(async (opened) => opened.put(personal(name ?? basename(file)), await readFile(file))),
    );
  workspace
    .command('get')
    .argument('<name>')
    .argument('[file]', 'where to; standard output by default')
    .action((name: string, file?: string) =>
      withWorkspace(async (opened) => {
        const content = await opened.get(personal(name));
        if (file === undefined) process.stdout.write(content);
        else await writeFile(file, content, { mode: 0o600 });
      }),
    );
  workspace
    .command('ls')
    .action(() =>
      withWorkspace(async (opened) =>
        say(
          (await opened.list())
            .filter(({ name }) => !name.startsWith(OWN_FILES))
            .map(({ name, size }) => `${String(size).padStart(10)}  ${plain(name)}`),
        ),
      ),
    );

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    return failed(error);
  }
}

/** A name that a person may give a file. */
function personal(name: string): string {
  if (!name.startsWith(OWN_FILES)) return name;
  throw new CordonError('invalid_input', `Names that begin with ${OWN_FILES} are the agent's own: choose another.`);
}

/** The running daemon's answer, or that of the stored state when none runs. */
async function ask<T>(
  config: AgentConfig,
  request: { op: 'status' | 'notices'; shown: boolean },
  offline: (agent: Agent) => T,
): Promise<{ answer: T; running: boolean }> {
  const answered = await askControl(config.socket, request);
  if (answered) return { answer: asAnswer<T>(answered.ok), running: true };
  const { agent, store } = await openAgent({ ...config, log: 'silent' }, () => undefined);
  try {
    if (request.shown) agent.shown();
    return { answer: offline(agent), running: false };
  } finally {
    store.close();
  }
}

/** What our own daemon says over a socket that only its owner can open: the types are its own. */
function asAnswer<T>(answer: unknown): T {
  return answer as T;
}

/** Returns when the daemon answers, or has said in its log why it cannot. */
async function startDetached(config: AgentConfig): Promise<void> {
  credentialFolder(config.identity).current();
  // One line here instead of one in a log.
  lockHome(config.home)();
  const log = openSync(config.logFile, 'a', 0o600);
  const [entry = ''] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, entry, '--home', config.home, 'run'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const deadline = Date.now() + UP_WITHIN;
  while (!(await askControl(config.socket, { op: 'status', shown: false }))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      throw new CordonError('unavailable', `The agent did not come up: the end of ${config.logFile} says why.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.unref();
  say([`The agent runs in the background as process ${child.pid}; its log is ${config.logFile}`]);
}

/** In place, with the same process number; where something else starts us again, or that cannot be done, it is told by the code. */
function restart({ supervised }: AgentConfig): number {
  if (!supervised && process.platform !== 'win32' && process.execve) {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  }
  return EXIT.restart;
}

function failed(error: unknown): number {
  // commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  const { words, exit } = explainFailure(error);
  const lines = error instanceof EnvironmentError ? error.problems : [words];
  for (const line of lines) process.stderr.write(`cordon-agent: ${plain(line)}\n`);
  return exit;
}

function say(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
