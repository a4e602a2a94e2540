/** `cordon-monitor` as a process: it follows a ledger, and reports entries and alarms by webhook and mail. Covers cases 36 to 38. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointView } from '../../shared/api/ledger.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { makeEntry } from '../../shared/ledger/make-entry.ts';
import { signCheckpoint, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { signCosignature } from '../../shared/ledger/sign-cosignature.ts';
import { COSIGNATURE, splitNote } from '../../shared/ledger/signed-note.ts';
import { openWorld } from '../support/e2e-world.ts';
import { grow } from '../support/grown-tree.ts';
import { listenAsLedger, type ShownLedger } from '../support/ledger-listener.ts';
import { startMailServer, type TestMailServer } from '../support/mail-server.ts';
import { PROJECT } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';
import { newSigner } from '../support/witnessed-log.ts';

const ENTRY = join(PROJECT, 'server/cordon-monitor.js');
const SECRET = 'a secret of the webhook';
const SLOW = 60_000;
const signer = newSigner('cordon/ins_test');
const witness = newSigner('witness.example.org/w1');
const DEVICE = 'dev_aaaaaaaaaaaaaaaa';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let home: string;
let shown: ShownLedger;
let ledgerUrl: string;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'cordon-monitor-'));
  closing.push(() => rmSync(home, { recursive: true, force: true }));
  const listener = await listenAsLedger(() => shown);
  ledgerUrl = listener.url;
  closing.push(listener.close);
});

const entry = (kind: EntryDraft['kind'], subject: string | null, details: EntryDraft['public']) =>
  makeEntry({ kind, at: 1_000, subject, public: details });
const issued = (serial: number) => entry('certificate.issued', null, { serial: `s${serial}` });
const ofDevice = entry('workspace.wipe', DEVICE, {});
const ofOrder = entry('order.adopted', null, { order: '2026-001', revision: 1, digest: 'a'.repeat(64) });

/** Ledger with the given entries, whose checkpoint has a cosignature if `cosigned`. */
async function ledgerOf(made: readonly { readonly body: string }[], cosigned = false): Promise<ShownLedger> {
  const entries = made.map(({ body }) => Buffer.from(body));
  const { tree } = await grow(entries);
  const note = signCheckpoint({ size: tree.size, root: tree.root() }, signer);
  return { entries, note: cosigned ? note + signCosignature(splitNote(note).text, Date.now(), witness) : note };
}
const numbered = (count: number) => Array.from({ length: count }, (_, at) => issued(at));

function configure(settings: object): void {
  const file = join(home, 'monitor.json');
  writeFileSync(file, JSON.stringify({ ledger: ledgerUrl, key: verifierKey(signer), ...settings }), { mode: 0o600 });
}
const monitor = (args: readonly string[] = ['--once'], env: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [ENTRY, '--home', home, ...args], { env, within: SLOW });

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** Recipient of webhooks. `answer`: HTTP status, or null to keep the connection open without an answer. */
async function webhookRecipient(answer: () => number | null = () => 204) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body, json: JSON.parse(body) });
      const status = answer();
      if (status !== null) response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { received, webhook: { url: `http://127.0.0.1:${port}/hook`, secret: SECRET } };
}

