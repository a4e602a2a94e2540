/** ip-database, backup, health and openapi. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { openStream, sealStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { healthView } from '../../shared/api/health.ts';
import {
  type IpComparisonView,
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseView,
} from '../../shared/api/ip-databases.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { Cli } from './cli.ts';
import { saveDownload, saveStream } from './download.ts';
import { table, when } from './output.ts';
import { readText } from './secrets.ts';

/** As for the passphrase of the server's keys. */
const SHORTEST_PASSPHRASE = 12;

export function addServerCommands(program: Command, cli: Cli): void {
  const databases = program.command('ip-database').description('which address is in which country');
  databases
    .command('list')
    .description('the databases at hand, with their age')
    .action(async () => {
      const view = await cli.client().call(ipDatabaseList, 'GET', '/ip-databases');
      const whose = (account: string | null) => (account === null ? 'the server' : (view.people[account] ?? account));
      const rows = view.databases.map(({ hash, name, builtAt, importedAt, importedBy, size, active }) => [
        ...[hash, name, when(builtAt), when(importedAt), whose(importedBy), size, active ? 'active' : null],
      ]);
      const uses = view.uses.map(({ hash, at, by }) => [when(at), hash, whose(by)]);
      cli
        .out()
        .show(view, [
          ...table(['hash', 'name', 'built', 'imported', 'by', 'bytes', ''], rows),
          ...table(['in use from', 'hash', 'by'], uses),
          ...(view.relocating !== null && view.relocating.of > 0
            ? [`devices that are connected are located anew: ${view.relocating.done} of ${view.relocating.of}`]
            : []),
        ]);
    });
  databases
    .command('import')
    .description('bring an .mmdb file to the server; --activate uses it from now on')
    .argument('<file>')
    .option('--name <name>')
    .option('--activate')
    .action(async (file: string, { name = basename(file), activate }: { name?: string; activate?: boolean }) => {
      const bytes = await readFile(file).catch((error: Error) => {
        throw new CordonError('not_found', `Cannot read ${file}: ${error.message}.`, {}, error);
      });
      const path = `/api/v1/ip-databases?name=${encodeURIComponent(name)}`;
      const answer = await cli.client().raw('POST', path, bytes, { 'content-type': 'application/octet-stream' });
      const imported = ipDatabaseView.parse(await answer.json());
      const view = activate ? await use(imported.hash) : imported;
      cli
        .out()
        .show(view, [`${view.hash} ${plain(view.name)}, built ${when(view.builtAt)}${view.active ? ', active' : ''}`]);
    });
  databases
    .command('compare')
    .description('what it would do to the fleet, before it is taken; nothing is changed')
    .argument('<hash>')
    .action(async (hash: string) => {
      const path = `/ip-databases/${encodeURIComponent(hash)}/comparison`;
      const view = await cli.client().call(ipComparisonView, 'GET', path);
      cli.out().show(view, comparisonLines(view));
    });
  databases
    .command('rollback')
    .description('use again what was in use before')
    .action(async () => {
      const view = await cli.client().call(ipDatabaseView, 'POST', '/ip-databases/rollback');
      cli.out().show(view, [`${plain(view.name)}, built ${when(view.builtAt)}, is active again.`]);
    });
  databases
    .command('activate')
    .description('use this database from now on')
    .argument('<hash>')
    .action(async (hash: string) => {
      const view = await use(hash);
      cli.out().show(view, [`${plain(view.name)}, built ${when(view.builtAt)}, is active.`]);
    });
  const use = (hash: string) =>
    cli.client().call(ipDatabaseView, 'POST', `/ip-databases/${encodeURIComponent(hash)}/activate`);

  function comparisonLines({ current, other, compared, moved, moves, orders }: IpComparisonView): string[] {
    const unknown = 'not known';
    return [
      `${plain(other.name)} (built ${when(other.builtAt)}) against ${plain(current.name)} (built ${when(current.builtAt)})`,
      `${moved} of ${compared} devices whose address counts now would have another place by it.`,
      ...(moves.length === 0
        ? []
        : table(
            ['from', 'to', 'devices'],
            moves.map(({ from, to, devices }) => [from ?? unknown, to ?? unknown, devices]),
          )),
      ...(orders.length === 0
        ? ['No order is in force or announced.']
        : table(
            ['order', 'title', 'from', 'newly denied', 'newly allowed'],
            orders.map((one) => [one.order, one.title, when(one.effective), one.newlyDenied, one.newlyAllowed]),
          )),
      'Devices that are connected are judged by it at once, the others when they next connect; where the address alone speaks, after ten minutes.',
    ];
  }

  program
    .command('backup')
    .description(
      'Download the store and the keys in one encrypted file. Keep the passphrase of the server apart from it.',
    )
    .argument('<file>', 'a new file')
    .option(
      '--recipient <recipient>',
      'the age recipient who can open the file; without it, the one that the server is configured with',
    )
    .option('--passphrase-file <file>', 'encrypt with the passphrase in this file instead')
    .action(async (file: string, { recipient, passphraseFile }: { recipient?: string; passphraseFile?: string }) => {
      if (recipient !== undefined && passphraseFile !== undefined) {
        throw new CordonError('invalid_input', 'Give --recipient or --passphrase-file, not both.');
      }
      const bytes =
        passphraseFile === undefined
          ? await saveDownload(await requestBackup(recipient), file, 'backup')
          : await underPassphrase(readText(passphraseFile).trim(), file);
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
  const requestBackup = (recipient?: string) =>
    cli.client().raw('POST', '/api/v1/backup', JSON.stringify({ recipient }), { 'content-type': 'application/json' });

  /** The server encrypts for this process alone, which encrypts again with the passphrase. The server never receives the passphrase. */
  async function underPassphrase(passphrase: string, file: string): Promise<number> {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw new CordonError(
        'invalid_input',
        `The passphrase has fewer than ${SHORTEST_PASSPHRASE} characters. Use a longer one.`,
      );
    }
    const { identity, recipient } = await temporaryIdentity();
    const { body } = await requestBackup(recipient);
    if (!body) throw new CordonError('unavailable', 'The server sent no backup. Look at its log.');
    const opened = await openStream(body, { identity });
    return await saveStream(await sealStream(opened, { passphrase }), file, 'backup');
  }
  program
    .command('health')
    .description('the state of the installation')
    .action(async () => {
      const view = await cli.client().call(healthView, 'GET', '/health');
      const list = view.list ? `${view.list.version}, expires ${when(view.list.expiresAt)}` : 'none';
      const database = view.ipDatabase
        ? `${plain(view.ipDatabase.name)}, built ${when(view.ipDatabase.builtAt)}`
        : 'none';
      cli
        .out()
        .show(view, [
          `${view.status}: Cordon ${view.version}, installation ${view.installation}, ${view.connected} connected`,
          `order list: ${list}`,
          `IP database: ${database}`,
        ]);
    });
  program
    .command('openapi')
    .description("the API's description, as JSON")
    .action(async () => {
      const document = z.looseObject({}).parse(await (await cli.client().raw('GET', '/api/openapi.json')).json());
      cli.out().show(document, [JSON.stringify(document, null, 2)]);
    });
}
