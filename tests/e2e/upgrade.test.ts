/**
 * Case 60: the current version starts on a data folder of each released version and finds devices, ledger and orders as they were. The
 * server refuses a store of an unknown version before its first write.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { devicePage } from '../../shared/api/devices.ts';
import { GrowingTree } from '../../shared/ledger/merkle.ts';
import { type DatabaseUnderTest, describeOnEachDatabase } from '../support/each-database.ts';
import { moveToPostgres, type OldStore, openOldStore } from '../support/old-store.ts';
import { callerOf, signIn } from '../support/people.ts';
import { publicJson } from '../support/public-json.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function prepared(
  database: DatabaseUnderTest,
  name: string,
): Promise<{ old: OldStore; env: Record<string, string> }> {
  const old = openOldStore(name);
  closing.push(old.remove);
  const where = await database.env();
  if (where['CORDON_DATABASE_URL']) await moveToPostgres(old, where['CORDON_DATABASE_URL']);
  const env = {
    ...where,
    CORDON_HOME: old.home,
    CORDON_PASSPHRASE: old.expected.passphrase,
    // The fixture's age grows, and a server that was off for a year asks whether its clock is right.
    CORDON_ACCEPT_CLOCK: new Date().toISOString(),
  };
  return { old, env };
}

async function started(env: Record<string, string>): Promise<ServerProcess> {
  const server = await startServerProcess(env);
  closing.push(server.remove);
  return server;
}

const envelope = z.object({ payload: z.base64() });
const documentIn = ({ payload }: z.output<typeof envelope>): unknown =>
  JSON.parse(Buffer.from(payload, 'base64').toString());
const entryRow = z.object({ entry_index: z.int(), hash: z.string() });

describeOnEachDatabase('a data folder of version 0.2.0', (database) => {
  it('case 60: is upgraded, bound to its keys, and keeps devices, orders and ledger', async () => {
    const { old, env } = await prepared(database, 'store-0.2.0');
    const { expected, home } = old;
    const server = await started(env);
    expect(server.output()).not.toContain('First owner');
    const query = (sql: string) => database.query(env, home, sql);
    const count = async (table: string) => Number((await query(`select count(*) as n from ${table}`))[0]?.['n']);

    expect(await query('select id, person_name as "user", status, home from devices order by id')).toEqual(
      expected.devices,
    );
    expect(await count('receipts')).toBe(expected.receipts);
    expect(await count('commands')).toBe(expected.commands);
    expect(await count('certificates')).toBe(expected.certificates);
    expect(await count('accounts')).toBe(expected.accounts);

    // The first ledger entries are unchanged: the earlier server signed their root hash.
    const entries = z
      .array(entryRow)
      .parse(
        (
          await query(
            `select entry_index, hash from ledger_entries where entry_index < ${expected.ledger.entries} order by entry_index`,
          )
        ).map((row) => ({ ...row, entry_index: Number(row['entry_index']) })),
      );
    expect(entries.at(-1)?.hash).toBe(expected.ledger.last);
    const tree = await GrowingTree.open(0, async () => []);
    for (const { hash } of entries) tree.append(Buffer.from(hash, 'hex'));
    const [, size, root] = expected.ledger.checkpoint.split('\n');
    expect([String(tree.size), tree.root().toString('base64')]).toEqual([size, root]);
    expect(await count('ledger_entries')).toBeGreaterThanOrEqual(expected.ledger.entries);

    // Accounts work, and the API shows devices and orders.
    const owner = callerOf(server.admin, await signIn(server.admin, expected.owner));
    const { devices } = await owner.call('GET', '/devices', devicePage);
    expect(devices.map(({ id }) => id).sort()).toEqual(expected.devices.map(({ id }) => id));
    for (const number of Object.values(expected.orders)) {
      const order = await owner.call('GET', `/orders/${number}`, z.looseObject({ number: z.string() }));
      expect(order.number).toBe(number);
    }
    const listed = documentIn(envelope.parse(await publicJson(server.public, '/orders/list')));
    const { orders } = z.looseObject({ orders: z.array(envelope) }).parse(listed);
    expect(orders.map((order) => z.looseObject({ order: z.string() }).parse(documentIn(order)).order)).toEqual([
      expected.orders.active,
      expected.orders.announced,
    ]);

    // Keys and store refer to each other, and the next start accepts both.
    const binding = JSON.parse(readFileSync(join(home, 'keys', 'installation.json'), 'utf8'));
    expect(binding.installation).toBe(expected.installation);
    const [stored] = await query("select value from meta where key = 'binding'");
    expect(JSON.parse(String(stored?.['value']))).toEqual(binding);
    await server.stop();
    await server.start({ CORDON_ACCEPT_CLOCK: new Date().toISOString() });
    expect(existsSync(join(home, 'keys', 'installation.json'))).toBe(true);
  }, 240_000);

  it('case 60: is refused if its tables are of another version, and stays unchanged', async () => {
    const { old, env } = await prepared(database, 'store-0.2.0');
    const { home } = old;
    const refused = (words: RegExp) => expect(startServerProcess(env)).rejects.toThrow(words);
    const rows = () => database.query(env, home, 'select count(*) as n from ledger_entries');
    const before = await rows();

    await database.change(env, home, 'alter table alerts drop column detail');
    await refused(/the table alerts lacks the column detail[\s\S]*Nothing was changed/);
    await database.change(env, home, "alter table alerts add column detail text not null default ''");
    if (database.kind === 'postgres')
      await database.change(env, home, 'alter table alerts alter column detail drop default');

    await database.change(env, home, "insert into kysely_migration (name, timestamp) values ('9999-later', '2030')");
    await refused(/A newer version of Cordon made this database \(migrations 9999-later\)/);
    await database.change(env, home, "delete from kysely_migration where name = '9999-later'");

    expect(await rows()).toEqual(before);
    await started(env);
  }, 240_000);

  it('is refused with the remedy if version 0.1.0 created it', async () => {
    const { old, env } = await prepared(database, 'store-0.2.0');
    await database.change(env, old.home, "update kysely_migration set name = '0001-spine' where name = '0001-tables'");
    await expect(startServerProcess(env)).rejects.toThrow(
      /Version 0\.1\.0 of Cordon made this database\.[\s\S]*Nothing was changed\.[\s\S]*use an empty database/,
    );
  }, 120_000);
});
