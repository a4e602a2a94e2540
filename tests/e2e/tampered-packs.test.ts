/**
 * Packs of a real server, changed by an operator who has the server's online key and signs the manifest again. The real command `cordon
 * verify` must report each change, or state what the pack does not prove.
 */
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCustody } from '../../certs/custody.ts';
import { openSealedKey } from '../../certs/key-folder.ts';
import { orderList } from '../../shared/api/orders.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { type Signer, signEnvelope, signerOf } from '../../shared/order/dsse.ts';
import { ENTRIES, MANIFEST, PACK_TYPE, SILENT, SUMMARY } from '../../shared/pack/format.ts';
import { readZip, ZipWriter } from '../../shared/pack/zip.ts';
import { openPlayer, type Player } from '../replay/player.ts';
import { parseTimeline } from '../replay/timeline.ts';
import { adminCli } from '../support/admin-cli.ts';
import { PASSPHRASE } from '../support/custody.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';

const ENTRY = programPath('server/cordon.js');
const folder = mkdtempSync(join(tmpdir(), 'cordon-tampered-'));
const file = join(folder, 'order.zip');
let pack: Buffer;
let fingerprint: string;
let online: Signer;
let player: Player;

/** Files of the unchanged pack. */
interface Genuine {
  readonly files: Map<string, Buffer>;
  readonly manifest: { madeAt: string; files: { name: string }[] };
}

interface Changed {
  /** Files in the order of the manifest. */
  readonly files: Map<string, Buffer>;
  readonly madeAt?: string;
  /** Names in the order of the zip file, without the manifest. Default: the manifest's order. */
  readonly zipOrder?: readonly string[];
}

const json = <T>(files: Map<string, Buffer>, name: string): T => JSON.parse(String(files.get(name)));
const write = (files: Map<string, Buffer>, name: string, value: unknown) =>
  void files.set(name, Buffer.from(encodeCanonical(value)));

function opened(): Genuine {
  const files = new Map(readZip(pack).files.map(({ name, bytes }) => [name, Buffer.from(bytes)]));
  const { payload } = json<Envelope>(files, MANIFEST);
  files.delete(MANIFEST);
  return { files, manifest: JSON.parse(Buffer.from(payload, 'base64').toString()) };
}

/** Signs the manifest with the server's online key, as the operator could. */
function signedAgain(manifest: object, { files, madeAt, zipOrder = [...files.keys()] }: Changed): Buffer {
  const named = [...files].map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }));
  const document = { ...manifest, ...(madeAt !== undefined && { madeAt }), files: named };
  const envelope = signEnvelope(PACK_TYPE, encodeCanonical(document), [online]);
  const zip = new ZipWriter();
  const parts = zipOrder.map((name) => zip.add({ name, bytes: files.get(name) ?? Buffer.alloc(0) }));
  parts.push(zip.add({ name: MANIFEST, bytes: Buffer.from(encodeCanonical(envelope)) }));
  return Buffer.concat([...parts, zip.end()]);
}

/** Output and exit code of `cordon verify` for a changed pack. */
async function verified(change: (pack: Genuine) => Changed): Promise<{ code: number | null; out: string }> {
  const genuine = opened();
  writeFileSync(file, signedAgain(genuine.manifest, change(genuine)));
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, CORDON_HOME: join(folder, 'none'), NO_COLOR: '1' };
  const { code, out } = await runProgram(process.execPath, [ENTRY, 'verify', file, '--root', fingerprint], {
    cwd: folder,
    env,
  });
  return { code, out };
}

/** Replaces text in the summary page. Throws an error if the page does not contain it. */
function rewritten(files: Map<string, Buffer>, from: RegExp, to: string): Map<string, Buffer> {
  const page = String(files.get(SUMMARY));
  if (!from.test(page)) throw new Error(`the summary has no ${from}`);
  return files.set(SUMMARY, Buffer.from(page.replace(from, to)));
}

type Entries = { index: number; body: string }[];
function withoutEntries(files: Map<string, Buffer>, gone: (body: string) => boolean): Map<string, Buffer> {
  const entries = json<Entries>(files, ENTRIES);
  const kept = entries.filter(({ body }) => !gone(body));
  if (kept.length === entries.length) throw new Error('the pack has no such entry');
  write(files, ENTRIES, kept);
  return files;
}

const isEffect = (state: 'active' | 'inactive') => (body: string) =>
  body.includes('order.executed') && body.includes(`"state":"${state}"`);

