/** ip-database, backup, health and openapi. */
import { createWriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { healthView } from '../../shared/api/health.ts';
import { ipDatabaseList, ipDatabaseView } from '../../shared/api/ip-databases.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/plain-text.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';

export function addServerCommands(program: Command, cli: Cli): void {
  const databases = program.command('ip-database').description('which address is in which country');
  databases
    .command('list')
    .description('the databases at hand, with their age')
    .action(async () => {
      const { databases: all } = await cli.client().call(ipDatabaseList, 'GET', '/ip-databases');
      const rows = all.map(({ hash, name, builtAt, active }) => [hash, name, when(builtAt), active ? 'active' : null]);
      cli.out().show(all, table(['hash', 'name', 'built', ''], rows));
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
    .command('activate')
    .description('use this database from now on')
    .argument('<hash>')
    .action(async (hash: string) => {
      const view = await use(hash);
      cli.out().show(view, [`${plain(view.name)}, built ${when(view.builtAt)}, is active.`]);
    });
  const use = (hash: string) =>
    cli.client().call(ipDatabaseView, 'POST', `/ip-databases/${encodeURIComponent(hash)}/activate`);

  program
    .command('backup')
    .description('download a consistent copy of the SQLite store; keys are not in it')
    .argument('<file>', 'a new file')
    .action(async (file: string) => {
      const { body } = await cli.client().raw('POST', '/api/v1/backup');
      if (!body) throw new CordonError('unavailable', 'The server sent nothing; look at its log.');
      const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
      try {
        await pipeline(Readable.fromWeb(body), target);
      } catch (error) {
        // Half a backup must not look like one; a file that was there before is not ours to remove.
        const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
        if (!exists) await rm(file, { force: true });
        const why = error instanceof Error ? error.message : 'unknown';
        throw new CordonError(exists ? 'conflict' : 'unavailable', `No backup was made: ${why}.`, {}, error);
      }
      cli.out().show({ file, bytes: target.bytesWritten }, [`${file}: ${target.bytesWritten} bytes`]);
    });
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