describe('the monitor', () => {
  it('reports entries about an order, a certificate and a device by signed webhook and by mail, once', async () => {
    const { received, webhook } = await webhookRecipient();
    const mail: TestMailServer = await startMailServer(home);
    closing.push(mail.stop);
    const watch = [
      { name: 'the order', orders: ['2026-001'] },
      { name: 'my laptop', serials: ['s299'], openings: [ofDevice.opening] },
    ];
    configure({ watch, webhook, mail: { url: mail.url(), from: 'monitor@example.org', to: 'karl@example.org' } });
    const env = { NODE_EXTRA_CA_CERTS: mail.authorityFile };
    shown = await ledgerOf([...numbered(300), ofOrder]);
    expect(await monitor(['--once'], env)).toMatchObject({ code: 0, err: '' });
    shown = await ledgerOf([...numbered(300), ofOrder, ofDevice, issued(1)]);
    expect(await monitor(['--once'], env)).toMatchObject({ code: 0, err: '' });
    expect(await monitor(['--once'], env)).toMatchObject({ code: 0, err: '', out: '' });
    expect(received.map(({ json }) => [json['watch'], json['reason'], json['index']])).toEqual([
      ['my laptop', 'certificate s299', 299],
      ['the order', 'order 2026-001', 300],
      ['my laptop', DEVICE, 301],
    ]);
    for (const { headers, body, json } of received) {
      const signed = createHmac('sha256', SECRET).update(`${headers['cordon-time']}.${body}`).digest('hex');
      expect(headers['cordon-signature']).toBe(`sha256=${signed}`);
      expect(headers['cordon-report']).toBe(json['id']);
    }
    expect(mail.received.map(({ to }) => to)).toEqual([['karl@example.org'], ['karl@example.org']]);
    expect(mail.received[0]?.text).toContain('is about order 2026-001');
    expect(mail.received[1]?.text).toContain(`is about ${DEVICE}`);
  });

  it('delivers each report at least once when it is killed during the delivery, with a stable id', async () => {
    let answers = false;
    const { received, webhook } = await webhookRecipient(() => (answers ? 204 : null));
    configure({ watch: [{ name: 'order', orders: ['2026-001'] }], webhook });
    shown = await ledgerOf([...numbered(3), ofOrder]);
    const run = (): ChildProcess =>
      spawn(process.execPath, [ENTRY, '--home', home, '--interval', '1'], { stdio: 'ignore' });
    for (const round of [1, 2]) {
      const child = run();
      await expect.poll(() => received.length, { timeout: SLOW }).toBe(round);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    answers = true;
    expect(await monitor()).toMatchObject({ code: 0 });
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ json }) => json['id'])).size).toBe(1);
    expect(await monitor()).toMatchObject({ code: 0 });
    expect(received).toHaveLength(3);
  });

  it('keeps reports while the recipient fails, and fails itself with --once', async () => {
    let status = 500;
    const { received, webhook } = await webhookRecipient(() => status);
    configure({ watch: [{ name: 'order', orders: ['2026-001'] }], webhook });
    shown = await ledgerOf([ofOrder]);
    expect(await monitor()).toMatchObject({ code: EXIT.failed, err: expect.stringContaining('HTTP status 500') });
    expect(received).toHaveLength(3);
    status = 200;
    expect(await monitor()).toMatchObject({ code: 0 });
    expect(received).toHaveLength(4);
  });

  it.each<readonly [name: string, next: () => Promise<ShownLedger>, code: string]>([
    ['case 36: a fork of the same size', () => ledgerOf([...numbered(9), issued(77)]), 'ledger_forked'],
    ['case 36: a fork that has grown', () => ledgerOf([...numbered(9), issued(77), issued(78)]), 'ledger_forked'],
    ['case 38: a ledger that was restored', () => ledgerOf(numbered(7)), 'ledger_older'],
    ['case 37: a checkpoint of another key', async () => foreign(await ledgerOf(numbered(11))), 'checkpoint_invalid'],
    [
      'entries that differ from the checkpoint',
      async () => ({
        ...(await ledgerOf(numbered(11))),
        entries: [...(await ledgerOf(numbered(10))).entries, Buffer.from(ofOrder.body)],
      }),
      'ledger_forked',
    ],
  ])('%s is an alarm with exit code 10, and the verified tree stays', async (_name, next, code) => {
    const { received, webhook } = await webhookRecipient();
    configure({ webhook });
    shown = await ledgerOf(numbered(10));
    expect(await monitor()).toMatchObject({ code: 0 });
    const good = shown;
    shown = await next();
    for (const _again of [1, 2]) {
      expect(await monitor()).toMatchObject({ code: EXIT.unverified, err: expect.stringContaining(`ALARM ${code}`) });
    }
    expect(received.map(({ json }) => json)).toMatchObject([
      { kind: 'alarm', code, verified: good.note, shown: shown.note },
    ]);
    shown = await ledgerOf([...numbered(10), issued(10)]);
    expect(await monitor()).toMatchObject({ code: 0, out: expect.stringContaining('verified 11 entries') });
  });

  it('requires the cosignatures of its settings', async () => {
    configure({ witnesses: { threshold: 1, keys: [verifierKey(witness, COSIGNATURE)] } });
    shown = await ledgerOf(numbered(5), true);
    expect(await monitor()).toMatchObject({ code: 0 });
    shown = await ledgerOf(numbered(6));
    expect(await monitor()).toMatchObject({
      code: EXIT.unverified,
      err: expect.stringContaining('ledger_not_cosigned'),
    });
    shown = await ledgerOf(numbered(6), true);
    expect(await monitor()).toMatchObject({ code: 0, out: expect.stringContaining('verified 6 entries') });
  });

  it('refuses faulty settings in one line, and says when the ledger cannot be read', async () => {
    shown = await ledgerOf(numbered(1));
    expect(await monitor()).toMatchObject({ code: EXIT.notFound, err: expect.stringContaining('monitor.json') });
    const api = { server: ledgerUrl, token: 'any' };
    for (const [settings, words] of [
      [{ watch: [{ name: 'x', orders: ['1'] }] }, 'watch.0.orders.0'],
      [{ watch: [{ name: 'x', subjects: [DEVICE] }] }, 'api must be set'],
      [
        {
          watch: ['a', 'b'].map((name) => ({
            name,
            subjects: [1, 2, 3].map((end) => `dev_${name.repeat(15)}${end + 1}`),
          })),
          api,
        },
        'at most 5 subjects',
      ],
      [{ surprise: 1 }, 'surprise'],
    ] as const) {
      configure(settings);
      const { code, err } = await monitor();
      expect([code, err.trim().split('\n').length]).toEqual([EXIT.usage, 1]);
      expect(err).toContain(words);
    }
    configure({});
    chmodSync(join(home, 'monitor.json'), 0o644);
    expect(await monitor()).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('chmod 600') });
    chmodSync(join(home, 'monitor.json'), 0o600);
    writeFileSync(
      join(home, 'monitor.json'),
      readFileSync(join(home, 'monitor.json'), 'utf8').replace(ledgerUrl, 'http://127.0.0.1:9'),
    );
    expect(await monitor()).toMatchObject({ code: EXIT.unavailable });
  });
});

