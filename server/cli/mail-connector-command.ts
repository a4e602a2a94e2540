/**
 * `cordon mail-connector …`: starts the program of the mail connector, which runs in the company's network and shares no code with the
 * server.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Cli, commandOf } from './cli.ts';

const PROGRAM = join(import.meta.dirname, '../../agent/cordon-mail-connector.js');

/** Runs the program with all arguments after `cordon mail-connector`, and returns its exit code. */
export function runMailConnector(words: readonly string[]): number {
  const args = [...process.execArgv, PROGRAM, ...words];
  // The program replaces this process, so that signals reach it and its exit code is the exit code of the command.
  if (process.platform !== 'win32' && process.execve) process.execve(process.execPath, [process.execPath, ...args]);
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
}

/**
 * Entry in the list of commands. `server/cordon.js` passes the arguments on without parsing them, because the program has its own options.
 */
export function addMailConnectorCommand(program: Command, { exitWith }: Cli): void {
  commandOf(program, 'mail-connector')
    .argument('[command]', 'command: enroll, run, status or check-config')
    .argument('[arguments...]', 'arguments of the given command')
    .action((command: string | undefined, words: string[]) =>
      exitWith(runMailConnector([...(command === undefined ? [] : [command]), ...words])),
    );
}
