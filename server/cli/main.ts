/**
 * `cordon`, the command line for admins. The private keys of approvers and of the organization never leave the admin's machine. Before a
 * signature, the command line itself decodes the document and shows its content (`signing-text.ts`).
 */
import { type Command, CommanderError } from 'commander';
import { z } from 'zod';
import { fieldErrorContext, fieldErrorsIn, fieldErrorsOf } from '../../shared/api/field-errors.ts';
import { EnvironmentError } from '../../shared/environment.ts';
import { CordonError } from '../../shared/errors.ts';
import { EXIT, EXIT_CODES, exitCodeHelp } from '../../shared/exit-codes.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { VERSION } from '../version.ts';
import type { Cli } from './cli.ts';
import { createClient } from './client.ts';
import { COMMAND_GROUPS, type CommandGroup } from './commands.ts';
import { readCliConfig } from './config.ts';
import { CordonCommand } from './cordon-command.ts';
import { fieldErrorLines } from './field-errors.ts';
import { resolveNames } from './names-to-ids.ts';
import { createOutput } from './output.ts';
import { authenticatorCode, type Terminal } from './secrets.ts';

/**
 * Commands without the general check for unknown environment variables. These commands call `readConfig`, which reports unknown variables
 * together with all other configuration errors.
 */
const SERVER_COMMANDS: ReadonlySet<string> = new Set(['check-config', 'recover-owner']);

const EXIT_HELP = exitCodeHelp([
  ...(['failed', 'usage', 'signIn', 'forbidden', 'notFound', 'conflict', 'unavailable', 'tooMany'] as const),
  ...(['refusedByOrder', 'unverified'] as const),
]);

export async function runCli(args: readonly string[], terminal: Terminal, env?: NodeJS.ProcessEnv): Promise<number> {
  const program = new CordonCommand('cordon');
  const options = () => program.opts<{ server?: string; json?: boolean }>();
  let running: Command | null = null;
  const out = () => createOutput(options().json === true, terminal.stdout, terminal.stderr);
  try {
    const config = readCliConfig(env);
    const client = () => {
      const server = options().server ?? config.server;
      // The client sends a session only to the server that issued it.
      const session = config.session && URL.parse(server)?.origin === config.session.server ? config.session : null;
      return createClient(server, { token: config.token, session }, () => authenticatorCode(terminal, config));
    };
    program
      .description('Administer a Cordon server')
      .version(`cordon/${VERSION}`, '-V, --version', 'print the version')
      .helpOption('-h, --help', 'print the help of this command')
      .helpCommand('help [command]', 'Print the help of a command')
      .option('--server <url>', 'URL of the admin listener (CORDON_SERVER)')
      .option('--json', 'print JSON instead of tables')
      .addHelpText('after', EXIT_HELP)
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
      })
      // Check the environment variables before a command runs. Otherwise a misspelled variable name could send the command to the default
      // server.
      .hook('preAction', async (_program, action) => {
        running = action;
        if (SERVER_COMMANDS.has(action.name())) return;
        config.requireKnown();
        await resolveNames(action, client);
      })
      .exitOverride();
    let exit = 0;
    const exitWith = (code: number) => {
      exit = code;
    };
    addCommands(program, { config, terminal, out, client, exitWith });
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    return explain(error, running, terminal, options().json === true);
  }
}

/** A command's module adds the options and subcommands when the command runs or shows its help. */
function addCommands(program: Command, cli: Cli): void {
  const loaders = new Map<string, CommandGroup['load']>();
  for (const { commands, load } of COMMAND_GROUPS) {
    for (const [name, description] of Object.entries(commands)) {
      program.command(name).description(description);
      loaders.set(name, load);
    }
  }
  inherit(program);
  const define = async (name: string) => {
    const add = await loaders.get(name)?.();
    add?.(program, cli);
    inherit(program);
  };
  program.hook('preSubcommand', (_program, command) => define(command.name()));
  // Commander's own help command does not load the module of a command. The help command below replaces it.
  program.helpCommand(false);
  program
    .command('help')
    .description('Show help for a command')
    .argument('[command]')
    .action(async (name?: string) => {
      if (name !== undefined) await define(name);
      (program.commands.find((command) => command.name() === name) ?? program).help();
    });
}

/**
 * Commander copies its settings only to commands that are added later. With these settings, `--json` works before and after the command
 * name.
 */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}

function explain(error: unknown, command: Command | null, { stderr }: Terminal, json: boolean): number {
  // Commander has already printed the error text. It also throws for help and version, which are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  const known = asCordonError(error);
  const lines = json
    ? [JSON.stringify({ code: known.code, detail: known.message, context: known.context })]
    : linesOf(known, command).map((line) => `cordon: ${plain(line)} [${known.code}]`);
  stderr.write(`${lines.join('\n')}\n`);
  return EXIT_CODES[known.code];
}

function linesOf(error: CordonError, command: Command | null): readonly string[] {
  if (error instanceof EnvironmentError) return error.problems;
  const faults = fieldErrorsIn(error.context);
  return faults.length > 0 ? fieldErrorLines(command, faults) : [error.message];
}

function asCordonError(error: unknown): CordonError {
  if (error instanceof CordonError) return error;
  if (error instanceof z.ZodError) {
    const faults = fieldErrorsOf(error);
    const detail = faults.map(({ path, words }) => `${path} ${words}`).join('; ');
    return new CordonError('invalid_input', detail, fieldErrorContext(faults), error);
  }
  return new CordonError('internal', error instanceof Error ? error.message : String(error), {}, error);
}
