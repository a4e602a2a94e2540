import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createLedger, type Ledger } from '../../server/ledger/ledger.ts';
import { createOpenings } from '../../server/ledger/openings.ts';
import { READING_WINDOW } from '../../server/reading-limit.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { setMeta } from '../../server/store/meta-store.ts';
import { OpeningStore } from '../../server/store/opening-store.ts';
import { type Checkpoint, openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { copyInFolder, copyLedger } from '../../shared/ledger/copy-ledger.ts';
import { subjectCommitment } from '../../shared/ledger/make-entry.ts';
import { hashLeaf, verifyConsistency, verifyInclusion } from '../../shared/ledger/proof.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { parseTilePath } from '../../shared/ledger/tiles.ts';
import { type CopyReader, verifyLedgerCopy } from '../../shared/ledger/verify-copy.ts';
import { newPersonId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { describeOnEveryStore, describeOnSqlite } from './every-store.ts';

const pair = generateKeyPairSync('ed25519');
const key = {
  publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  sign: (message: Buffer) => sign(null, message, pair.privateKey),
};

function ledgerOver(database: Database): Ledger {
  const log = { error: () => undefined };
  return createLedger({
    store: new LedgerStore(database),
    key,
    installation: 'ins_test',
    clock: new DrivenClock(1000),
    bus: new LocalBus(),
    log,
    interval: 5,
  });
}

async function addEntries(database: Database, count: number, from = 0): Promise<void> {
  await database.transaction(async (tx) => {
    for (let at = from; at < from + count; at++) {
      await appendEntry(tx, { kind: 'certificate.issued', at, subject: `dev_${at}`, public: { serial: `${at}` } });
    }
  });
}

/** Ledger as an outsider reads it. */
const served =
  (ledger: Ledger): CopyReader =>
  async (path) => {
    if (path === 'checkpoint') return Buffer.from(await ledger.checkpoint());
    if (path === 'key') return Buffer.from(`${ledger.verifierKey}\n`);
    const tile = parseTilePath(path);
    return tile && (await ledger.tile(tile));
  };

const checkpointOf = async (ledger: Ledger): Promise<Checkpoint> =>
  await openCheckpoint(await ledger.checkpoint(), await parseVerifierKey(ledger.verifierKey));

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-ledger-'));
  folders.push(made);
  return made;
}
afterEach(() => folders.splice(0).forEach((made) => void rmSync(made, { recursive: true })));

describeOnEveryStore('the ledger', (open) => {
  it('signs a checkpoint over the empty tree at its start', async () => {
    const ledger = ledgerOver(await open());
    await expect(ledger.checkpoint()).rejects.toThrow('no checkpoint yet');
    await ledger.sequence();
    expect((await checkpointOf(ledger)).size).toBe(0);
    expect((await verifyLedgerCopy(served(ledger))).checkpoint.size).toBe(0);
  });

  it('assigns gapless indexes in the order of ids, also in overlapping runs, and proves each entry', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    const earlier: Checkpoint[] = [];
    for (const batch of [1, 2, 1004, 60]) {
      await addEntries(database, batch);
      await Promise.all([ledger.sequence(), ledger.sequence(), ledgerOver(database).sequence()]);
      earlier.push(await checkpointOf(ledger));
    }
    const rows = await database.db.selectFrom('ledger_entries').select(['entry_index', 'body']).orderBy('id').execute();
    expect(rows.map((row) => row.entry_index)).toEqual(rows.map((_, at) => at));
    const { size, root } = earlier.at(-1)!;
    expect(size).toBe(1067);
    for (const at of [0, 1, 255, 256, 1023, 1066]) {
      const entry = await hashLeaf(Buffer.from(rows[at]!.body));
      await verifyInclusion(entry, at, size, await ledger.inclusion(at, size), root);
    }
    for (const old of earlier) {
      await verifyConsistency(old.size, size, await ledger.consistency(old.size, size), old.root, root);
    }
    await expect(ledger.inclusion(0, size + 1)).rejects.toThrow('not 1068');
    await expect(ledger.consistency(1, size + 1)).rejects.toThrow('not 1068');
  });

  it('sequences entries that are committed after its start', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    await ledger.start();
    try {
      await addEntries(database, 3);
      await expect.poll(async () => (await checkpointOf(ledger)).size).toBe(3);
    } finally {
      await ledger.stop();
    }
  });

  it('case 40: hides the subject of an entry behind a salt that only the operator has', async () => {
    const database = await open();
    await addEntries(database, 1);
    await addEntries(database, 1);
    const bodies = await database.db.selectFrom('ledger_entries').select('body').execute();
    const subjects = bodies.map(({ body }): string => JSON.parse(body).subject);
    expect(bodies.some(({ body }) => body.includes('dev_0'))).toBe(false);
    expect(subjects[0]).not.toBe(subjects[1]);
    const openings = await database.db.selectFrom('ledger_openings').selectAll().orderBy('entry_id').execute();
    expect(openings.map(({ salt, subject }) => subjectCommitment(Buffer.from(salt, 'hex'), subject))).toEqual(subjects);
    // A correct guess of the subject cannot be confirmed without the salt of that entry.
    const [first, second] = openings.map(({ salt }) => Buffer.from(salt, 'hex')) as [Buffer, Buffer];
    const said = bodies.flatMap(({ body }) => [
      Buffer.from(body),
      Buffer.from(String(JSON.parse(body).subject), 'hex'),
    ]);
    for (const salt of [Buffer.alloc(0), Buffer.alloc(32), ...said, second]) {
      expect(subjectCommitment(salt, 'dev_0')).not.toBe(subjects[0]);
    }
    expect(subjectCommitment(first, 'dev_0')).toBe(subjects[0]);
  });

  it('can be copied by an outsider, who can continue an earlier copy', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    const copy = folder();
    await addEntries(database, 300);
    await ledger.sequence();
    expect((await copyLedger(served(ledger), copy)).extends).toBeNull();
    await addEntries(database, 300, 300);
    await ledger.sequence();
    expect((await copyLedger(served(ledger), copy)).extends).toBe(300);
    const verified = await verifyLedgerCopy(copyInFolder(copy), { pinned: ledger.verifierKey });
    expect(verified.checkpoint.size).toBe(600);
    expect(verified.extends).toBe(300);
    expect([...verified.entries]).toEqual([['certificate.issued', 600]]);
  });

  it('case 36: never replaces a copy by a fork, a shorter tree or another log', async () => {
    const [ours, fork] = [await open(), await open()];
    const [ledger, forked] = [ledgerOver(ours), ledgerOver(fork)];
    const copy = folder();
    await addEntries(ours, 20);
    await ledger.sequence();
    await copyLedger(served(ledger), copy);
    const before = readFileSync(join(copy, 'checkpoint'));
    await addEntries(fork, 10);
    await forked.sequence();
    await expect(copyLedger(served(forked), copy)).rejects.toThrow('cut short or restored');
    await addEntries(fork, 30, 10);
    await forked.sequence();
    await expect(copyLedger(served(forked), copy)).rejects.toThrow('it forked');
    const other = createLedger({
      store: new LedgerStore(await open()),
      key,
      installation: 'ins_other',
      clock: new DrivenClock(0),
      bus: new LocalBus(),
      log: { error: () => undefined },
    });
    await other.sequence();
    await expect(copyLedger(served(other), copy)).rejects.toThrow('it belongs to another ledger');
    expect(readFileSync(join(copy, 'checkpoint'))).toEqual(before);
    expect((await verifyLedgerCopy(copyInFolder(copy))).checkpoint.size).toBe(20);
  });

  it.each([
    ['an entry', 'tile/entries/001.p/44', 40],
    ['a hash of a tile', 'tile/0/000', 100],
    ['a hash of a higher tile', 'tile/1/000.p/1', 0],
  ])('refuses a copy in which %s was changed', async (_, path, offset) => {
    const database = await open();
    const ledger = ledgerOver(database);
    await addEntries(database, 300);
    await ledger.sequence();
    const copy = folder();
    await copyLedger(served(ledger), copy);
    const file = join(copy, path);
    const bytes = readFileSync(file);
    bytes[offset]! ^= 1;
    writeFileSync(file, bytes);
    await expect(verifyLedgerCopy(copyInFolder(copy))).rejects.toMatchObject({ code: 'proof_invalid' });
    rmSync(file);
    await expect(verifyLedgerCopy(copyInFolder(copy))).rejects.toThrow(`lacks ${path}`);
  });
});

