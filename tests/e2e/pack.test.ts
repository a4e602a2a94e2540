/**
 * An order of 2010 with its complete course and its evidence pack. A process that knows nothing of the server verifies the pack in a
 * separate folder.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { invitedAccount } from '../../shared/api/accounts.ts';
import { orderList } from '../../shared/api/orders.ts';
import { readZip } from '../../shared/pack/zip.ts';
import { openPlayer, type Player } from '../replay/player.ts';
import { parseTimeline } from '../replay/timeline.ts';
import { adminCli } from '../support/admin-cli.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = programPath('server/cordon.js');
const folder = mkdtempSync(join(tmpdir(), 'cordon-pack-'));
const pack = join(folder, 'order.zip');
const root = join(folder, 'public-root.json');
const anew = join(folder, 'anew.zip');
const kept = join(folder, 'kept-checkpoint');
const identity = join(folder, 'counsel.key');
const git = tool('git', 'apt-get install git');
const age = tool('age', 'apt-get install age');
let recipient: string[] = [];
let entries: string[] = [];
let player: Player;
let order: string;
let fingerprint: string;

/** Runs `cordon verify` as a person without an account and a server. */
const verify = (args: readonly string[], entry = ENTRY) =>
  runProgram(process.execPath, [entry, 'verify', ...args], {
    cwd: folder,
    env: {
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      CORDON_HOME: join(folder, 'none'),
      CORDON_SERVER: 'http://127.0.0.1:1',
    },
  });

