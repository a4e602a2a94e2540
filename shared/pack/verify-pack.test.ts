/** Attacks on a pack by a person without keys, and by an operator who signs the manifest again. The verifier finds each attack and names the file. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transparencyPage } from '../../server/public/transparency.ts';
import type { Database } from '../../server/store/database.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import {
  documentOf,
  type Files,
  headerOffsets,
  readJson,
  resign,
  revisionEnvelope,
  unpack,
  writeJson,
  zipped,
} from '../../tests/support/pack-files.ts';
import { liveThrough, ORDER, openPackWorld, type PackWorld } from '../../tests/support/pack-world.ts';
import {
  approverSetDocument,
  INSTALLATION,
  signedApproverSet,
  testPerson,
} from '../../tests/support/signed-documents.ts';
import { emptyReport } from '../../tests/support/transparency-report.ts';
import { until } from '../../tests/support/until.ts';
import { ed25519FromSpki, signCheckpoint } from '../ledger/sign-checkpoint.ts';
import { parseVerifierKey } from '../ledger/signed-note.ts';
import { encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { Envelope } from '../order/documents.ts';
import { signEnvelope } from '../order/dsse.ts';
import { CHECKPOINT, ENTRIES, GROWTH, MANIFEST, PUBLIC_ROOT, SILENT, SUMMARY } from './format.ts';
import { type PackReport, verifyPack } from './verify-pack.ts';
import { readZip, ZipWriter } from './zip.ts';

type Groups = { device: string; certificates: string[]; receipts: Envelope[] }[];

const folder = mkdtempSync(join(tmpdir(), 'cordon-packs-'));
const { authority, remove } = testAuthority();
let database: Database;
let made: PackWorld;
let pack: Buffer;
let fingerprint: string;

beforeAll(async () => {
  database = await openNewStore(join(folder, 'cordon.db'));
  made = await openPackWorld(database, authority);
  await liveThrough(made);
  pack = await made.pack(ORDER);
  fingerprint = made.fingerprint();
}, 60_000);
afterAll(async () => {
  await made.stop();
  await database.close();
  remove();
  rmSync(folder, { recursive: true, force: true });
});

const unpacked = (zip = pack): Files => unpack(zip);
const resigned = (files: Files): Buffer => resign(files, made.world.online);
const check = (zip: Buffer): Promise<PackReport> => verifyPack(zip, fingerprint);
async function failures(zip: Buffer): Promise<string[]> {
  const { valid, findings } = await check(zip);
  const failed = findings.flatMap(({ verdict, file, words }) => (verdict === 'failed' ? `${file}: ${words}` : []));
  expect(valid).toBe(failed.length === 0);
  return failed;
}
/** Expects a failure that names the file and matches the text. */
function expectNamed(failed: readonly string[], file: string, words: RegExp): void {
  expect(failed).toContainEqual(
    expect.stringMatching(new RegExp(`^${file.replaceAll('.', '\\.')}: .*${words.source}`, 's')),
  );
}

it('an unchanged pack is valid, also if its manifest is signed again', async () => {
  expect(await failures(pack)).toEqual([]);
  expect(await failures(resigned(unpacked()))).toEqual([]);
  expect(zipped(unpacked()).equals(pack)).toBe(true);
});

