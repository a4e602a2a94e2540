/**
 * The program `cordon-agent-system`: the privileged part of the agent. It runs as root, and only the agent's user may open its socket. The
 * agent itself has no rights on the machine (ADR 68).
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { isCordonError } from '../../shared/errors.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { notifyServiceManager } from '../../shared/service-manager.ts';
import { listenForStop } from '../../shared/stop-signals.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { installedAgent } from '../policy/installed-agent.ts';
import { AGENT_VERSION } from '../version.ts';
import { requireOtherNames } from './agent-protection.ts';
import { createAgentUpdate } from './agent-update/agent-update.ts';
import { openUpdateRecords } from './agent-update/update-record.ts';
import { aptManager } from './apt.ts';
import { type ChangePorts, createChanges } from './changes.ts';
import { type HelperConfig, readHelperConfig } from './config.ts';
import { dnfManager } from './dnf.ts';
import { flatpakManager } from './flatpak.ts';
import { openJournal } from './journal.ts';
import { machineLinks } from './machine-links.ts';
import { readMachinePolicy } from './machine-policy.ts';
import { openPackageFiles, statementOf } from './package-files.ts';
import { toolRunner } from './run-tool.ts';
import { issueToken, type ServePorts, serveRequests } from './serve.ts';
import { openSettings } from './settings/open-settings.ts';
import { SYSTEM_SOCKET } from './socket-path.ts';

const NAME = 'cordon-agent-system';
/** Milliseconds in which a running change may end after a stop signal, as in cordon-agent-system.service. */
const STOP_WITHIN = 25 * 60_000;
/** First file descriptor that systemd passes (sd_listen_fds(3)). */
const FIRST_SOCKET = 3;

const log = (text: string) => process.stderr.write(`${NAME}: ${plain(text)}\n`);

export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command(NAME)
    .description('Changes software and settings for the Cordon agent, within the policy of this machine')
    .version(AGENT_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print the help of this command')
    .exitOverride();
  program
    .command('run')
    .description('Serve the requests of the agent')
    .option('--policy <file>', 'policy of this machine', '/etc/cordon-agent/system.json')
    .option('--state <folder>', 'folder of the records of changes', '/var/lib/cordon-agent-system')
    .option('--socket <path>', 'socket to create. By default, systemd passes the socket')
    .option('--confirm-within <seconds>', 'time in which an updated agent must connect to its server', seconds, 900)
    .action((options: { policy: string; state: string; socket?: string; confirmWithin: number }) =>
      run(readHelperConfig(options)),
    );
  program
    .command('check-policy')
    .description('Check the policy of this machine')
    .option('--policy <file>', 'policy of this machine', '/etc/cordon-agent/system.json')
    .action(({ policy }: { policy: string }) => {
      readMachinePolicy(policy);
      process.stdout.write('The policy is valid.\n');
    });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has already printed this error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    log(isCordonError(error) || error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 86_400) return value;
  throw new InvalidArgumentError('Give a number of seconds from 1 to 86400.');
}

async function run(config: HelperConfig): Promise<void> {
  const signals = listenForStop({ within: STOP_WITHIN, log });
  const runTool = toolRunner(config.tools);
  const apt = aptManager(runTool, config.tools['DPKG_ROOT']);
  const ports: ChangePorts = {
    managers: { apt, dnf: dnfManager(runTool), flatpak: flatpakManager(runTool) },
    journal: openJournal(join(config.state, 'changes')),
    files: openPackageFiles(join(config.state, 'packages')),
    policy: readMachinePolicy(config.policy),
    linkAt: machineLinks(config.tools['DPKG_ROOT'] ?? '/'),
    now: Date.now,
    log,
  };
  // An interrupted change may have left packages unconfigured. The helper repairs them at its start, because the agent may never repeat its
  // request.
  if (ports.journal.interrupted().length > 0) await apt.repair();
  const changes = createChanges(ports);
  const settings = openSettings({ ...ports, changes, runTool, folder: join(config.state, 'settings') });
  await settings.restore();
  const agentUpdate = createAgentUpdate({
    ...ports,
    changes,
    records: openUpdateRecords(join(config.state, 'agent-update')),
    installed: installedAgent,
    confirmWithin: config.confirmWithin,
    startAgent: async () => {
      if (config.socket !== null) return;
      await runTool('systemctl', ['--no-block', 'start', 'cordon-agent.service'], { within: 60_000 });
    },
    // systemd starts the helper again at the next request, with the code of the present package.
    onSettled: () => {
      if (config.socket === null) signals.request('the agent was updated');
    },
  });
  agentUpdate.resume();
  const respond: ServePorts['respond'] = async (request, socket) => {
    if (request.op === 'status') return { outcome: 'ready', apt: await apt.available() };
    if (request.op === 'apply-settings') {
      socket.resume();
      const { settings: applied, kept } = await settings.apply(request.settings);
      return { outcome: 'settings', settings: applied, ...(kept.length > 0 && { kept }) };
    }
    if (request.op === 'update-agent') {
      socket.resume();
      return agentUpdate.handle(request);
    }
    if (request.op === 'offer-agent') return agentUpdate.receive(request.envelope, socket);
    if (request.op === 'install-package') {
      const statement = statementOf(ports.policy, request.envelope);
      requireOtherNames([statement.name]);
      await ports.files.receive(statement, socket);
    }
    socket.resume();
    return changes.make(request);
  };
  let token: string | null = null;
  const server = serveRequests({ respond, token: () => token, log });
  const listening = listen(server, config.socket);
  // The socket exists, and this program has not read a connection yet.
  token = issueToken(config.socket ?? SYSTEM_SOCKET);
  await listening;
  signals.ready();
  await notifyServiceManager(config.notifySocket, 'READY=1', log);
  await signals.requested;
  server.close();
  // The program waits for running changes, because a killed package manager would leave half-installed packages.
  await settings.idle();
  await agentUpdate.idle();
  await changes.idle();
  signals.release();
}

function listen(server: Server, path: string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if (path === null) {
      server.listen({ fd: FIRST_SOCKET }, resolve);
      return;
    }
    rmSync(path, { force: true });
    // `listen` creates the socket file before it returns, so this umask applies to the file.
    const before = process.umask(0o117);
    server.listen(path, resolve);
    process.umask(before);
  });
}
