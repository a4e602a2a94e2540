/** Packs that try to occupy the verifier before a signature is checked, and proofs by counting that its work grows with the pack alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { liveThrough, ORDER, openPackWorld, type PackWorld } from '../../tests/support/pack-world.ts';
import { INSTALLATION } from '../../tests/support/signed-documents.ts';
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import { encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { Revision } from '../order/documents.ts';
import { checkApprovals, checkRevisions } from './check-approvals.ts';
import { digestsIn } from './check-lists.ts';
import { Findings } from './findings.ts';
import { DESTRUCTION, ENTRIES, MANIFEST, numbered, PACK_LIMITS, PUBLIC_ROOT, SUMMARY } from './format.ts';
import type { LoggedEntry, PackRevision } from './pack-content.ts';
import { verifyPack } from './verify-pack.ts';
import { readZip, ZipWriter } from './zip.ts';
import type { ZipLimits } from './zip-limits.ts';

type Files = Map<string, Buffer>;

const folder = mkdtempSync(join(tmpdir(), 'cordon-hostile-packs-'));
const { authority, remove } = testAuthority();
let database: Database;
let made: PackWorld;
let pack: Buffer;

beforeAll(async () => {
  database = await openNewStore(join(folder, 'cordon.db'));
  made = await openPackWorld(database, authority);
  await liveThrough(made);
  pack = await made.pack(ORDER);
}, 60_000);
afterAll(async () => {
  await made.stop();
  await database.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

const unpacked = (): Files => new Map(readZip(pack).files.map(({ name, bytes }) => [name, Buffer.from(bytes)]));

function zipped(files: Iterable<readonly [string, Buffer]>): Buffer {
  const zip = new ZipWriter();
  return Buffer.concat([...Array.from(files, ([name, bytes]) => zip.add({ name, bytes })), zip.end()]);
}

const withFiles = (more: Iterable<readonly [string, Buffer]>): Buffer => zipped([...unpacked(), ...more]);
const withFile = (name: string, bytes: Buffer): Buffer => zipped(unpacked().set(name, bytes));
const manyNames = (count: number): [string, Buffer][] =>
  Array.from({ length: count }, (_, at) => [`extra/${at}.json`, Buffer.alloc(0)]);

/** The pack with another value in the header of its first file. */
function withHeader(offset: number, value: number): Buffer {
  const changed = Buffer.from(pack);
  changed.writeUInt16LE(value, offset);
  return changed;
}

interface Case {
  readonly title: string;
  readonly zip: () => Buffer;
  readonly limits?: () => Partial<ZipLimits>;
  /** Failures, in order. */
  readonly failed: readonly RegExp[];
  /** The verification stopped, and the report says so. */
  readonly stopped: boolean;
}

const CASES: readonly Case[] = [
  {
    title: 'an unsigned revision with the number 999,999,999',
    zip: () => withFile('revisions/999999999.json', Buffer.from('{}')),
    failed: [/^revisions\/999999999\.json was added/],
    stopped: false,
  },
  {
    title: 'unsigned files of the kinds that are read after the manifest',
    zip: () =>
      withFiles(['lists/900.json', 'receipts/900.json', DESTRUCTION].map((name) => [name, Buffer.from('no JSON')])),
    failed: [/^lists\/900\.json was added/, /^receipts\/900\.json was added/, /^destruction\.json was added/],
    stopped: false,
  },
  {
    title: 'a changed file, which is not parsed',
    zip: () => withFile(ENTRIES, Buffer.from('no JSON')),
    failed: [/^ledger\/entries\.json was changed/],
    stopped: true,
  },
  {
    title: 'a compressed file',
    zip: () => withHeader(8, 8),
    failed: [/declares compression method 8/],
    stopped: true,
  },
  {
    title: 'a file that declares 4 GB once it is inflated',
    zip: () => withHeader(24, 0xffff),
    failed: [/declares compression method 0 and 42949\d{5} bytes from \d+\. The files of a pack are not compressed/],
    stopped: true,
  },
  {
    title: 'more files than a manifest can name',
    zip: () => zipped(manyNames(PACK_LIMITS.files + 1)),
    failed: [/more than 65001 files/],
    stopped: true,
  },
  {
    title: 'a file name of 101 bytes',
    zip: () => zipped([['a'.repeat(101), Buffer.alloc(0)], ...unpacked()]),
    failed: [/^the zip: a file name has 101 bytes\. The limit is 100/],
    stopped: true,
  },
  {
    title: 'a public root of 65 KiB',
    zip: () => withFile(PUBLIC_ROOT, Buffer.alloc(65 * 1024, ' ')),
    failed: [/^public-root\.json: the file has 66560 bytes\. The limit is 65536/],
    stopped: true,
  },
  {
    title: 'a set of approvers of 5 MiB',
    zip: () => withFile('approvers/1.json', Buffer.alloc(5 * 1024 ** 2, ' ')),
    failed: [/^approvers\/1\.json: the file has 5242880 bytes/],
    stopped: true,
  },
  {
    title: 'a manifest of 33 MiB',
    zip: () => withFile(MANIFEST, Buffer.alloc(33 * 1024 ** 2, ' ')),
    failed: [/^manifest\.json: the file has 34603008 bytes/],
    stopped: true,
  },
  {
    title: 'a file above the limit of every other kind',
    zip: () => pack,
    limits: () => ({ fileBytes: (name) => (name === SUMMARY ? 10 : PACK_LIMITS.fileBytes(name)) }),
    failed: [/^summary\.html: the file has \d+ bytes\. The limit is 10\./],
    stopped: true,
  },
  {
    title: 'a zip above the limit of its whole size',
    zip: () => pack,
    limits: () => ({ bytes: 1000 }),
    failed: [/^the zip: it has \d+ bytes\. The limit is 1000/],
    stopped: true,
  },
  {
    title: 'a manifest without a valid signature before a ledger that is no JSON',
    zip: () => {
      const files = unpacked().set(ENTRIES, Buffer.from('no JSON'));
      const manifest = JSON.parse(String(files.get(MANIFEST)));
      const [{ keyid }] = manifest.signatures;
      const forged = { ...manifest, signatures: [{ keyid, sig: Buffer.alloc(64).toString('base64') }] };
      return zipped(files.set(MANIFEST, Buffer.from(encodeCanonical(forged))));
    },
    failed: [/^manifest\.json is not signed by an online key/],
    stopped: true,
  },
];

