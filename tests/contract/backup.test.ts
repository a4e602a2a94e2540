/** Backups of a store in use, on both databases: consistent, complete and bounded, with a record in the ledger. */
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { encodeKeyBackup } from '../../server/person-keys/key-backup.ts';
import { createPersonKeys } from '../../server/person-keys/person-keys.ts';
import { createBackups } from '../../server/recovery/backups.ts';
import { manifestSchema } from '../../server/recovery/manifest.ts';
import { decodeRows } from '../../server/recovery/row-encoding.ts';
import { readTar } from '../../server/recovery/tar.ts';
import { openKeyBackup, putKeyFile } from '../../server/restore-person-keys.ts';
import { BackupRecords } from '../../server/store/backup-records.ts';
import type { Database } from '../../server/store/database.ts';
import { installationId, setMeta } from '../../server/store/meta-store.ts';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { SnapshotStore, tableShapes } from '../../server/store/snapshot-store.ts';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { testCustody } from '../support/custody.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { runProgram } from '../support/run-program.ts';
import { tool } from '../support/tools.ts';
import { describeOnEveryStore } from './every-store.ts';

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-backup-test-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

const age = tool('age', 'apt-get install age');

async function backupsOf(database: Database, given: { keep?: number; pattern?: string; folder?: string } = {}) {
  const { identity, recipient } = await temporaryIdentity();
  const home = folder();
  const keyFolder = join(home, 'keys');
  mkdirSync(keyFolder);
  writeFileSync(join(keyFolder, 'ledger.key'), 'sealed');
  writeFileSync(join(keyFolder, 'ledger.key.123.new'), 'half');
  const into = given.folder ?? join(home, 'backups');
  const alerts: { code: string; detail: string }[] = [];
  const file = new PersonKeyFile(':memory:');
  const bound = file.bind('ins_test');
  const keys = testPersonKeys(file);
  const backups = createBackups({
    settings: {
      recipient,
      scheduled: {
        pattern: given.pattern ?? '0 0 29 2 *',
        folder: into,
        keep: given.keep ?? 2,
        keyFolder: join(home, 'key-backups'),
        keyDays: 30,
      },
      temporary: join(home, 'downloads'),
    },
    content: {
      store: new SnapshotStore(database),
      keyFolder,
      version: '1.2.3',
      authority: '0'.repeat(64),
      ledgerKey: () => 'key',
      ipDatabase: () => null,
      now: () => Date.now(),
    },
    keys: {
      content: () => encodeKeyBackup({ ...bound, at: Date.now() }, file.all()),
      installation: 'ins_test',
      record: (entry) => new BackupRecords(database).recordKeyBackup(entry),
      now: () => Date.now(),
    },
    records: new BackupRecords(database),
    raise: async (alert) => void alerts.push(alert),
    log: { info: () => undefined, error: () => undefined },
  });
  const read = async (path: string) =>
    await Array.fromAsync(readTar(await openStream(createReadStream(path), { identity })));
  return { backups, identity, home, into, alerts, read, keys, bound };
}

const metaIn = (entries: readonly { name: string; body: Buffer }[]) =>
  new Map(
    entries
      .filter(({ name }) => name.endsWith('-meta.jsonl'))
      .flatMap(({ body }) => decodeRows(body))
      .flatMap(({ columns, rows }) =>
        rows.map((row) => [row[columns.indexOf('key')], row[columns.indexOf('value')]] as const),
      ),
  );

