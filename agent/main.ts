/**
 * The command line `cordon-agent`. Each command loads only the code that it needs, because loading the daemon, the store and the texts
 * takes seconds.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EnvironmentError } from '../shared/environment.ts';
import { CordonError } from '../shared/errors.ts';
import { EXIT, exitCodeHelp } from '../shared/exit-codes.ts';
import { plain, plainJson } from '../shared/text/visible-text.ts';
import { type AdminMessage, readAdminMessages } from './admin-messages/admin-messages.ts';
import type { Agent, AgentStatus, ScriptsView } from './agent.ts';
import { type AgentConfig, forgetNotifySocket, readAgentConfig } from './config.ts';
import { sendControlRequest } from './control/control.ts';
import { lockHome } from './control/home-lock.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import type { Notice } from './enforcement/notice-view.ts';
import { addEnrollCommand } from './enroll-command.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { explainFailure } from './explain-failure.ts';
import type { PrivacyView } from './inventory/privacy-view.ts';
import { addLostModeCommand } from './lost-mode/lost-mode-command.ts';
import { addMailCommands } from './mail-commands.ts';
import { addSendmailCommand } from './mail-programs/sendmail-command.ts';
import { addMessageCommands } from './message-commands.ts';
import { addOpenCommand } from './open-command.ts';
import { addPasscodeCommands } from './passcode/passcode-command.ts';
import { addPowerCommand } from './power-command.ts';
import { addUpdateCommand } from './update-command.ts';
import { AGENT_VERSION } from './version.ts';
import type { FetchRecord } from './work/file-transfers.ts';
import { addWorkspaceCommands } from './workspace-commands.ts';

/** Milliseconds in which a new daemon must answer its first request. */
const UP_WITHIN = 15_000;
/** Option of Node that saves 12 MiB of memory, as in cordon-agent.service. */
const SMALL_HEAP = '--max-semi-space-size=1';

const EXIT_HELP = exitCodeHelp([
  ...(['failed', 'usage', 'forbidden', 'notFound', 'conflict', 'unavailable'] as const),
  ...(['refusedByOrder', 'unverified', 'restart'] as const),
]);

interface CommandPorts {
  readonly config: () => AgentConfig;
  readonly say: (lines: readonly string[]) => void;
}

/** Runs one command and returns the exit code. `time`: clocks for the demo. The default is this machine's clocks. */
export async function main(argv: readonly string[], time?: DeviceTime): Promise<number> {
  const program = new Command('cordon-agent')
    .description(
      'Connects this device to its organization’s Cordon server, enforces orders, and carries out commands from admins.',
    )
    .version(AGENT_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of this command')
    .helpCommand('help [command]', 'Print the help of a command')
    .option('--home <folder>', 'folder of the agent’s identity and state (CORDON_AGENT_HOME)')
    .addHelpText('after', EXIT_HELP)
    .exitOverride();
  const config = () => readAgentConfig(program.opts<{ home?: string }>().home);
  const ports: CommandPorts = { config, say };
  let exit = 0;

  addEnrollCommand(program, ports);
  program
    .command('run')
    .description('Run the agent in the foreground')
    .option('--detach', 'run the agent in the background, and return', false)
    .action(async ({ detach }: { detach: boolean }) => {
      const given = config();
      if (detach) return startDetached(given);
      forgetNotifySocket();
      const { runDaemon } = await import('./daemon.ts');
      const end = await runDaemon(given, { time });
      if (end === 'restart') exit = restart(given);
    });

  addStateCommands(program, ports);
  addMessageCommands(program, {
    ...ports,
    exitWith(code) {
      exit = code;
    },
  });
  addMailCommands(program, ports);
  const { own, after } = splitSendmail(argv);
  addSendmailCommand(program, {
    config,
    args: after,
    exitWith(code) {
      exit = code;
    },
  });
  addOpenCommand(program, ports);
  addUpdateCommand(program, ports);
  addPowerCommand(program, ports);
  addLostModeCommand(program, ports);
  addPasscodeCommands(program, ports);
  addWorkspaceCommands(program, ports);

  try {
    await program.parseAsync([...own], { from: 'user' });
    return exit;
  } catch (error) {
    return failed(error);
  }
}

/**
 * Separates the arguments after `sendmail`, because `sendmail` has another syntax for options such as `-oi`. An exception is `sendmail
 * --help`, which Commander handles.
 */
function splitSendmail(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly after: readonly string[];
} {
  const first = argv.findIndex((each, at) => !each.startsWith('-') && argv[at - 1] !== '--home');
  if (argv[first] !== 'sendmail' || argv.slice(first + 1).join(' ') === '--help') return { own: argv, after: [] };
  return { own: argv.slice(0, first + 1), after: argv.slice(first + 1) };
}

function addStateCommands(program: Command, { config, say }: CommandPorts): void {
  program
    .command('status')
    .description('Show connection, services, and the orders that suspend them')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const status = await requestOrOffline<AgentStatus>(config(), { op: 'status', shown: !json }, (agent, shown) => {
        if (shown) agent.notices.markDisplayed();
        return agent.status();
      });
      if (json) return say([plainJson(status.response)]);
      const { statusLines } = await import('./view.ts');
      say(statusLines(status.response, status.running));
    });

  program
    .command('policy')
    .description('Show the settings that your organization requires, the results of their checks, and what follows')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const request = { op: 'status', shown: false } as const;
      const { response } = await requestOrOffline<AgentStatus>(config(), request, (agent) => agent.status());
      if (json) return say([plainJson(response.policy)]);
      const { policyLines } = await import('./policy/policy-lines.ts');
      say(policyLines(response.policy));
    });

  program
    .command('orders')
    .description('Show announced and active orders, with reasons, end time and appeal contact')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const { response } = await requestOrOffline<readonly Notice[]>(
        config(),
        { op: 'notices', shown: !json },
        (agent, shown) => {
          if (shown) agent.notices.markDisplayed();
          return agent.notices.list();
        },
      );
      if (json) return say([plainJson(response)]);
      const { noticeLines } = await import('./view.ts');
      say(noticeLines(response, config().languages, Intl.DateTimeFormat().resolvedOptions().timeZone));
    });

  program
    .command('messages')
    .description('Show messages from your admin; an asterisk marks an unread message')
    .option('--json', 'print JSON; the messages stay unread', false)
    .action(async ({ json }: { json: boolean }) => {
      const { response } = await requestOrOffline<readonly AdminMessage[]>(
        config(),
        { op: 'admin-messages', shown: !json },
        (agent, shown) => readAdminMessages(agent, shown),
      );
      if (json) return say([plainJson(response)]);
      const { messageLines } = await import('./view.ts');
      say(messageLines(response));
    });

  program
    .command('privacy')
    .description('Show what the agent reports about this device, with the current values')
    .option('--all', 'print every value of a list', false)
    .option('--json', 'print JSON with every value', false)
    .action(async ({ all, json }: { all: boolean; json: boolean }) => {
      const { response } = await requestOrOffline<
        PrivacyView & { readonly scripts: ScriptsView; readonly fetchedFiles: readonly FetchRecord[] }
      >(config(), { op: 'privacy', shown: !json }, (agent, shown) => {
        const view = agent.privacy.view();
        if (shown) agent.privacy.displayed();
        return { ...view, scripts: agent.scripts(), fetchedFiles: agent.fetchedFiles() };
      });
      if (json) return say([plainJson(response)]);
      const { fetchLines, privacyLines, scriptLines } = await import('./privacy-lines.ts');
      const { languages } = config();
      say([
        ...privacyLines(response, all),
        ...scriptLines(response.scripts, languages),
        ...fetchLines(response.fetchedFiles, languages),
      ]);
    });
}