describe('changes by a person without keys', () => {
  it('a changed byte in each kind of file', async () => {
    const names = [...unpacked().keys()];
    expect(names.map((name) => name.replace(/\d+/, 'N'))).toEqual(
      expect.arrayContaining([
        PUBLIC_ROOT,
        'authority/root.pem',
        'authority/issuing.pem',
        'approvers/N.json',
        'revisions/N.json',
        'lists/N.json',
        CHECKPOINT,
        ENTRIES,
        GROWTH,
        'receipts/N.json',
        SILENT,
        SUMMARY,
        MANIFEST,
      ]),
    );
    for (const name of names) {
      const files = unpacked();
      const bytes = files.get(name) ?? Buffer.alloc(0);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expectNamed(await failures(zipped(files)), name, /./);
    }
  });

  it.each([PUBLIC_ROOT, 'approvers/1.json', 'revisions/3.json', ENTRIES, 'receipts/1.json', SUMMARY, MANIFEST])(
    'a removed file: %s',
    async (name) => {
      const files = unpacked();
      expect(files.delete(name)).toBe(true);
      expectNamed(await failures(zipped(files)), name, /missing/);
    },
  );

  it('an added file, a file under two names, and a file that occurs twice', async () => {
    const added = unpacked();
    added.set('revisions/7.json', added.get('revisions/6.json') ?? Buffer.alloc(0));
    expectNamed(await failures(zipped(added)), 'revisions/7.json', /was added/);
    const zip = new ZipWriter();
    const twice = [...unpacked()].flatMap(([name, bytes]) =>
      name === SILENT ? [zip.add({ name, bytes }), zip.add({ name, bytes })] : [zip.add({ name, bytes })],
    );
    expectNamed(await failures(Buffer.concat([...twice, zip.end()])), SILENT, /twice/);
  });

  it('a zip that was cut off anywhere, or has bytes after its end', async () => {
    for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
      const failed = await failures(pack.subarray(0, Math.floor(pack.length * share)));
      expect(failed.length).toBeGreaterThan(0);
    }
    expectNamed(await failures(pack.subarray(0, -5)), 'the zip after manifest.json', /cut off|removed/);
    expectNamed(await failures(Buffer.concat([pack, Buffer.from('x')])), 'the zip after manifest.json', /added/);
    expect((await check(Buffer.from('not a zip'))).valid).toBe(false);
  });

  it('a change of any single bit', async () => {
    /** The file at a position, from the start of each file. */
    const starts: { name: string; from: number }[] = [];
    const zip = new ZipWriter();
    let from = 0;
    for (const { name, bytes } of readZip(pack).files) {
      starts.push({ name, from });
      from += zip.add({ name, bytes }).length;
    }
    /** If a local header is no longer recognizable, the report names the file before it. */
    const places = (at: number): string[] => {
      if (at >= from) return ['the zip after manifest.json'];
      const here = starts.findLastIndex((one) => one.from <= at);
      const before = starts[here - 1]?.name;
      return [starts[here]?.name ?? '', before === undefined ? 'the zip' : `the zip after ${before}`];
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(pack.length - 1), fc.nat(7), async (at, bit) => {
        const changed = Buffer.from(pack);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const failed = await failures(changed);
        const files = failed.map((line) => line.slice(0, line.indexOf(': ')));
        expect(
          files.filter((file) => places(at).includes(file)),
          `${at}: ${failed.join(' / ')}, not ${places(at).join()}`,
        ).not.toEqual([]);
      }),
      { numRuns: 400, examples: [...headerOffsets(pack)].map((at): [number, number] => [at, 0]) },
    );
  }, 120_000);
});

