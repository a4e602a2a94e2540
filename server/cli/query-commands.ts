/** Live queries on the command line. A command that asks waits for the answers and prints them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import {
  type AnswerView,
  answerPage,
  type LiveQueryView,
  liveQueryList,
  liveQueryView,
} from '../../shared/api/live-queries.ts';
import { done } from '../../shared/api/wire.ts';
import {
  COLUMNS,
  type Column,
  DEADLINE_SECONDS,
  describeQuery,
  type LiveQuery,
} from '../../shared/live-query/live-query.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { saveDownload } from './download.ts';
import { type Cell, table, when } from './output.ts';

interface Target {
  all?: boolean;
  group?: string;
  area?: string;
  device?: string[];
  seconds?: number;
}

const POLL_EVERY = 500;
const PAGE = 100;

const path = (id: string, rest = ''): string => `/queries/${encodeURIComponent(id)}${rest}`;

export function addQueryCommands(program: Command, cli: Cli): void {
  const queries = commandOf(program, 'query');
  const asking = (name: string, description: string) =>
    queries
      .command(name)
      .description(description)
      .option('--all', 'ask all active devices that your role includes')
      .option('--group <group>', 'ask all active devices of this group')
      .option('--area <area>', 'ask all active devices that are or may be in this area')
      .option('--device <device...>', 'ask the devices with these ids or names')
      .option(
        '--seconds <seconds>',
        `seconds in which devices may answer (default: ${DEADLINE_SECONDS.usual})`,
        Number,
      );

  asking('processes', 'List the running processes of connected devices, without their arguments')
    .option('--name <text>', 'part of the name of the process or of the program')
    .action((options: Target & { name?: string }) => ask(cli, options, { kind: 'processes', name: options.name }));
  asking('services', 'List the systemd services of connected devices')
    .option('--name <text>', 'part of the name of the service')
    .option('--failed', 'list only failed services')
    .action((options: Target & { name?: string; failed?: true }) =>
      ask(cli, options, { kind: 'services', name: options.name, failed: options.failed }),
    );
  asking('ports', 'List the ports on which connected devices accept connections')
    .option('--port <port>', 'list only this port', Number)
    .action((options: Target & { port?: number }) => ask(cli, options, { kind: 'open-ports', port: options.port }));
  asking('files', 'Find files by their SHA-256 hash on connected devices')
    .requiredOption('--sha256 <hash...>', 'hashes of the files')
    .requiredOption('--in <folder...>', 'folders to search, with their subfolders')
    .action((options: Target & { sha256: string[]; in: string[] }) =>
      ask(cli, options, {
        kind: 'files',
        sha256: options.sha256.map((hash) => hash.toLowerCase()),
        folders: options.in,
      }),
    );
  addStoredCommands(queries, cli);
}

function addStoredCommands(queries: Command, cli: Cli): void {
  queries
    .command('list')
    .description('List your live queries of the last hour, newest first')
    .action(async () => {
      const { queries: all } = await cli.client().call(liveQueryList, 'GET', '/queries');
      const rows = all.map((query): Cell[] => [
        query.id,
        describeQuery(query.query),
        query.devices,
        query.counts.answered ?? 0,
        when(query.createdAt),
        when(query.deletedAt),
      ]);
      cli.out().show(all, table(['id', 'query', 'devices', 'answered', 'asked', 'deleted'], rows));
    });
  queries
    .command('show')
    .description('Show the answers to a live query')
    .argument('<query>')
    .action(async (id: string) => show(cli, await cli.client().call(liveQueryView, 'GET', path(id))));
  queries
    .command('export')
    .description('Download the answers to a live query as a CSV file')
    .argument('<query>')
    .argument('<file>', 'new file for the answers')
    .action(async (id: string, file: string) => {
      const response = await cli.client().raw('GET', `/api/v1${path(id, '/answers.csv')}`);
      const bytes = await saveDownload(response, file, 'CSV file');
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
  queries
    .command('delete')
    .description('Delete a live query with its answers')
    .argument('<query>')
    .action(async (id: string) => {
      await cli.client().call(done, 'DELETE', path(id));
      cli.out().show({ deleted: id }, [`${id} deleted`]);
    });
}

async function ask(cli: Cli, { all, group, area, device: devices, seconds }: Target, query: Partial<LiveQuery>) {
  const filter = all || group || area ? { group, area } : undefined;
  const body = { query, devices, filter, seconds };
  let asked = await cli.client().call(liveQueryView, 'POST', '/queries', body);
  cli
    .out()
    .note(`Asked ${asked.devices} ${asked.devices === 1 ? 'device' : 'devices'}: ${plain(describeQuery(asked.query))}`);
  // The server ends the query at its deadline, so the command does not compare clocks.
  while ((asked.counts.waiting ?? 0) > 0) {
    await pause(POLL_EVERY);
    asked = await cli.client().call(liveQueryView, 'GET', path(asked.id));
  }
  await show(cli, asked);
}

async function show(cli: Cli, query: LiveQueryView): Promise<void> {
  const answers: AnswerView[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const from: string = after === '' ? '' : `&after=${after}`;
    const page = await cli.client().call(answerPage, 'GET', path(query.id, `/answers?limit=${PAGE}${from}`));
    answers.push(...page.answers);
    after = page.next;
  }
  const columns = COLUMNS[query.query.kind];
  const rows = answers.flatMap(({ device, user, rows: found }) =>
    found.map((row): Cell[] => [device, user, ...row.map((cell, index) => cellText(cell, columns[index]))]),
  );
  const without = answers
    .filter(
      ({ state, rows: found, truncated, detail }) =>
        state !== 'answered' || found.length === 0 || truncated || detail !== '',
    )
    .map(
      ({ device, user, state, rows: found, truncated, detail }) =>
        `${device} ${plain(user)}: ${state === 'answered' ? `${found.length} rows` : state}${truncated ? ', incomplete' : ''}${detail === '' ? '' : `. ${plain(detail)}`}`,
    );
  const lines = [...table(['device', 'user', ...columns.map(({ name }) => name)], rows), ...without];
  cli.out().show({ ...query, answers }, lines);
  cli.out().note(`The server deletes the answers at ${when(query.deletedAt)}: cordon query export ${query.id} FILE`);
}

const cellText = (cell: string | number | null, column: Column | undefined): Cell =>
  column?.type === 'time' && typeof cell === 'number' ? when(cell) : cell;
