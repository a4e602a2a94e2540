/** A server with keys and a store that do not belong together refuses to start and changes nothing, and no device loses its identity. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnSqliteFirst } from '../support/each-database.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function worldOn(env: Record<string, string>): Promise<World> {
  const world = await openWorld(env);
  closing.push(world.remove);
  return world;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-wrong-'));
  closing.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const DATABASE_FILES = ['cordon.db', 'cordon.db-wal', 'cordon.db-shm'];

function moveDatabase(from: string, to: string): void {
  for (const name of DATABASE_FILES) if (existsSync(join(from, name))) renameSync(join(from, name), join(to, name));
}

/** The content of every file under `folder`. */
function filesIn(folder: string): Record<string, string> {
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, hash(name)]),
  );
}

/** Files that a wrong start could change. */
const TABLES = ['ledger_entries', 'checkpoints', 'certificates', 'invitations', 'crls', 'device_presence', 'meta'];

describeOnSqliteFirst('keys and a store that do not belong together', (database: DatabaseUnderTest) => {
  const stateOf = async (env: Record<string, string>, server: ServerProcess) => ({
    keys: filesIn(join(server.home, 'keys')),
    rows: await Promise.all(
      TABLES.map((table) => database.query(env, server.home, `select count(*) as rows from ${table}`)),
    ),
    presence: await database.query(env, server.home, 'select * from device_presence'),
  });

  it('stop each start before its first write, and the device connects by itself once both are right again', async () => {
    const env = await database.env();
    const { server, enrolled } = await worldOn(env);
    const agent = await enrolled();
    agent.run();
    await agent.connected();
    await server.stop();
    // The device would wait longer and longer while the server refuses to start. The other test covers a device that keeps trying.
    await agent.stop();
    const before = await stateOf(env, server);
    const spare = newFolder();

    // The keys with a missing database (SQLite) or an empty one (PostgreSQL).
    if (database.kind === 'sqlite') {
      moveDatabase(server.home, spare);
      await expect(server.start()).rejects.toThrow(
        /keys of installation ins_\w+ and the database \S+cordon\.db is empty\. Nothing was changed\./,
      );
      expect(existsSync(join(server.home, 'cordon.db'))).toBe(false);
      moveDatabase(spare, server.home);
    } else {
      const empty = await database.env();
      await expect(server.start(empty)).rejects.toThrow(
        /keys of installation ins_\w+ and the database postgres:\S+ is empty\./,
      );
      expect(await database.query(empty, '', "select * from pg_tables where schemaname = 'public'")).toEqual([]);
    }

    // The database, with a data folder without keys.
    const elsewhere = newFolder();
    if (database.kind === 'sqlite') moveDatabase(server.home, elsewhere);
    await expect(server.start({ CORDON_HOME: elsewhere })).rejects.toThrow(
      /belongs to ins_\w+, and the key folder \S+ has no keys/,
    );
    expect(existsSync(join(elsewhere, 'keys'))).toBe(false);
    if (database.kind === 'sqlite') moveDatabase(elsewhere, server.home);

    // An incomplete key folder.
    const halved = join(newFolder(), 'keys');
    cpSync(join(server.home, 'keys'), halved, { recursive: true });
    rmSync(join(server.home, 'keys', 'ledger.key'));
    await expect(server.start()).rejects.toThrow(/The key folder \S+ is incomplete: ledger\.key missing/);
    copyFileSync(join(halved, 'ledger.key'), join(server.home, 'keys', 'ledger.key'));

    // The keys of another installation. Its passphrase is the same, so only the reference from keys to store differs.
    const other = await startServerProcess({
      ...(await database.env()),
      CORDON_PASSPHRASE_FILE: server.env['CORDON_PASSPHRASE_FILE'] ?? '',
    });
    closing.push(other.remove);
    await other.stop();
    const mixed = newFolder();
    cpSync(join(other.home, 'keys'), join(mixed, 'keys'), { recursive: true });
    if (database.kind === 'sqlite') moveDatabase(server.home, mixed);
    await expect(server.start({ CORDON_HOME: mixed })).rejects.toThrow(
      /belongs to ins_\w+, and the key folder \S+ holds keys of ins_\w+/,
    );
    if (database.kind === 'sqlite') moveDatabase(mixed, server.home);

    // A foreign key file in the right folder. Only the passphrase reveals it.
    copyFileSync(join(other.home, 'keys', 'ledger.key'), join(server.home, 'keys', 'ledger.key'));
    await expect(server.start()).rejects.toThrow(/the passphrase does not open|damaged|another ledger key/);
    copyFileSync(join(halved, 'ledger.key'), join(server.home, 'keys', 'ledger.key'));

    expect(await stateOf(env, server)).toEqual(before);
    agent.run();
    await server.start();
    expect(server.output()).not.toContain('First owner');
    await agent.connected(60_000);
  }, 300_000);

  it('leave devices their identity when a server with the right keys runs on an empty database', async () => {
    const env = await database.env();
    const { server, enrolled, device } = await worldOn(env);
    const agent = await enrolled();
    agent.run();
    await agent.connected();
    await server.stop();

    // A first start that was interrupted after the keys is the only remaining way into this state.
    const keys = newFolder();
    cpSync(join(server.home, 'keys'), keys, { recursive: true });
    for (const name of ['authority.json', 'installation.json']) rmSync(join(server.home, 'keys', name));
    const spare = newFolder();
    if (database.kind === 'sqlite') moveDatabase(server.home, spare);
    // The keys of people would refuse the empty database too.
    const people = { CORDON_PERSON_KEYS: newFolder() };
    await server.start(database.kind === 'sqlite' ? people : { ...(await database.env()), ...people });
    expect(server.output()).toContain('First owner');
    const status = await agent.link('rejected', 60_000);
    expect(status.connectionDetail).toMatch(/does not accept this device’s certificate \(certificate_unknown\)/);
    expect((await agent.cli(['status'])).out).toMatch(
      /tries again by itself and keeps this device’s data and identity/,
    );
    await server.stop();

    rmSync(join(server.home, 'keys'), { recursive: true });
    mkdirSync(join(server.home, 'keys'), { mode: 0o700 });
    cpSync(keys, join(server.home, 'keys'), { recursive: true });
    if (database.kind === 'sqlite') {
      for (const name of DATABASE_FILES) rmSync(join(server.home, name), { force: true });
      moveDatabase(spare, server.home);
    }
    await server.start();
    await agent.connected(60_000);
    expect((await device(agent.device)).status).toBe('active');
    expect(agent.running).toBe(true);
  }, 300_000);
});
