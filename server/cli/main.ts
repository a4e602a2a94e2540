/**
 * `cordon`, the admin's command line: the same API as everybody else's, and the approver's and the organisation's keys, which never leave their machines.
 * It decides nothing; what it signs it has read itself (`signing-text.ts`).
 */
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { EnvironmentError } from '../../shared/environment.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { VERSION } from '../version.ts';
import { addAccountCommands } from './account-commands.ts';
import { addActionCommands } from './action-commands.ts';
import { addApproverCommands } from './approver-commands.ts';
import { addAreaCommands } from './area-commands.ts';
import { addCheckConfigCommand } from './check-config-command.ts';
import type { Cli } from './cli.ts';
import { createClient } from './client.ts';
import { readCliConfig } from './config.ts';
import { EXIT, EXIT_CODES } from './exit-codes.ts';
import { addExplainCommand } from './explain-command.ts';
import { addFleetCommands } from './fleet-commands.ts';
import { addHoldCommands } from './hold-commands.ts';
import { addLedgerCommands } from './ledger-commands.ts';
import { addOrderCommands } from './order-commands.ts';
import { addOrgKeyCommands } from './org-key-commands.ts';
import { createOutput } from './output.ts';
import { addPackCommands } from './pack-commands.ts';
import { addPeopleCommands } from './people-commands.ts';
import { addRecoverOwnerCommand } from './recover-owner-command.ts';
import { addRestorationCommands } from './restoration-commands.ts';
import { addRestoreCommand } from './restore-command.ts';
import { authenticatorCode, type Terminal } from './secrets.ts';
import { addServerCommands } from './server-commands.ts';
import { addTimeCorrectionCommands } from './time-correction-commands.ts';

/** Commands that read the server's environment and check it themselves. */
const SERVER_COMMANDS: ReadonlySet<string> = new Set(['check-config', 'recover-owner']);

export async function runCli(args: readonly string[], terminal: Terminal, env?: NodeJS.ProcessEnv): Promise<number> {
  const program = new Command('cordon');
  const options = () => program.opts<{ server?: string; json?: boolean }>();
  const out = () => createOutput(options().json === true, terminal.stdout, terminal.stderr);
  try {
    const config = readCliConfig(env);
    const client = () => {
      const server = options().server ?? config.server;
      // A session is shown to the server that gave it, and to no other.
      const session = config.session && URL.parse(server)?.origin === config.session.server ? config.session : null;
      return createClient(server, { token: config.token, session }, () => authenticatorCode(terminal, config));
    };
    program
      .description('Administer a Cordon server')
      .version(`cordon/${VERSION}`)
      .option('--server <url>', 'the admin listener (or CORDON_SERVER)')
      .option('--json', 'print JSON')
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
      })
      // A misspelled variable would send a command to the default server. Help works without this check.
      .hook('preAction', (_program, action) => {
        if (!SERVER_COMMANDS.has(action.name())) config.requireKnown();
      })
      .exitOverride();
    const cli: Cli = { config, terminal, out, client };
    addAccountCommands(program, cli);
    addPeopleCommands(program, cli);
    addFleetCommands(program, cli);
    addActionCommands(program, cli);
    addExplainCommand(program, cli);
    addApproverCommands(program, cli);
    addOrgKeyCommands(program, cli);
    addPackCommands(program, addOrderCommands(program, cli), cli);
    addLedgerCommands(program, cli);
    addAreaCommands(program, cli);
    addHoldCommands(program, cli);
    addTimeCorrectionCommands(program, cli);
    addServerCommands(program, cli);
    addRecoverOwnerCommand(program, cli);
    let exit = 0;
    addCheckConfigCommand(program, cli, (code) => {
      exit = code;
    });
    addRestoreCommand(program, cli);
    addRestorationCommands(program, cli);
    inherit(program);
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    return explain(error, terminal, options().json === true);
  }
}

/** Commander copies neither to commands that were made before. `--json` works behind a command as well as before it. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}

function explain(error: unknown, { stderr }: Terminal, json: boolean): number {
  // Commander has said it already; help and version are no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  const known = asCordonError(error);
  const lines = json
    ? [JSON.stringify({ code: known.code, detail: known.message, context: known.context })]
    : (known instanceof EnvironmentError ? known.problems : [known.message]).map(
        (line) => `cordon: ${plain(line)} [${known.code}]`,
      );
  stderr.write(`${lines.join('\n')}\n`);
  return EXIT_CODES[known.code];
}

function asCordonError(error: unknown): CordonError {
  if (error instanceof CordonError) return error;
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return new CordonError('invalid_input', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not as described'}`);
  }
  return new CordonError('internal', error instanceof Error ? error.message : String(error), {}, error);
}
