/** The command line `cordon mail-connector`. Each command loads only the code that it needs. */
import { Command, CommanderError } from 'commander';
import { EnvironmentError } from '../../shared/environment.ts';
import { EXIT, exitCodeHelp } from '../../shared/exit-codes.ts';
import { plain, plainJson } from '../../shared/text/visible-text.ts';
import type { AgentStatus } from '../agent.ts';
import { forgetNotifySocket, readAgentConfig } from '../config.ts';
import { sendControlRequest } from '../control/control.ts';
import type { DeviceTime } from '../enforcement/device-clock.ts';
import { addEnrollCommand } from '../enroll-command.ts';
import { credentialFolder } from '../enrollment/credential-folder.ts';
import { explainFailure } from '../explain-failure.ts';
import { AGENT_VERSION } from '../version.ts';
import { connectorHome, readConnectorConfig } from './config.ts';

const NAME = 'cordon mail-connector';
const EXIT_HELP = exitCodeHelp(['failed', 'usage', 'forbidden', 'notFound', 'conflict', 'unavailable', 'restart']);

/** Runs one command and returns the exit code. `time`: clocks for the demo. The default is this machine's clocks. */
export async function main(argv: readonly string[], time?: DeviceTime): Promise<number> {
  const program = new Command(NAME)
    .description('Passes mail between your company’s mail server and the devices of people')
    .version(AGENT_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of this command')
    .helpCommand('help [command]', 'Print the help of a command')
    .option('--home <folder>', 'folder of the connector’s identity and queue (CORDON_CONNECTOR_HOME)')
    .addHelpText('after', EXIT_HELP)
    .exitOverride();
  const home = () => program.opts<{ home?: string }>().home;
  const agentConfig = () => readAgentConfig(connectorHome(home()));
  let exit = 0;

  addEnrollCommand(program, {
    config: agentConfig,
    say,
    name: NAME,
    description: 'Enroll this machine as a mail connector of your organization',
  });
  program
    .command('run')
    .description('Run the mail connector in the foreground')
    .action(async () => {
      const config = readConnectorConfig(home());
      const agent = agentConfig();
      forgetNotifySocket();
      const [{ runDaemon }, { connectorPart }] = await Promise.all([
        import('../daemon.ts'),
        import('./connector-part.ts'),
      ]);
      const end = await runDaemon(agent, { time, connector: connectorPart(config) });
      if (end === 'restart') exit = EXIT.restart;
    });
  program
    .command('status')
    .description('Show the connection, the queue, and the orders that suspend mail')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const { identity, socket } = agentConfig();
      credentialFolder(identity).current();
      const answered = await sendControlRequest(socket, { op: 'status', shown: false });
      const status = answered && (answered.ok as AgentStatus);
      if (json) say([plainJson(status)]);
      else say(statusLines(status));
      if (status === null) exit = EXIT.unavailable;
    });
  program
    .command('check-config')
    .description('Check the settings, the certificate, and the sign-in to the company’s mail server')
    .action(async () => {
      const { checkConfig } = await import('./check-config.ts');
      const { lines, usable } = await checkConfig(home());
      say(lines);
      if (!usable) exit = EXIT.usage;
    });

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    // Commander has already printed this error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    const { words, exit: code } = explainFailure(error);
    const lines = error instanceof EnvironmentError ? error.problems : [ofConnector(words)];
    for (const line of lines) process.stderr.write(`${NAME}: ${plain(line)}\n`);
    return code;
  }
}

/** Takes an agent's text, and replaces the agent's commands by those of this program. */
const ofConnector = (text: string): string => text.replaceAll('`cordon-agent ', `\`${NAME} `);

/** Lines of `status`. `status`: null if no connector runs. */
export function statusLines(status: AgentStatus | null): string[] {
  if (status === null) return [`The mail connector is not running. Start it with: ${NAME} run`];
  const { device, connection, connectionDetail, connector, gates } = status;
  const mail = gates.find(({ service }) => service === 'mail');
  const suspended = (mail?.denials ?? []).map(
    ({ order, waiting }) => `mail:        suspended by order ${plain(order)} (waiting mail: ${waiting})`,
  );
  const queue = Object.entries(connector?.queue ?? {}).map(([state, count]) => `${count} ${state}`);
  const lines = [
    `device:      ${device}`,
    `connection:  ${connection}${connectionDetail === null ? '' : ` (${plain(connectionDetail)})`}`,
    ...(mail?.open === true
      ? ['mail:        available']
      : suspended.length > 0
        ? suspended
        : ['mail:        suspended']),
  ];
  if (connector === null) {
    return [...lines, 'connector:   not verified yet. Verify it with: cordon org-key countersign'];
  }
  const smtp = connector.smtpPort === null ? 'off' : `port ${connector.smtpPort}`;
  return [...lines, `SMTP:        ${smtp}`, `queue:       ${queue.length === 0 ? 'empty' : queue.join(', ')}`];
}

function say(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
