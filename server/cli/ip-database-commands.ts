import { basename } from 'node:path';
import type { Command } from 'commander';
import {
  type IpComparisonView,
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseView,
} from '../../shared/api/ip-databases.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { addArtifactCommands } from './artifact-commands.ts';
import { type Cli, commandOf } from './cli.ts';
import { readBytes } from './local-files.ts';
import { table, when } from './output.ts';

export function addIpDatabaseCommands(program: Command, cli: Cli): void {
  const databases = commandOf(program, 'ip-database');
  databases
    .command('list')
    .description('List the imported IP databases with their age')
    .action(async () => {
      const view = await cli.client().call(ipDatabaseList, 'GET', '/ip-databases');
      const importerOf = (account: string | null) =>
        account === null ? 'the server' : (view.people[account] ?? account);
      const rows = view.databases.map(({ hash, name, builtAt, importedAt, importedBy, size, active }) => [
        hash,
        name,
        when(builtAt),
        when(importedAt),
        importerOf(importedBy),
        size,
        active ? 'active' : null,
      ]);
      const uses = view.activations.map(({ hash, at, by }) => [when(at), hash, importerOf(by)]);
      cli
        .out()
        .show(view, [
          ...table(['hash', 'name', 'built', 'imported', 'by', 'bytes', ''], rows),
          ...table(['in use from', 'hash', 'by'], uses),
          ...(view.relocation !== null && view.relocation.of > 0
            ? [`connected devices with a new location: ${view.relocation.done} of ${view.relocation.of}`]
            : []),
        ]);
    });
  databases
    .command('import')
    .description('Import an .mmdb file. --activate also activates it')
    .argument('<file>')
    .option('--name <name>')
    .option('--activate')
    .action(async (file: string, options: { name?: string; activate?: boolean }) => {
      const { name = basename(file) } = options;
      const bytes = readBytes(file);
      const path = `/api/v1/ip-databases?name=${encodeURIComponent(name)}`;
      const response = await cli.client().raw('POST', path, bytes, { 'content-type': 'application/octet-stream' });
      const imported = ipDatabaseView.parse(await response.json());
      const view = options.activate ? await activate(imported.hash) : imported;
      cli
        .out()
        .show(view, [`${view.hash} ${plain(view.name)}, built ${when(view.builtAt)}${view.active ? ', active' : ''}`]);
    });
  const activate = addArtifactCommands(databases, cli, {
    noun: 'IP database',
    path: '/ip-databases',
    key: 'hash',
    activation: 'Activate an IP database',
    artifact: ipDatabaseView,
    comparison: ipComparisonView,
    comparisonLines,
    subject: ({ name, builtAt }) => `${plain(name)}, built ${when(builtAt)},`,
  });
}

function comparisonLines({ current, other, compared, moved, moves, orders }: IpComparisonView): string[] {
  const unknown = 'unknown';
  return [
    `${plain(other.name)} (built ${when(other.builtAt)}) against ${plain(current.name)} (built ${when(current.builtAt)})`,
    `${moved} of ${compared} devices with a current IP address would get another location.`,
    ...(moves.length === 0
      ? []
      : table(
          ['from', 'to', 'devices'],
          moves.map(({ from, to, devices }) => [from ?? unknown, to ?? unknown, devices]),
        )),
    ...(orders.length === 0
      ? ['No order is active or announced.']
      : table(
          ['order', 'title', 'from', 'newly denied', 'newly allowed'],
          orders.map((one) => [one.order, one.title, when(one.effective), one.newlyDenied, one.newlyAllowed]),
        )),
    'After activation, connected devices get their new location at once, and other devices at their next connection. If the IP address is the only evidence, an order applies ten minutes later.',
  ];
}
