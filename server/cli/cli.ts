/** What every command has at hand. */
import type { Client } from './client.ts';
import type { CliConfig } from './config.ts';
import type { Output } from './output.ts';
import type { Terminal } from './secrets.ts';

export interface Cli {
  readonly config: CliConfig;
  readonly terminal: Terminal;
  out(): Output;
  /** Of the server that is named, as whoever signed in there. */
  client(): Client;
}