beforeAll(async () => {
  const timeline = parseTimeline(readFileSync(join(import.meta.dirname, '../timelines/saudi-2010.json'), 'utf8'));
  player = await openPlayer(timeline, join(folder, 'played'));
  for (const step of timeline.steps) expect((await player.play(step)).failure).toBeNull();
  const { owner, adminUrl } = player;
  order = (await owner.api.call('GET', '/orders', orderList)).orders[0]?.number ?? '';
  const cordon = adminCli(adminUrl, folder, { CORDON_TOKEN: owner.token });
  if (age.present) {
    await runProgram('age-keygen', ['-o', identity]);
    recipient = [
      '--annex-for',
      (await runProgram('age-keygen', ['-y', identity])).out.trim(),
      '--name',
      'Outside counsel',
    ];
  }
  const made = await cordon(['orders', 'pack', order, '--out', pack, ...recipient]);
  expect(made).toMatchObject({ code: 0, err: '' });
  await until(async () => {
    const { out } = await cordon(['ledger', 'entries', '--limit', '500']);
    entries = out.split('\n').filter((line) => line.includes('names.sealed'));
    if (age.present && entries.length === 0) throw new Error('the ledger has not taken the entry up');
  });
  expect(await cordon(['orders', 'pack', order, '--out', pack])).toMatchObject({
    code: 6,
    err: expect.stringContaining('[conflict]'),
  });
  fingerprint = (await cordon.json<{ fingerprint: string }>(['public-root', '--out', root])).fingerprint;
  // After the pack was created, the ledger gets a further entry, and an auditor saves its new checkpoint.
  const account = { email: 'late@example.org', name: 'Late', grants: [{ role: 'auditor' }] };
  await owner.browser.call('POST', '/accounts', invitedAccount, account);
  await until(async () => {
    expect((await cordon(['ledger', 'entries', '--limit', '500'])).out.match(/role\.granted .*auditor/g)).toBeTruthy();
  });
  writeFileSync(kept, (await cordon(['ledger', 'checkpoint'])).out);
  expect((await cordon(['orders', 'pack', order, '--out', anew, '--checkpoint', kept])).code).toBe(0);
  await player.close();
}, 240_000);
afterAll(async () => {
  await player?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('a pack is valid for the public root’s fingerprint, and for its file', async () => {
  const checked = await verify([pack, '--root', fingerprint]);
  expect(checked).toMatchObject({ code: 0, err: '' });
  expect(checked.out).toMatch(new RegExp(`^Order ${order}, pack created at 20`));
  expect(checked.out).toMatch(/Proven:\n {2}- The pack belongs to installation /);
  expect(checked.out).toMatch(/- \d+ receipts of \d+ devices about this order/);
  expect(checked.out).toMatch(/Not proven by this or any other pack:\n/);
  expect(checked.out).toMatch(/The pack is valid\.\n$/);
  const { code, out } = await verify([pack, '--root', root, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ order, valid: true });
}, 60_000);

it('a false pack is reported with its faults and exit code 10, and a false root is refused', async () => {
  const bytes = readFileSync(pack);
  const at = bytes.indexOf('Saudi');
  bytes.write('Saubi', at);
  const changed = join(folder, 'changed.zip');
  writeFileSync(changed, bytes);
  const checked = await verify([changed, '--root', root]);
  expect(checked.code).toBe(10);
  expect(checked.out).toMatch(/FAILED:\n {2}- .*summary\.html/);
  expect(checked.out).toMatch(/The pack is INVALID\.\n$/);
  expect(checked.err).toMatch(/\[pack_invalid\]/);
  expect(await verify([pack, '--root', 'f'.repeat(64)])).toMatchObject({ code: 10 });
  expect(await verify([pack, '--root', join(folder, 'no-such-file')])).toMatchObject({ code: 5 });
  expect(await verify([pack])).toMatchObject({ code: 2 });
  // The file of the root or of the checkpoint never ends.
  expect(await verify([pack, '--root', '/dev/zero'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('it has more than 16777216 bytes'),
  });
}, 60_000);

it.skipIf(!git.present)(
  'a pack is valid in a new clone of the repository, which also finds and names a changed byte',
  async () => {
    const clone = join(folder, 'clone');
    const cloned = await runProgram('git', ['clone', '-q', ROOT, clone], { cwd: folder });
    expect(cloned).toMatchObject({ code: 0 });
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    const entry = join(clone, 'server/cordon.js');
    expect(await verify([pack, '--root', fingerprint], entry)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/The pack is valid\.\n$/),
    });
    const bytes = readFileSync(pack);
    const { files } = readZip(bytes);
    const receipts = files.find(({ name }) => name === 'receipts/1.json')?.bytes ?? Buffer.alloc(0);
    const at = bytes.indexOf(receipts) + Math.floor(receipts.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const changed = join(folder, 'one-byte.zip');
    writeFileSync(changed, bytes);
    const checked = await verify([changed, '--root', fingerprint], entry);
    expect(checked.code).toBe(10);
    expect(checked.out).toMatch(/FAILED:\n {2}- .*receipts\/1\.json/);
  },
  60_000,
);

it('a pack is compared with a saved checkpoint, and a missing proof is reported as not provable', async () => {
  const later = await verify([pack, '--root', fingerprint, '--checkpoint', kept]);
  expect(later).toMatchObject({ code: 5, err: expect.stringContaining('has no proof from the checkpoint') });
  expect(later.out).toMatch(/Your checkpoint: NOT PROVABLE.*\nThe pack is valid\.\n$/);
  const given = ['--root', fingerprint, '--checkpoint'];
  expect(await verify([anew, ...given, kept])).toMatchObject({
    code: 0,
    out: expect.stringContaining('Your checkpoint: CONSISTENT'),
  });
  expect(await verify([pack, ...given, root])).toMatchObject({
    code: 10,
    err: expect.stringContaining('/transparency'),
  });
  expect(await verify([pack, ...given, join(folder, 'none')])).toMatchObject({ code: 5 });
}, 60_000);

it.skipIf(!age.present)(
  'names are exported separately, encrypted for one recipient, and with a ledger entry',
  async () => {
    const { out } = await runProgram('age', ['-d', '-i', identity, join(folder, 'order-names.csv.age')]);
    const [head, ...rows] = out.replace('\ufeff', '').trim().split(/\r?\n/);
    expect(head).toBe('handle,device,name');
    const bytes = readFileSync(pack);
    const handles = new Set(bytes.toString('latin1').match(/device-[a-z2-7]{10}/g));
    expect(rows).toHaveLength(handles.size);
    for (const row of rows) {
      const [handle, device, name] = row.split(',');
      expect(handles.has(handle ?? '')).toBe(true);
      expect(device).toMatch(/^dev_/);
      expect(name).toMatch(/^\w[\w -]* \d+$/);
      expect(bytes.includes(`"${name}"`)).toBe(false);
    }
    expect(entries).toHaveLength(1);
    expect(entries[0]).toContain('"of":"pack"');
    expect(entries[0]).not.toMatch(/age1|counsel/);
  },
);
