/** Check of the ledger by Go's checksum database client, an independent implementation. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createLedger, type Ledger } from '../../server/ledger/ledger.ts';
import { appendEntry } from '../../server/store/append-entries.ts';
import type { Database } from '../../server/store/database.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { openCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { openNewStore } from '../support/new-store.ts';
import { needed, tool } from '../support/tools.ts';

const GOPATH = '/usr/share/gocode';
const go = tool('go', 'apt install golang-go');
const packages = needed(
  "Go's sumdb packages",
  'apt install golang-golang-x-mod-dev',
  statSync(join(GOPATH, 'src/golang.org/x/mod/sumdb'), { throwIfNoEntry: false }) !== undefined,
);

describe.skipIf(!go.present || !packages.present)("Go's checksum database client", () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-go-'));
  let database: Database;
  let ledger: Ledger;
  let document: {
    VerifierKey: string;
    Index: number;
    Entry: string;
    Older: object;
    Newer: { Inclusion: string[]; Consistency: string[] };
  };

  function run(input: object): string {
    return execFileSync(join(folder, 'check'), { input: JSON.stringify(input), encoding: 'utf8', stdio: 'pipe' });
  }

  beforeAll(async () => {
    copyFileSync(join(import.meta.dirname, 'ledger-check.go.txt'), join(folder, 'check.go'));
    // Go's own cache has the compiled standard library, which takes 14 s of CPU time to compile.
    const env = { ...process.env, GO111MODULE: 'off', GOPATH, GOFLAGS: '' };
    execFileSync('go', ['build', '-o', 'check', 'check.go'], { cwd: folder, env, stdio: 'pipe' });
    database = await openNewStore(join(folder, 'cordon.db'));
    const pair = generateKeyPairSync('ed25519');
    ledger = createLedger({
      store: new LedgerStore(database),
      key: {
        publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
        sign: (message) => sign(null, message, pair.privateKey),
      },
      installation: 'ins_test',
      clock: new SystemClock(),
      bus: new LocalBus(),
      log: { error: () => undefined },
    });
    const add = async (count: number) => {
      await database.transaction(async (tx) => {
        for (let at = 0; at < count; at++) {
          await appendEntry(tx, { kind: 'order.adopted', at, subject: `${at}`, public: { order: '2015-001' } });
        }
      });
      await ledger.sequence();
      const note = await ledger.checkpoint();
      const { size, root } = await openCheckpoint(note, await parseVerifierKey(ledger.verifierKey));
      return { Note: note, Size: size, Root: root.toBase64() };
    };
    const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
    const older = await add(333);
    const newer = await add(444);
    const [entry] = await new LedgerStore(database).entries(300, 301);
    document = {
      VerifierKey: ledger.verifierKey,
      Index: 300,
      Entry: entry!.toString('utf8'),
      Older: older,
      Newer: {
        ...newer,
        Inclusion: base64(await ledger.inclusion(300, newer.Size)),
        Consistency: base64(await ledger.consistency(older.Size, newer.Size)),
      },
    };
  }, 120_000);

  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });

  it('verifies the checkpoint, the inclusion proof of an entry, and the consistency proof of two trees', () => {
    expect(run(document)).toContain('checked');
  });

  it('refuses a changed entry, a wrong index, and a proof that lacks a hash', () => {
    expect(() => run({ ...document, Entry: `${document.Entry} ` })).toThrow('inclusion proof');
    expect(() => run({ ...document, Index: 301 })).toThrow('inclusion proof');
    const Inclusion = document.Newer.Inclusion.slice(1);
    expect(() => run({ ...document, Newer: { ...document.Newer, Inclusion } })).toThrow('inclusion proof');
    const Consistency: string[] = [];
    expect(() => run({ ...document, Newer: { ...document.Newer, Consistency } })).toThrow('consistency proof');
  });
});