describe('a hostile pack is refused, and the report names the file', () => {
  it.each(CASES)(
    '$title',
    async ({ zip, limits, failed, stopped }) => {
      const report = await verifyPack(zip(), made.fingerprint(), undefined, { ...PACK_LIMITS, ...limits?.() });
      const words = (verdict: string) =>
        report.findings.filter((finding) => finding.verdict === verdict).map((finding) => finding.words);
      expect(report.valid).toBe(false);
      expect(words('failed')).toEqual(failed.map((pattern) => expect.stringMatching(pattern)));
      const end = words('unproven').filter((line) => line.includes('the verification stopped'));
      expect(end).toHaveLength(stopped ? 1 : 0);
    },
    60_000,
  );

  it('60,000 unsigned files in a genuine pack: each is named once, and none is read', async () => {
    const { findings } = await verifyPack(withFiles(manyNames(60_000)), made.fingerprint());
    const failed = findings.filter(({ verdict }) => verdict === 'failed');
    expect(failed).toHaveLength(60_000);
    expect(failed.every(({ words }) => words.endsWith('was added: the manifest does not list it.'))).toBe(true);
  }, 60_000);
});

describe('the work grows linearly with the pack’s size, and not with numbers in it', () => {
  it('the reader compares each of 60,000 names once, also if all are equal', () => {
    const zip = zipped([...manyNames(30_000), ...manyNames(30_000)]);
    let looks = 0;
    const isName = () => {
      looks += 1;
      return true;
    };
    const { files, faults, refused } = readZip(zip, { ...PACK_LIMITS, isName });
    expect({ looks, files: files.length, faults: faults.length, refused }).toEqual({
      looks: 60_000,
      files: 60_000,
      faults: 30_000,
      refused: false,
    });
  }, 60_000);

  it('a gap of 999,999,997 revisions is one failure, and each revision is looked up once', () => {
    class Counted extends Map<string, Buffer> {
      gets = 0;
      override get(name: string) {
        this.gets += 1;
        // Without this error, an endless loop would run for hours.
        if (this.gets > 100) throw new Error('more look-ups than files');
        return super.get(name);
      }
    }
    const files = new Counted([1, 999_999_999].map((number) => [numbered('revisions', number), Buffer.from('{}')]));
    const say = new Findings();
    expect(checkRevisions(files, { installation: INSTALLATION, order: ORDER }, say)).toEqual([]);
    expect(files.gets).toBe(2);
    expect(say.all.map(({ file }) => file)).toEqual([
      'revisions/1.json',
      'revisions/2.json',
      'revisions/999999999.json',
    ]);
  });

  it('twice as many revisions and ledger entries cause twice the work', () => {
    const work = (count: number): number => {
      let looks = 0;
      const logged = (index: number, entry: LedgerEntry): LoggedEntry => ({
        index,
        particulars: entry.public,
        get entry() {
          looks += 1;
          return entry;
        },
      });
      const revisions = Array.from({ length: count }, (_, at): PackRevision => {
        const revision = { previous: at === 0 ? null : sha256(String(at)), action: 'revise' } as Revision;
        const envelope = { payloadType: 'x', payload: '', signatures: [] };
        return { number: at + 1, digest: sha256(String(at + 1)), revision, envelope };
      });
      const entries = revisions.flatMap(({ number, digest }) =>
        (['order.revision', 'order.adopted'] as const).map((kind, at) => {
          const particulars = { order: ORDER, revision: number, digest };
          return logged(2 * number + at, { kind, at: 0, public: particulars } as unknown as LedgerEntry);
        }),
      );
      const say = new Findings();
      expect(checkApprovals(revisions, [], entries, say)).toHaveLength(count);
      expect(say.failures).toBe(count);
      return looks;
    };
    expect(work(800)).toBe(2 * work(400));
  });

  it('each order in a list is hashed once, however many revisions are looked for', () => {
    const orders = Array.from({ length: 500 }, (_, at) => {
      return { payloadType: 'x', payload: Buffer.from(String(at)).toString('base64'), signatures: [] };
    });
    let hashes = 0;
    const digests = digestsIn({ orders }, (bytes) => {
      hashes += 1;
      return sha256(bytes);
    });
    expect({ hashes, digests: digests.size }).toEqual({ hashes: 500, digests: 500 });
  });
});
