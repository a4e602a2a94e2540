/** `cordon check-config`: on the machine and with the environment of the server, before it starts. */
import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { EXIT } from './exit-codes.ts';

export function addCheckConfigCommand(program: Command, cli: Cli, exitWith: (code: number) => void): void {
  program
    .command('check-config')
    .description("check the server's environment, files, database and ports on this machine; starts nothing")
    .option('--no-ports', 'do not check that the ports are free, because the server runs')
    .action(async ({ ports }: { ports: boolean }) => {
      // The database drivers are for the server's machine alone: no other command loads them.
      const { checkConfig } = await import('../startup/check-config.ts');
      const checks = await checkConfig({ ports });
      const problems = checks.filter(({ ok }) => !ok).length;
      cli
        .out()
        .show({ problems, checks }, [
          ...checks.map(({ ok, text }) => `${ok ? 'ok     ' : 'PROBLEM'}  ${text}`),
          problems === 0
            ? 'The server can start.'
            : `The server cannot start: ${problems} ${problems === 1 ? 'problem' : 'problems'}.`,
        ]);
      if (problems > 0) exitWith(EXIT.failed);
    });
}