describeOnEveryStore('openings of ledger entries', (open) => {
  it('are those of one subject and one part of the ledger, and match the entries', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    await addEntries(database, 5);
    await addEntries(database, 5);
    await ledger.sequence();
    const store = new LedgerStore(database);
    const openings = new OpeningStore(database);
    const found = await openings.openings('dev_3', 0, 10);
    expect(found.map(({ index }) => index)).toEqual([3, 8]);
    for (const { index, opening } of found) {
      const [body] = await store.entries(index, index + 1);
      const { subject } = JSON.parse(body?.toString() ?? '');
      expect(subjectCommitment(Buffer.from(opening.salt, 'hex'), opening.subject)).toBe(subject);
    }
    expect((await openings.openings('dev_3', 4, 10)).map(({ index }) => index)).toEqual([8]);
    expect(await openings.openings('dev_3', 4, 8)).toEqual([]);
    expect(await openings.openings('dev_9', 0, 10)).toEqual([]);
  });

  it('opens the entries about five subjects a day for one person, and enters each reading into the ledger', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    await addEntries(database, 7);
    await ledger.sequence();
    const clock = new DrivenClock(1_800_000_000_000);
    const [first, second, other] = [newPersonId(), newPersonId(), newPersonId()];
    const read = createOpenings({
      store: new OpeningStore(database),
      size: async () => 7,
      // Two persons of the same human.
      people: async () => ({ canonical: (person) => (person === second ? first : person) }),
      clock,
    });
    const readings = async () => {
      const rows = await database.db
        .selectFrom('ledger_entries')
        .select('body')
        .where('kind', '=', 'ledger.opened')
        .execute();
      return rows.map(({ body }) => JSON.parse(body));
    };
    for (const at of [0, 1, 2, 3, 4]) expect((await read(first, `dev_${at}`, 0)).openings).toHaveLength(1);
    expect((await read(second, 'dev_0', 0)).openings).toHaveLength(1);
    expect(await readings()).toHaveLength(5);
    for (const by of [first, second]) {
      await expect(read(by, 'dev_5', 0)).rejects.toMatchObject({ code: 'ledger_opening_limit', context: { limit: 5 } });
    }
    const attempts = [0, 1, 2, 3, 4, 5, 6].map((at) => read(other, `dev_${at}`, 0));
    const refused = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(await readings()).toHaveLength(10);
    expect(JSON.stringify(await readings())).not.toMatch(/dev_|per_/);
    clock.jump(clock.now() + READING_WINDOW);
    expect((await read(first, 'dev_5', 0)).openings).toHaveLength(1);
    expect(await database.db.selectFrom('opening_readings').selectAll().execute()).toHaveLength(1);
  });
});