describeOnEveryStore('a backup', (open) => {
  it('contains every table and the keys from one moment, although the store changes meanwhile', async () => {
    const database = await open();
    const installation = await installationId(database);
    const { backups, read } = await backupsOf(database);
    for (let row = 0; row < 40; row += 1) await setMeta(database.db, `fill${row}`, 'x'.repeat(50_000));
    let going = true;
    let count = 0;
    const busy = (async () => {
      while (going) {
        count += 1;
        await database.transaction(async (tx) => {
          await setMeta(tx, 'left', String(count));
          await setMeta(tx, `fill${count % 40}`, String(count).repeat(20_000));
          await setMeta(tx, 'right', String(count));
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const { path, name } = await backups.make('acc_x', null);
    going = false;
    await busy;
    expect(count).toBeGreaterThan(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(name).toMatch(new RegExp(`^cordon-${installation}-\\d{8}T\\d{9}Z\\.age$`));
    const entries = await read(path);
    const meta = metaIn(entries);
    expect(meta.get('left')).toBe(meta.get('right'));
    expect(meta.get('fill39')).toBeDefined();
    expect(entries.map((entry) => entry.name).filter((each) => each.startsWith('keys/'))).toEqual(['keys/ledger.key']);
    const manifest = manifestSchema.parse(JSON.parse(entries.at(-1)?.body.toString() ?? ''));
    expect(manifest).toMatchObject({ installation, dialect: database.dialect, version: '1.2.3' });
    expect(manifest.parts.map((part) => part.name)).toEqual(entries.slice(0, -1).map((entry) => entry.name));
    // Migrations and schema must be from the same moment, so that a restore can create the tables.
    expect(manifest.migrations).toContain('0001-tables');
    const tables = (await tableShapes(database)).map(({ table }) => table);
    expect(tables).toEqual(expect.arrayContaining(['devices', 'ledger_entries', 'attachments']));
    expect(tables.indexOf('groups')).toBeLessThan(tables.indexOf('devices'));
    expect(tables.indexOf('devices')).toBeLessThan(tables.indexOf('device_presence'));
  });

  it('preserves binary values', async () => {
    const database = await open();
    const body = Buffer.from([0, 255, 10, 13, 34]);
    await database.db.insertInto('attachments').values({ id: 'a', device_id: 'd', size: 5, at: 1, body }).execute();
    const { backups, read } = await backupsOf(database);
    const entries = await read((await backups.make('acc_x', null)).path);
    const [rows] = entries
      .filter(({ name }) => name.endsWith('-attachments.jsonl'))
      .map((each) => decodeRows(each.body));
    expect(rows?.rows[0]?.[rows.columns.indexOf('body')]).toEqual(body);
  });

  it('is recorded in the ledger, and the newest one is known after a restart', async () => {
    const database = await open();
    const { backups } = await backupsOf(database);
    await backups.start();
    expect(backups.status().newest).toBeNull();
    const { sha256, bytes, path } = await backups.make('acc_x', null);
    expect(statSync(path).size).toBe(bytes);
    const [entry] = await database.db.selectFrom('ledger_entries').selectAll().execute();
    expect(entry?.kind).toBe('backup.created');
    expect(JSON.parse(entry?.body ?? '').public).toMatchObject({ sha256, bytes, scheduled: 0 });
    const { backups: later } = await backupsOf(database);
    await later.start();
    expect(later.status().newest).toMatchObject({ sha256, bytes });
    await later.stop();
    await backups.stop();
  });

  it('scheduled: keeps the newest files, deletes remains of a crash, and changes no other file', async () => {
    const database = await open();
    const { backups, into, home } = await backupsOf(database, { keep: 2 });
    mkdirSync(into, { recursive: true });
    writeFileSync(join(into, '.cordon-backup-01234567-89ab-cdef-0123-456789abcdef.partial'), 'half');
    writeFileSync(join(into, 'notes.txt'), 'mine');
    mkdirSync(join(home, 'downloads'), { recursive: true });
    writeFileSync(join(home, 'downloads', '.cordon-backup-x.partial'), 'half of a download');
    await backups.start();
    expect(readdirSync(into)).toEqual(['notes.txt']);
    expect(readdirSync(home)).not.toContain('downloads');
    for (let run = 0; run < 3; run += 1) await backups.runScheduled();
    const files = readdirSync(into).sort();
    expect(files).toHaveLength(3);
    expect(files.filter((name) => name.endsWith('.age'))).toHaveLength(2);
    expect(backups.status()).toMatchObject({ failure: null, next: expect.any(Number) });
    await backups.stop();
  });

  it('scheduled: runs at its time', async () => {
    const database = await open();
    const { backups } = await backupsOf(database, { pattern: '* * * * * *' });
    await backups.start();
    await expect.poll(() => backups.status().newest, { timeout: 20_000 }).not.toBeNull();
    await backups.stop();
  });

  it('raises an alert when it fails, leaves no file, and ends the health issue after a success', async () => {
    const database = await open();
    const place = folder();
    const into = join(place, 'file-in-the-way');
    writeFileSync(into, '');
    const { backups, alerts } = await backupsOf(database, { folder: into });
    await backups.start();
    await backups.runScheduled();
    expect(alerts).toEqual([expect.objectContaining({ code: 'backup_failed', detail: expect.stringContaining(into) })]);
    expect(backups.status().failure).not.toBeNull();
    rmSync(into);
    await backups.runScheduled();
    expect(backups.status().failure).toBeNull();
    expect(readdirSync(into)).toHaveLength(1);
    await backups.stop();
  });

  it('case 46: writes the keys of people into a second file with a short life, and none into the first', async () => {
    const database = await open();
    const { backups, identity, home, into, read, keys, bound } = await backupsOf(database);
    const person = newPersonId();
    const place = { person, at: Date.now(), row: 'r' };
    const [sealed = ''] = keys.seal('connections', [{ ...place, plain: Buffer.from('a record') }]);
    await backups.start();
    mkdirSync(join(home, 'key-backups'));
    const old = 'cordon-keys-ins_test-20250101T000000000Z.age';
    writeFileSync(join(home, 'key-backups', old), '');
    await backups.runScheduled();
    const [keyFile = '', ...others] = readdirSync(join(home, 'key-backups'));
    expect(others).toEqual([]);
    expect(keyFile).toMatch(/^cordon-keys-ins_test-\d{8}T\d{9}Z\.age$/);
    const [data = ''] = readdirSync(into);
    for (const { body } of await read(join(into, data))) expect(body.includes(person)).toBe(false);

    const wrapper = testCustody();
    const expected = { installation: 'ins_test', days: 30, wrapper };
    const path = join(home, 'key-backups', keyFile);
    const backup = await openKeyBackup(path, { identity }, expected);
    const restored = join(home, 'person-keys.db');
    expect(putKeyFile(restored, backup)).toMatchObject({ keys: 1, replaced: false });
    const again = new PersonKeyFile(restored);
    expect(again.identity()).toEqual(bound);
    expect(createPersonKeys(again, wrapper).open('connections', place, sealed)?.toString()).toBe('a record');
    again.close();
    await expect(openKeyBackup(path, { identity }, { ...expected, days: -1 })).rejects.toMatchObject({
      code: 'backup_damaged',
      message: expect.stringContaining('older than'),
    });
    const other = { ...expected, installation: 'ins_other' };
    await expect(openKeyBackup(path, { identity }, other)).rejects.toMatchObject({ code: 'backup_damaged' });
    await backups.stop();
  });

  it('case 46: contains the last contact of a device, and not its newest address', async () => {
    const database = await open();
    const group = await addGroup(database, 'Sales');
    const device = await addDevice(database, { group });
    const address = '198.51.100.231';
    const presence = {
      device_id: device,
      generation: 1,
      session_epoch: 1,
      connected: 1,
      changed_at: 1,
      last_seen_at: 77,
      address,
      agent: '0.1.0',
      list_version: 0,
      stored_record_version: 0,
      approver_set_version: 0,
      last_report: 0,
    } as const;
    await database.db.insertInto('device_presence').values(presence).execute();
    const { backups, read } = await backupsOf(database);
    const parts = await read((await backups.make('acc_x', null)).path);
    for (const { name, body } of parts) expect(body.includes(address), name).toBe(false);
    const [part] = parts.filter(({ name }) => name.endsWith('-device_presence.jsonl'));
    const { columns, rows } = decodeRows(part?.body ?? Buffer.alloc(0));
    const row = Object.fromEntries(columns.map((column, at) => [column, rows[0]?.[at]]));
    expect(row).toEqual({ ...presence, address: null });
  });

  it.skipIf(!age.present)("can be decrypted with Debian's age and read with tar", async () => {
    const database = await open();
    const { backups, identity, home } = await backupsOf(database);
    const { path } = await backups.make('acc_x', null);
    const key = join(home, 'identity');
    writeFileSync(key, `# created by a test\n${identity}\n`);
    const tarball = join(home, 'backup.tar');
    expect(await runProgram('age', ['-d', '-i', key, '-o', tarball, path])).toMatchObject({ code: 0 });
    const { code } = await runProgram('tar', ['-xf', tarball, '-C', home, 'manifest.json']);
    expect(code).toBe(0);
    expect(manifestSchema.safeParse(JSON.parse(readFileSync(join(home, 'manifest.json'), 'utf8'))).success).toBe(true);
  });
});