function foreign({ note, entries }: ShownLedger): ShownLedger {
  const { text } = splitNote(note);
  const [, size, root] = text.split('\n');
  const impostor = newSigner(signer.name);
  return { entries, note: signCheckpoint({ size: Number(size), root: Buffer.from(root ?? '', 'base64') }, impostor) };
}

it('follows a real server, and recognizes a device by openings that an auditor’s token may read', async () => {
  const { received, webhook } = await webhookRecipient();
  const world = await openWorld();
  closing.push(world.remove);
  const { server, operator } = world;
  const [mine, other] = [await world.enrolled(), await world.enrolled()];
  writeFileSync(join(home, 'root.pem'), readFileSync(join(server.home, 'keys', 'root.crt')));
  const { key } = await operator.as(operator.owner, 'GET', '/ledger/checkpoint', checkpointView);
  configure({
    ledger: server.public,
    ca: 'root.pem',
    key,
    watch: [{ name: 'mine', subjects: [mine.device] }],
    api: { server: server.admin, token: operator.owner.token },
    webhook,
  });
  await until(async () => {
    expect(await monitor()).toMatchObject({ code: 0 });
    expect(received.map(({ json }) => json['reason'])).toEqual([mine.device]);
  }, SLOW);
  await world.revoke(mine.device);
  await world.revoke(other.device);
  await until(async () => {
    expect(await monitor()).toMatchObject({ code: 0 });
    expect(received.map(({ json }) => JSON.stringify(json['entry']).includes('certificate.revoked'))).toEqual([
      false,
      true,
    ]);
  }, SLOW);
  configure({
    ledger: server.public,
    ca: 'root.pem',
    key,
    watch: [{ name: 'mine', subjects: [other.device] }],
    api: { server: server.admin, token: 'wrong' },
  });
  rmSync(join(home, 'monitor.db'));
  expect(await monitor()).toMatchObject({ code: EXIT.unavailable, err: expect.stringContaining('HTTP status 401') });
}, 180_000);
