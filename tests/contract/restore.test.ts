/** A backup of each database is restored into each database. Devices and outsiders must accept the restored state. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import { newAccount, newInvitation } from '../../server/admins/new-account.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { openLedgerCopy } from '../../server/recovery/ledger-copy.ts';
import type { Manifest } from '../../server/recovery/manifest.ts';
import type { TableRows } from '../../server/recovery/ports.ts';
import { type LedgerCopy, prepareRestoredStore } from '../../server/recovery/prepare-restored-store.ts';
import { decodeRows, encodeRows } from '../../server/recovery/row-encoding.ts';
import { AccountStore } from '../../server/store/account-store.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { connectDatabase, type Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { installationId } from '../../server/store/meta-store.ts';
import { PasskeyStore, RecoveryCodeStore } from '../../server/store/passkey-store.ts';
import { fillDatabase, restoreWith } from '../../server/store/restore-store.ts';
import { SnapshotStore, tableShapes } from '../../server/store/snapshot-store.ts';
import { copyInFolder, copyLedger } from '../../shared/ledger/copy-ledger.ts';
import { tilePath, tilesOf } from '../../shared/ledger/tiles.ts';
import type { CopyReader } from '../../shared/ledger/verify-copy.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { openNewStore } from '../support/new-store.ts';
import { describeOnEveryStore } from './every-store.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-restore-test-'));
  closing.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
const keys = mkdtempSync(join(tmpdir(), 'cordon-restore-keys-'));
afterAll(() => rmSync(keys, { recursive: true, force: true }));
const authority = openAuthority({
  folder: keys,
  passphrase: 'a long passphrase',
  organization: 'Test',
  serverNames: ['localhost'],
});
const DAY = 86_400_000;
const lifetimes = { list: 7 * DAY, crl: 7 * DAY, crlCovers: 2 * DAY };

async function ledgerOver(database: Database) {
  const store = new LedgerStore(database);
  const installation = await installationId(database);
  const log = { error: () => undefined };
  return createLedger({
    store,
    key: authority.ledgerKey,
    installation,
    clock: new SystemClock(),
    bus: new LocalBus(),
    log,
  });
}
const add = (database: Database, count: number) =>
  database.transaction(async (tx) => {
    for (let at = 0; at < count; at += 1) {
      await appendEntry(tx, { kind: 'role.granted', at, subject: `acc_${at}`, public: { role: 'auditor' } });
    }
  });

async function backupOf(database: Database): Promise<{ manifest: Manifest; tables: Buffer[] }> {
  const tables: Buffer[] = [];
  const ledger = await ledgerOver(database);
  return await new SnapshotStore(database).snapshot(async ({ facts, tables: all }) => {
    for await (const rows of all()) tables.push(encodeRows(rows));
    const { dialect, migrations, installation, ledger: tree, versions } = facts;
    const now = Date.now();
    const manifest: Manifest = {
      format: 1,
      version: '0',
      installation,
      at: now,
      realAt: now,
      dialect,
      migrations: [...migrations],
      ledger: { ...tree, key: ledger.verifierKey },
      versions,
      authority: authority.fingerprint,
      ipDatabase: null,
      parts: [],
    };
    return { manifest, tables };
  });
}

async function* groups(tables: readonly Buffer[]): AsyncGenerator<TableRows> {
  for (const body of tables) yield decodeRows(body);
}

async function emptySqlite(): Promise<Database> {
  const { database } = await connectDatabase({ file: join(folder(), 'cordon.db') });
  closing.push(() => database.close());
  return database;
}

async function copyOf(database: Database): Promise<string> {
  const ledger = await ledgerOver(database);
  const served: CopyReader = async (path) => {
    if (path === 'checkpoint') return Buffer.from(await ledger.checkpoint());
    if (path === 'key') return Buffer.from(`${ledger.verifierKey}\n`);
    const { size } = (await new LedgerStore(database).newest()) ?? { size: 0 };
    const tile = tilesOf(size).find((each) => tilePath(each) === path);
    return tile ? await ledger.tile(tile) : null;
  };
  const copy = folder();
  await copyLedger(served, copy);
  return copy;
}

const safe = (database: Database, manifest: Manifest, ledger: LedgerCopy | null) =>
  restoreWith(database, (work) =>
    prepareRestoredStore(work, {
      manifest,
      authority,
      ledger,
      crl: null,
      now: Date.now(),
      realNow: Date.now(),
      lifetimes,
    }),
  );

describeOnEveryStore('a restore', (open) => {
  it('restores every row of every table into SQLite', async () => {
    const source = await open();
    await installationId(source);
    const device = await addDevice(source, { group: await addGroup(source, 'Lahore') });
    const body = Buffer.from([0, 255, 10]);
    await source.db.insertInto('attachments').values({ id: 'a', device_id: device, size: 3, at: 1, body }).execute();
    await add(source, 5);
    await (await ledgerOver(source)).sequence();
    const { manifest, tables } = await backupOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    const rows = async (database: Database) => {
      const found: string[] = [];
      await new SnapshotStore(database).snapshot(async (reader) => {
        for await (const each of reader.tables()) found.push(...encodeRows(each).toString().split('\n'));
      });
      return found.filter((line) => !line.startsWith('{')).toSorted();
    };
    expect(await rows(restored)).toEqual(await rows(source));
    expect((await tableShapes(restored)).map(({ table }) => table)).toEqual(
      (await tableShapes(source)).map(({ table }) => table),
    );
  });

  it('case 38: continues the published ledger from a kept copy, entry by entry, and appends further entries', async () => {
    const source = await open();
    await add(source, 300);
    const ledger = await ledgerOver(source);
    await ledger.sequence();
    // Entries that were committed before the backup and published after it.
    await add(source, 3);
    const { manifest, tables } = await backupOf(source);
    await ledger.sequence();
    await add(source, 40);
    await source.transaction((tx) =>
      appendEntry(tx, {
        kind: 'order.list',
        at: 1,
        subject: null,
        public: { version: 77, digest: 'a'.repeat(64), approverSet: 1 },
      }),
    );
    await ledger.sequence();
    const copy = await copyOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    const kept = await openLedgerCopy(copyInFolder(copy), manifest.installation, manifest.ledger.key);
    const state = await safe(restored, manifest, kept);
    expect(state).toMatchObject({ ledger: 'rejoined', rejoined: 44, from: { ledger: 300 } });
    // The three waiting entries keep their openings.
    const opened = await restored.db.selectFrom('ledger_openings').select('entry_id').execute();
    expect(opened).toHaveLength(303);
    const again = await ledgerOver(restored);
    await again.sequence();
    await copyLedger(async (path) => {
      if (path === 'checkpoint') return Buffer.from(await again.checkpoint());
      if (path === 'key') return Buffer.from(`${again.verifierKey}\n`);
      const { size } = (await new LedgerStore(restored).newest()) ?? { size: 0 };
      const tile = tilesOf(size).find((each) => tilePath(each) === path);
      return tile ? await again.tile(tile) : null;
    }, copy);
  });

  it('removes recovery codes, which may have been used after the backup, and keeps passkeys', async () => {
    const source = await open();
    await installationId(source);
    await add(source, 3);
    await (await ledgerOver(source)).sequence();
    const { id: account } = await new AccountStore(source).create(
      newAccount('ada@example.org', 'Ada', 1),
      newInvitation(1).stored,
      [],
      null,
    );
    const used = {
      lastUsedAt: null,
      createdAt: 1,
      counter: 0,
      publicKey: 'a',
      rpId: 'localhost',
      keyid: null,
    } as const;
    const passkey = { id: 'psk_a', account, purpose: 'sign-in', name: 'Laptop', credential: 'a', ...used } as const;
    await new PasskeyStore(source).add(passkey);
    await new RecoveryCodeStore(source).replace(account, ['hash'], 1);
    const { manifest, tables } = await backupOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    expect((await new RecoveryCodeStore(restored).unused(account)).unused).toBe(1);
    await safe(restored, manifest, null);
    expect((await new RecoveryCodeStore(restored).unused(account)).unused).toBe(0);
    expect(await new PasskeyStore(restored).list(account)).toHaveLength(1);
  });

  it('case 38: refuses a copy of another tree, and a copy older than the backup', async () => {
    const source = await open();
    await add(source, 10);
    await (await ledgerOver(source)).sequence();
    const older = await copyOf(source);
    await add(source, 10);
    await (await ledgerOver(source)).sequence();
    const { manifest, tables } = await backupOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    const kept = async (copy: string) =>
      await openLedgerCopy(copyInFolder(copy), manifest.installation, manifest.ledger.key);
    await expect(safe(restored, manifest, await kept(older))).rejects.toMatchObject({ code: 'ledger_older' });
    const forked = await openNewStore(join(folder(), 'cordon.db'));
    closing.push(() => forked.close());
    await forked.db.insertInto('meta').values({ key: 'installation', value: manifest.installation }).execute();
    await add(forked, 30);
    await (await ledgerOver(forked)).sequence();
    const other = await kept(await copyOf(forked));
    await expect(safe(restored, manifest, other)).rejects.toMatchObject({ code: 'proof_invalid' });
    expect(await restored.db.selectFrom('meta').selectAll().where('key', '=', 'recovery').execute()).toEqual([]);
    const state = await safe(restored, manifest, null);
    expect(state).toMatchObject({ ledger: 'suspended', revocations: 'unknown' });
  });

  it('counts the conversations that have a member with an active enrollment', async () => {
    const source = await open();
    await add(source, 1);
    await (await ledgerOver(source)).sequence();
    const group = await addGroup(source, 'Lahore');
    const [active, anew] = [await addDevice(source, { group }), await addDevice(source, { group, generation: 2 })];
    for (const [conversation, device_id] of [
      ['of an active member', active],
      ['of an earlier enrollment', anew],
    ] as const) {
      const row = { conversation, next_epoch: 3, started_by: device_id, started_generation: 1, at: 1 };
      await source.db.insertInto('conversations').values(row).execute();
      await source.db.insertInto('conversation_members').values({ conversation, device_id, generation: 1 }).execute();
    }
    const { manifest, tables } = await backupOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    expect(await safe(restored, manifest, null)).toMatchObject({ conversations: 1 });
  });

  it('refuses a backup whose ledger differs from its checkpoint', async () => {
    const source = await open();
    await add(source, 4);
    await (await ledgerOver(source)).sequence();
    const { manifest, tables } = await backupOf(source);
    const restored = await emptySqlite();
    await fillDatabase(restored, manifest.migrations, groups(tables));
    await restored.db
      .updateTable('ledger_entries')
      .set((eb) => ({ body: eb.fn('replace', ['body', eb.val('auditor'), eb.val('owner')]) }))
      .where('entry_index', '=', 2)
      .execute();
    await expect(safe(restored, manifest, null)).rejects.toMatchObject({ code: 'backup_damaged' });
  });
});
