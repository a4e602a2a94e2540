import type { Command } from 'commander';
import type { Client } from './client.ts';
import type { CliConfig } from './config.ts';
import type { Output } from './output.ts';
import type { Terminal } from './secrets.ts';

export interface Cli {
  readonly config: CliConfig;
  readonly terminal: Terminal;
  out(): Output;
  client(): Client;
  /** Sets the exit code of a command that ends without an error. */
  exitWith(code: number): void;
}

/** Returns the command of the given name from `commands.ts`. */
export function commandOf(program: Command, name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`commands.ts has no command ${name}`);
  return found;
}

/** Value of an option that can remove a stored value. Null for "none", which removes the value. */
export const valueOrNone = (value: string | undefined): string | null | undefined => (value === 'none' ? null : value);