describe('changes by an operator who signs the manifest again', () => {
  it('approvals swapped between two revisions', async () => {
    const files = unpacked();
    const [one, three] = [revisionEnvelope(files, 1), revisionEnvelope(files, 3)];
    writeJson(files, 'revisions/1.json', { ...one, signatures: three.signatures });
    writeJson(files, 'revisions/3.json', { ...three, signatures: one.signatures });
    const failed = await failures(resigned(files));
    for (const number of [1, 3])
      expectNamed(failed, `revisions/${number}.json`, /a signature does not match this text/);
  });

  it('case 25: the same signer twice, and only one signer', async () => {
    const files = unpacked();
    const one = revisionEnvelope(files, 1);
    const [first] = one.signatures;
    writeJson(files, 'revisions/1.json', { ...one, signatures: [first, first] });
    const twice = await failures(resigned(files));
    expectNamed(twice, 'revisions/1.json', /one key has signed twice/);
    expectNamed(twice, 'revisions/1.json', /only 1 different person .*; 2 people other than the proposer must sign/);
    const alone = unpacked();
    writeJson(alone, 'revisions/3.json', { ...one, signatures: [first] });
    writeJson(alone, 'revisions/1.json', { ...one, signatures: [first] });
    expectNamed(await failures(resigned(alone)), 'revisions/1.json', /only 1 different person/);
  });

  it('the proposer’s approval instead of another person’s, and an approval by an unknown key', async () => {
    const files = unpacked();
    const one = revisionEnvelope(files, 1);
    const { proposer } = made.world.people;
    const stranger = signEnvelope(one.payloadType, Buffer.from(one.payload, 'base64'), [proposer.key]).signatures;
    writeJson(files, 'revisions/1.json', { ...one, signatures: [one.signatures[0], ...stranger] });
    expectNamed(await failures(resigned(files)), 'revisions/1.json', /a key that is in no approver set/);
  });

  it('case 32: terms that were edited after they were signed', async () => {
    const files = unpacked();
    const one = revisionEnvelope(files, 1);
    const document = documentOf(one);
    const edited = encodeCanonical({ ...document, terms: { ...document.terms, areas: ['PK', 'IN'] } });
    writeJson(files, 'revisions/1.json', { ...one, payload: Buffer.from(edited).toString('base64') });
    const failed = await failures(resigned(files));
    expectNamed(failed, 'revisions/1.json', /a signature does not match this text/);
    expectNamed(failed, 'revisions/1.json', /the ledger has no entry of this text/);
    expectNamed(failed, 'revisions/3.json', /chain of revisions is broken/);
  });

  it('reordered revisions, and a missing revision', async () => {
    const files = unpacked();
    const [one, three] = [files.get('revisions/1.json'), files.get('revisions/3.json')];
    if (one && three) files.set('revisions/1.json', three).set('revisions/3.json', one);
    expectNamed(await failures(resigned(files)), 'revisions/1.json', /contains revision 3: revisions were reordered/);
    const without = unpacked();
    without.delete('revisions/3.json');
    expectNamed(await failures(resigned(without)), 'revisions/3.json', /missing/);
    const last = unpacked();
    last.delete('revisions/6.json');
    expectNamed(await failures(resigned(last)), 'revisions/6.json', /the ledger has an entry of revision 6/);
  });

  it('another public root, and invented approvers beside the right public root', async () => {
    const replaced = unpacked();
    writeJson(replaced, PUBLIC_ROOT, { ...made.root(), approvers: sha256('another') });
    expectNamed(await failures(resigned(replaced)), PUBLIC_ROOT, /differs from your public root/);
    const files = unpacked();
    const own = [testPerson('eve'), testPerson('mallory')];
    writeJson(files, 'approvers/1.json', signedApproverSet(approverSetDocument(own, made.world.online), own).envelope);
    expectNamed(await failures(resigned(files)), 'approvers/1.json', /not the first approver set in the public root/);
    // With the whole document instead of its fingerprint, the verifier finds the other errors too.
    const { findings } = await verifyPack(resigned(replaced), made.root());
    expect(findings.filter(({ verdict }) => verdict === 'failed')).toHaveLength(1);
  });

  it('another device’s receipts under a handle, an unknown key, and one device under two handles', async () => {
    const files = unpacked();
    const [one, other] = readJson<Groups>(files, 'receipts/1.json');
    if (!one || !other) throw new Error('two devices have answered');
    writeJson(files, 'receipts/1.json', [{ ...one, receipts: other.receipts }, other]);
    expectNamed(
      await failures(resigned(files)),
      'receipts/1.json',
      /device-\w+: a receipt is not signed by a certified key/,
    );
    writeJson(files, 'receipts/1.json', [
      { ...one, certificates: [...one.certificates, ...other.certificates] },
      other,
    ]);
    expectNamed(await failures(resigned(files)), 'receipts/1.json', /its certificates belong to different devices/);
    writeJson(files, 'receipts/1.json', [one, { ...other, certificates: one.certificates, receipts: one.receipts }]);
    expectNamed(await failures(resigned(files)), 'receipts/1.json', /already has another handle/);
    const { authority: elsewhere, remove: gone } = testAuthority();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const { der } = elsewhere.issue({ profile: 'device', spki, commonName: 'dev_aaaaaaaaaaaaaaaa' });
    gone();
    writeJson(files, 'receipts/1.json', [{ ...one, certificates: [der.toString('base64')] }, other]);
    expectNamed(await failures(resigned(files)), 'receipts/1.json', /not a device certificate of this installation/);
  });

  it('a device that responded in the list of devices without a response', async () => {
    const files = unpacked();
    const [one] = readJson<Groups>(files, 'receipts/1.json');
    const told = readJson<{ affected: number; silent: string[] }>(files, SILENT);
    writeJson(files, SILENT, { ...told, silent: [...told.silent, one?.device].sort() });
    expectNamed(await failures(resigned(files)), SILENT, /has responded/);
  });

  it('case 37: a checkpoint of another origin, and one by another kind of key', async () => {
    const files = unpacked();
    const [, size, root] = String(files.get(CHECKPOINT)).split('\n');
    const tree = { size: Number(size), root: Buffer.from(root ?? '', 'base64') };
    const publicKey = ed25519FromSpki(Buffer.from(made.world.online.publicKey, 'base64'));
    const note = signCheckpoint(tree, {
      name: 'cordon/ins_other',
      publicKey,
      sign: (message) => made.signNote(Buffer.from(message)),
    });
    files.set(CHECKPOINT, Buffer.from(note));
    expectNamed(await failures(resigned(files)), CHECKPOINT, /it belongs to another ledger/);
    const online = { name: `cordon/${INSTALLATION}`, publicKey, sign: made.world.online.sign };
    files.set(CHECKPOINT, Buffer.from(signCheckpoint(tree, online)));
    expectNamed(await failures(resigned(files)), CHECKPOINT, /no Ed25519 signature of/);
  });

  it('case 36: a changed, moved or missing entry, and a tree that does not extend an earlier tree', async () => {
    type Entries = { index: number; body: string; proof: string[] }[];
    const files = unpacked();
    const entries = readJson<Entries>(files, ENTRIES);
    writeJson(
      files,
      ENTRIES,
      entries.map((entry, at) => (at === 3 ? { ...entry, body: entry.body.replace('2015-001', '2015-002') } : entry)),
    );
    expectNamed(await failures(resigned(files)), ENTRIES, /inclusion proof of ledger entry \d+ leads to another root/);
    writeJson(
      files,
      ENTRIES,
      entries.map((entry, at) => (at === 3 ? { ...entry, index: entry.index + 1 } : entry)),
    );
    expectNamed(await failures(resigned(files)), ENTRIES, /(entry|ledger entry) \d+ /);
    writeJson(
      files,
      ENTRIES,
      entries.filter(({ body }) => !body.includes('order.approval')),
    );
    expectNamed(await failures(resigned(files)), 'revisions/1.json', /the ledger has no entry of the approval/);
    const whole = unpacked();
    const forked = signCheckpoint(
      { size: 2, root: Buffer.alloc(32, 7) },
      {
        name: `cordon/${INSTALLATION}`,
        publicKey: await ledgerKey(),
        sign: (message) => made.signNote(Buffer.from(message)),
      },
    );
    writeJson(whole, GROWTH, [
      { checkpoint: forked, proof: readJson<{ proof: string[] }[]>(whole, GROWTH)[0]?.proof ?? [] },
    ]);
    expectNamed(await failures(resigned(whole)), GROWTH, /proof|begin/);
  });

  it('a list without a signature of an online key, and a list that the ledger does not confirm', async () => {
    const files = unpacked();
    const name = [...files.keys()].find((each) => each.startsWith('lists/')) ?? '';
    const list = readJson<Envelope>(files, name);
    const { privateKey } = generateKeyPairSync('ed25519');
    const sig = sign(null, Buffer.from('x'), privateKey).toString('base64');
    writeJson(files, name, { ...list, signatures: [{ ...list.signatures[0], sig }] });
    expectNamed(await failures(resigned(files)), name, /is not signed by an online key of approver set 1/);
    const document = JSON.parse(Buffer.from(list.payload, 'base64').toString());
    const payload = encodeCanonical({ ...document, orders: [] });
    writeJson(files, name, signEnvelope(list.payloadType, payload, [made.world.online]));
    expectNamed(await failures(resigned(files)), name, /the ledger has no entry of this list/);
  });
});

