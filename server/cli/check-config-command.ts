/**
 * `cordon check-config`: checks the server's configuration. An admin runs the command on the server's machine, with the server's
 * environment variables.
 */
import type { Command } from 'commander';
import { EXIT } from '../../shared/exit-codes.ts';
import { type Cli, commandOf } from './cli.ts';

export function addCheckConfigCommand(program: Command, cli: Cli): void {
  commandOf(program, 'check-config')
    // commander sets the default of a negated option only if the option exists before the command line is parsed.
    .option('--no-ports', 'do not check whether the ports are free', true)
    .action(async ({ ports }: { ports: boolean }) => {
      // Import the database drivers only in this command, because only the server's machine has them.
      const { checkConfig } = await import('../startup/check-config.ts');
      const { checks, running } = await checkConfig({ ports });
      const problems = checks.filter(({ ok }) => !ok).length;
      cli
        .out()
        .show({ problems, running, checks }, [
          ...checks.map(({ ok, warning, text }) => `${ok ? (warning ? 'WARNING' : 'ok     ') : 'PROBLEM'}  ${text}`),
          conclusion(problems, running),
        ]);
      if (problems > 0) cli.exitWith(EXIT.failed);
    });
}

function conclusion(problems: number, running: boolean): string {
  if (problems > 0) return `The server cannot start: ${problems} ${problems === 1 ? 'problem' : 'problems'}.`;
  return running ? 'The configuration is valid, and a server runs with this store.' : 'The server can start.';
}