async function requestOrOffline<T>(
  config: AgentConfig,
  request: { op: 'status' | 'notices' | 'admin-messages' | 'privacy'; shown: boolean },
  offline: (agent: Agent, shown: boolean) => T,
): Promise<{ response: T; running: boolean }> {
  const answered = await sendControlRequest(config.socket, request);
  if (answered) return { response: asResponse<T>(answered.ok), running: true };
  // The credentials are read before the daemon's code is loaded, so that a machine that is not enrolled fails at once.
  credentialFolder(config.identity).current();
  const { openAgent } = await import('./daemon.ts');
  const { agent, store } = await openAgent({ ...config, log: 'silent' }, () => undefined);
  try {
    return { response: offline(agent, request.shown), running: false };
  } finally {
    store.close();
  }
}

/** The daemon's response needs no schema check: the socket belongs to this user, and the daemon is the same program. */
function asResponse<T>(response: unknown): T {
  return response as T;
}

/** Resolves when the new daemon responds to a request. Throws if the daemon fails to start. */
async function startDetached(config: AgentConfig): Promise<void> {
  credentialFolder(config.identity).current();
  lockHome(config.home)();
  const log = openSync(config.logFile, 'a', 0o600);
  const [entry = ''] = process.argv.slice(1);
  const child = spawn(process.execPath, [SMALL_HEAP, ...process.execArgv, entry, '--home', config.home, 'run'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const deadline = Date.now() + UP_WITHIN;
  while (!(await sendControlRequest(config.socket, { op: 'status', shown: false }))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      throw new CordonError('unavailable', `The agent did not start. Read the reason at the end of ${config.logFile}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.unref();
  say([`The agent runs in the background as process ${child.pid}. Log file: ${config.logFile}`]);
}

/** Restarts the agent in the same process if possible. Otherwise the exit code tells the supervisor to start the agent again. */
function restart({ supervised }: AgentConfig): number {
  if (!supervised && process.platform !== 'win32' && process.execve) {
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  }
  return EXIT.restart;
}

function failed(error: unknown): number {
  // Commander has already printed this error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  const { words, exit } = explainFailure(error);
  const lines = error instanceof EnvironmentError ? error.problems : [words];
  for (const line of lines) process.stderr.write(`cordon-agent: ${plain(line)}\n`);
  return exit;
}

function say(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
