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
  exitWith(code: number): void;
}

export function commandOf(program: Command, name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
  if (found === undefined) throw new Error(`commands.ts has no command ${name}`);
  return found;
}

/** Value of an option that sets or removes a stored value. The text "none" gives null, which removes the stored value. */
export const valueOrNone = (value: string | undefined): string | null | undefined => (value === 'none' ? null : value);