beforeAll(async () => {
  const timeline = parseTimeline(readFileSync(join(import.meta.dirname, '../timelines/saudi-2010.json'), 'utf8'));
  const played = join(folder, 'played');
  player = await openPlayer(timeline, played);
  for (const step of timeline.steps) expect((await player.play(step)).failure).toBeNull();
  const { owner, adminUrl } = player;
  const order = (await owner.api.call('GET', '/orders', orderList)).orders[0]?.number ?? '';
  const cordon = adminCli(adminUrl, folder, { CORDON_TOKEN: owner.token });
  const out = join(folder, 'genuine.zip');
  expect(await cordon(['orders', 'pack', order, '--out', out])).toMatchObject({ code: 0, err: '' });
  pack = readFileSync(out);
  fingerprint = (await cordon.json<{ fingerprint: string }>(['public-root'])).fingerprint;
  await player.close();
  const keys = join(played, 'server', 'keys');
  const key = openSealedKey(join(keys, 'online.key'), 'online', openCustody(keys, PASSPHRASE));
  online = signerOf(key);
  expect(createPublicKey(key).asymmetricKeyType).toBe('ed25519');
}, 240_000);
afterAll(async () => {
  await player?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('an unchanged pack is valid, and so is one whose manifest is signed again', async () => {
  const { code, out } = await verified(({ files }) => ({ files }));
  expect({ code, failed: /FAILED/.test(out) }).toEqual({ code: 0, failed: false });
  expect(out).toContain('summary.html matches the verified documents');
  expect(out).toContain('The ledger has each start and end of the order’s effect');
}, 60_000);

const PAGE = Buffer.from('<!DOCTYPE html><title>Note</title><p>No device was ever blocked.</p>\n');

interface Case {
  readonly title: string;
  readonly change: (pack: Genuine) => Changed;
  /** Lines under "FAILED". */
  readonly failed: readonly RegExp[];
}

const CASES: readonly Case[] = [
  {
    title: 'the summary names no device that enforced the order, although 25 devices signed receipts for it',
    change: ({ files }) => ({
      files: rewritten(files, /<th scope="row">25<\/th>(?=<td>signed that they blocked)/, '<th scope="row">0</th>'),
    }),
    failed: [
      /summary\.html contradicts the documents under “Receipts of devices”\. The page says “0 signed that they blocked a service by the order \(enforced\)”\. The documents give “25 signed that they blocked a service by the order \(enforced\)”\./,
    ],
  },
  {
    title: 'the summary has a paragraph that no document has',
    change: ({ files }) => ({
      files: rewritten(files, /<h2>How to verify/, '<p>The service was never blocked.</p>\n$&'),
    }),
    failed: [
      /summary\.html contradicts the documents under “How to verify this pack”\. The page says “The service was never blocked\.”\. The documents give nothing\./,
    ],
  },
  {
    title: 'the summary names another area than the signed revision',
    change: ({ files }) => ({ files: rewritten(files, /SA \(Saudi Arabia\)/, 'AE (United Arab Emirates)') }),
    failed: [/under “Terms”\. The page says “areas AE \(United Arab Emirates\)”\. The documents give “areas SA/],
  },
  {
    title: 'the ledger entry that the order took effect is missing',
    change: ({ files }) => ({
      files: rewritten(withoutEntries(files, isEffect('active')), /<li>(in force|took effect) .*\n/, ''),
    }),
    failed: [
      /ledger\/entries\.json: entry \d+ records that the order was no longer in effect, and the pack has no entry that the order had taken effect before\. The operator left it out\./,
      /ledger\/entries\.json: the pack lacks the entry that the order took effect\. By revision 1, the order was in effect when entry \d+ was made/,
    ],
  },
  {
    title: 'the ledger entry that the effect ended is missing',
    change: ({ files }) => ({
      files: rewritten(withoutEntries(files, isEffect('inactive')), /<li>(no longer in force|effect ended) .*\n/, ''),
    }),
    failed: [
      /the pack lacks the entry that the order was no longer in effect\. By revision 3, the order was not in effect when this pack was made/,
    ],
  },
  {
    title: 'every ledger entry about the effect is missing',
    change: ({ files }) => ({
      files: rewritten(
        withoutEntries(files, (body) => isEffect('active')(body) || isEffect('inactive')(body)),
        /<h3>In (force|effect)<\/h3>\n<ul>\n[\s\S]*?<\/ul>\n/,
        '<p>The order has never been in effect.</p>\n',
      ),
    }),
    failed: [/the pack lacks the entry that the order took effect/],
  },
  {
    title: 'the order list in which the order first appeared is missing',
    change: ({ files }) => {
      const name = [...files.keys()].find((each) => each.startsWith('lists/')) ?? '';
      files.delete(name);
      return { files };
    },
    failed: [/lists\/\d+\.json is missing: the first order list with revision 1\. .* The operator left the list out\./],
  },
  {
    title: 'the order list in which the order first appeared is missing, and its ledger entry too',
    change: ({ files }) => {
      const name = [...files.keys()].find((each) => each.startsWith('lists/')) ?? '';
      const version = `"version":${/\d+/.exec(name)?.[0]}}`;
      files.delete(name);
      return { files: withoutEntries(files, (body) => body.includes('order.list') && body.includes(version)) };
    },
    failed: [/the pack has no order list with revision 1, and no ledger entry of one/],
  },
  {
    title: 'fewer affected devices than devices with receipts for the enforcement',
    change: ({ files }) => {
      write(files, SILENT, { ...json<object>(files, SILENT), affected: 3 });
      return { files: rewritten(files, /<th scope="row">0 of \d+<\/th>/, '<th scope="row">0 of 3</th>') };
    },
    failed: [
      /silent\.json: the number of affected devices is 3\. It must be 25 or more: 25 devices, such as device-\w+, signed that it enforced the order/,
    ],
  },
  {
    title: 'no receipts of affected devices',
    change: ({ files }) => {
      for (const name of files.keys()) if (name.startsWith('receipts/')) files.delete(name);
      return { files };
    },
    failed: [/silent\.json: the number of affected devices is \d+, and it lists 0 of them that never responded/],
  },
  {
    title: 'a creation time before the newest ledger entry',
    change: ({ files, manifest: { madeAt } }) => {
      const earlier = '2010-08-06T09:10:00.000Z';
      return { files: rewritten(files, new RegExp(madeAt), earlier), madeAt: earlier };
    },
    failed: [
      /manifest\.json says that the pack was made at 2010-08-06T09:10:00\.000Z\. The pack has ledger entry \d+ of 2010-08-06T12:\d\d.* The operator stated a wrong time\./,
    ],
  },
  {
    title: 'files in another order than every server writes',
    change: ({ files }) => ({ files: new Map([...files].reverse()) }),
    failed: [/manifest\.json lists silent\.json after summary\.html\. In a pack it comes before/],
  },
  {
    title: 'files in another order than the manifest’s',
    change: ({ files }) => ({ files, zipOrder: [...files.keys()].reverse() }),
    failed: [/The zip has summary\.html where the manifest has public-root\.json/],
  },
  {
    title: 'a page that the operator added, and a copy of the summary in a folder',
    change: ({ files }) => ({ files: files.set('explanation.html', PAGE).set('annex/summary.html', PAGE) }),
    failed: [
      /explanation\.html is not a file of an evidence pack: the operator added it and signed the manifest again/,
      /annex\/summary\.html is not a file of an evidence pack/,
    ],
  },
  {
    title: 'a PDF that the operator added',
    change: ({ files }) => ({ files: files.set('report.pdf', Buffer.from('%PDF-1.7\n')) }),
    failed: [/a file named “report\.pdf” follows, and no pack has a file of this name\. The file was added/],
  },
];

describe('cordon verify exits with 10 and reports the fault, its place and its meaning', () => {
  it.each(CASES)(
    '$title',
    async ({ change, failed }) => {
      const { code, out } = await verified(change);
      const lines = /FAILED:\n([\s\S]*?)\n\n/.exec(out)?.[1]?.split('\n') ?? [];
      expect(code, out).toBe(10);
      for (const pattern of failed) expect(lines).toContainEqual(expect.stringMatching(pattern));
    },
    60_000,
  );
});

it('a creation time after the newest ledger entry is not provable, and the report gives the limit', async () => {
  const { code, out } = await verified(({ files, manifest: { madeAt } }) => {
    const later = '2031-01-01T00:00:00.000Z';
    return { files: rewritten(files, new RegExp(madeAt), later), madeAt: later };
  });
  expect(code, out).toBe(0);
  const [, unproven = ''] = out.split('Not proven by this or any other pack:\n');
  expect(unproven).toMatch(
    /- That the pack was made at 2031-01-01T00:00:00\.000Z: this is the operator’s own statement\. The pack was made not before 2010-08-06T12:\d\d/,
  );
}, 60_000);