describeOnSqlite('the ledger', (open) => {
  it('case 38: detects a store restored from before a published checkpoint, also after it has grown past it', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    await addEntries(database, 20);
    await ledger.sequence();
    const backup = join(folder(), 'backup.db');
    await sql`vacuum into ${backup}`.execute(database.db);
    await addEntries(database, 5, 20);
    await ledger.sequence();
    const copy = folder();
    await copyLedger(served(ledger), copy);
    const restored = await openDatabase({ file: backup });
    try {
      const again = ledgerOver(restored);
      await again.sequence();
      await expect(copyLedger(served(again), copy)).rejects.toThrow('cut short or restored');
      await addEntries(restored, 30, 20);
      await again.sequence();
      await expect(copyLedger(served(again), copy)).rejects.toThrow('it forked');
      expect((await verifyLedgerCopy(copyInFolder(copy))).checkpoint.size).toBe(25);
    } finally {
      await restored.close();
    }
  });

  it('case 39: refuses the change with its entry on a full disk, and continues afterward', async () => {
    const database = await open();
    const ledger = ledgerOver(database);
    await addEntries(database, 10);
    await ledger.sequence();
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.db);
    await sql`pragma max_page_count = ${sql.lit(rows[0]!.page_count)}`.execute(database.db);
    const act = async (name: string) =>
      await database.transaction(async (tx) => {
        await setMeta(tx, name, 'done');
        const filler = 'x'.repeat(200);
        for (let at = 0; at < 200; at++) {
          await appendEntry(tx, { kind: 'role.granted', at, subject: null, public: { filler } });
        }
      });
    await expect(act('refused')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await database.db.selectFrom('meta').selectAll().where('key', '=', 'refused').execute()).toEqual([]);
    await ledger.sequence();
    expect((await verifyLedgerCopy(served(ledger))).checkpoint.size).toBe(10);
    await sql`pragma max_page_count = 1000000`.execute(database.db);
    await act('accepted');
    await ledger.sequence();
    expect((await verifyLedgerCopy(served(ledger))).checkpoint.size).toBe(210);
  });
});