it('a malformed fingerprint is refused before the pack is read', async () => {
  await expect(verifyPack(pack, 'AB:CD')).rejects.toThrow('64 lower-case hex digits');
});

const ledgerKey = async () => {
  return (await parseVerifierKey(made.root().ledger)).publicKey;
};

describe('the auditor’s own checkpoint', () => {
  /** Checkpoint with a signature by the ledger's own key. */
  const signedBy = async (size: number, root: Uint8Array, name = `cordon/${INSTALLATION}`) =>
    signCheckpoint(
      { size, root: Buffer.from(root) },
      { name, publicKey: await ledgerKey(), sign: (message) => made.signNote(Buffer.from(message)) },
    );
  const note = () => String(unpacked().get(CHECKPOINT));
  const sizeOf = (text: string) => Number(text.split('\n')[1]);
  const said = ({ findings }: PackReport) => findings.find(({ words }) => /our checkpoint of /.test(words));

  it('is consistent if the pack contains its tree, in each format of the saved file', async () => {
    const earlier = readJson<{ checkpoint: string }[]>(unpacked(), GROWTH).map(({ checkpoint }) => checkpoint);
    expect(earlier.length).toBeGreaterThan(0);
    const page = transparencyPage({
      organization: 'Exempel & Co',
      orders: [],
      withheld: [],
      fingerprint,
      checkpoint: note(),
      ledgerKey: made.root().ledger,
      report: emptyReport(),
    });
    for (const saved of [note(), ...earlier, page, note().replaceAll('\n', '\r\n'), `\n${note().trimEnd()}`]) {
      const report = await verifyPack(pack, fingerprint, saved);
      expect(report).toMatchObject({ valid: true, comparison: 'consistent' });
      expect(said(report)?.verdict).toBe('proven');
    }
  });

  it('is not provable with a pack that lacks the proof, and consistent with a pack that was made with it', async () => {
    /** The ledger gets an entry about another subject. */
    const grow = async () => {
      await made.world.orders.drafting.propose(made.world.people.proposer.id, {
        ...PROPOSAL,
        effective: '2016-03-01T00:00',
      });
      await made.ledger.sequence();
      return made.ledger.checkpoint();
    };
    const later = await grow();
    const report = await verifyPack(pack, fingerprint, later);
    expect(report).toMatchObject({ valid: true, comparison: 'not_provable' });
    expect(said(report)).toMatchObject({
      verdict: 'unproven',
      words: expect.stringMatching(/has no proof for yours. Ask for a new pack .*--checkpoint FILE/),
    });
    await grow();
    const plain = await made.pack(ORDER);
    expect(await verifyPack(plain, fingerprint, later)).toMatchObject({ valid: true, comparison: 'not_provable' });
    const anew = await made.pack(ORDER, sizeOf(later));
    expect(await verifyPack(anew, fingerprint, later)).toMatchObject({ valid: true, comparison: 'consistent' });
    const other = await signedBy(sizeOf(later), Buffer.alloc(32, 7));
    expect(await verifyPack(anew, fingerprint, other)).toMatchObject({ valid: false, comparison: 'forked' });
    await expect(made.pack(ORDER, 1_000_000)).rejects.toThrow('has no checkpoint of 1000000 entries');
  });

  it('case 36: is forked if the same key has signed another tree of the same size', async () => {
    for (const text of [
      note(),
      ...readJson<{ checkpoint: string }[]>(unpacked(), GROWTH).map((each) => each.checkpoint),
    ]) {
      const report = await verifyPack(pack, fingerprint, await signedBy(sizeOf(text), Buffer.alloc(32, 7)));
      expect(report).toMatchObject({ valid: false, comparison: 'forked' });
      expect(said(report)).toMatchObject({ verdict: 'failed', file: CHECKPOINT });
    }
  });

  it('case 37: is refused from another ledger, without a valid signature, or in another format', async () => {
    const kept = (saved: string) => verifyPack(pack, fingerprint, saved);
    const other = await signedBy(2, Buffer.alloc(32), 'cordon/ins_other');
    await expect(kept(other)).rejects.toThrow(/does not belong to this ledger: .*Get it from/);
    const forged = note().replace(/\n(\d+)\n/, '\n1\n');
    await expect(kept(forged)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
    await expect(kept('<html>Not found</html>')).rejects.toThrow('The file contains no checkpoint.');
  });
});

describe('the pack of a withheld order', () => {
  type Entries = { index: number; body: string; proof: string[]; opening?: { salt: string; subject: string } }[];
  let kept: Buffer;
  beforeAll(async () => {
    const { orders, people, clock, sign } = made.world;
    const terms = { ...PROPOSAL, effective: '2016-05-01T00:00', publication: { law: 'a law' } };
    const { order } = await orders.drafting.propose(people.proposer.id, terms);
    for (const person of [people.ada, people.ben]) await sign(order, 1, person);
    clock.jump(Date.parse('2016-05-02T00:00:00.000Z'));
    await until(async () => expect((await orders.adoption.get(order)).executions).toHaveLength(1));
    const { revision } = await orders.drafting.proposeAction(people.proposer.id, order, { action: 'withdraw' });
    for (const person of [people.ada, people.ben]) await sign(order, revision, person);
    await until(async () => expect((await orders.adoption.get(order)).executions).toHaveLength(2));
    kept = await made.pack(order);
  });

  it('reveals the withheld particulars, and says what these entries do not prove', async () => {
    const { valid, findings } = await check(kept);
    expect(valid).toBe(true);
    const words = findings.map((finding) => finding.words).join('\n');
    expect(words).toMatch(
      /The server recorded that the order took effect \(revision 1\) at .* behind a commitment that the pack opens/,
    );
    expect(words).toMatch(/The server recorded that the order’s effect ended \(revision 2\) at .* behind a commitment/);
    expect(words).toMatch(/That the server did nothing else for this order while it was withheld/);
    const public2015 = await check(await made.pack(ORDER));
    expect(public2015.findings.map((finding) => finding.words).join('\n')).not.toMatch(
      /a commitment that the pack opens/,
    );
  });

  it('is refused with an opening that was changed, exchanged, removed, or moved to another entry', async () => {
    const files = unpacked(kept);
    const entries = readJson<Entries>(files, ENTRIES);
    const [started, ended] = entries.filter(({ opening }) => opening);
    if (!started?.opening || !ended?.opening) throw new Error('the order took effect and was withdrawn');
    const tampered = async (index: number, opening: object | undefined) => {
      const changed = entries.map((entry) => (entry.index === index ? { ...entry, opening } : entry));
      writeJson(files, ENTRIES, JSON.parse(JSON.stringify(changed)));
      return failures(resigned(files));
    };
    const edited = { ...started.opening, subject: started.opening.subject.replace('active', 'inactive') };
    const about = `ledger entry ${started.index}: The opening does not match the commitment of the entry.`;
    for (const opening of [edited, ended.opening, { ...started.opening, salt: ended.opening.salt }]) {
      expectNamed(await tampered(started.index, opening), ENTRIES, new RegExp(about));
    }
    expectNamed(await tampered(started.index, undefined), ENTRIES, /the pack does not reveal them/);
    const other = entries.find(({ body }) => body.includes('order.adopted'))?.index ?? 0;
    expectNamed(await tampered(other, started.opening), ENTRIES, /The entry withholds no particulars./);
    expectNamed(await tampered(other, { ...started.opening, more: 1 }), ENTRIES, /./);
  });
});
