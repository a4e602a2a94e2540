/** Notifications over both databases, with real receivers: HTTP, SMTP, syslog over TCP and UDP, and a file. */
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Cause, createNotifications, createSender } from '../../server/notifications/notifications.ts';
import { createReceiverAddresses } from '../../server/outbound/receiver-addresses.ts';
import { createSmtpMailer } from '../../server/smtp/smtp-mailer.ts';
import type { Database } from '../../server/store/database.ts';
import { NotificationStore } from '../../server/store/notification-store.ts';
import type { NotificationCondition } from '../../shared/api/notifications.ts';
import { createServer } from '../../shared/node-http.ts';
import type { ChannelId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { testCustody } from '../support/custody.ts';
import { MAIL_PASSWORD, MAIL_USER, startMailServer } from '../support/mail-server.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const START = 1_700_000_000_000;
const HOUR = 3_600_000;
const custody = testCustody();
const cleanups: (() => unknown)[] = [];

interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Receiver of webhooks. `status`: HTTP status of the next responses. */
async function receiver() {
  const received: Received[] = [];
  const answer = { status: 204 };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(answer.status).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanups.push(() => server.close());
  return { received, answer, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

function folderFor(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-notifications-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function worldOf(
  database: Database,
  mailer: Parameters<typeof createSender>[0]['mailer'] = null,
  allowed: readonly string[] = ['127.0.0.1'],
) {
  const clock = new DrivenClock(START);
  const present: Cause[] = [];
  const raised: string[] = [];
  const folder = folderFor();
  const source = async () => present;
  const addresses = createReceiverAddresses(allowed);
  const notifications = createNotifications({
    store: new NotificationStore(database),
    sealer: {
      seal: (plain, id) => custody.seal(Buffer.from(plain), id),
      unseal: (text, id) => custody.unseal(text, id).toString(),
    },
    causes: {
      'approval-pending': source,
      'health-issue': source,
      'device-offline': source,
      'order-effective': source,
      'device-enrolled': source,
      'device-not-compliant': source,
      'job-failed': source,
    },
    send: createSender({ mailer, addresses, folder, now: () => clock.now() }),
    requireReceiver: addresses.requireHost,
    origin: { installation: 'ins_test', organization: 'Example' },
    clock,
    now: () => clock.now(),
    raise: async ({ detail }) => void raised.push(detail),
    log: { warn: (facts) => expect(facts).toBeNull() },
  });
  cleanups.push(() => notifications.stop());
  const history = async () =>
    (await notifications.deliveries({ channel: null, state: null }, { cursor: null, limit: 100 })).deliveries;
  return {
    notifications,
    present,
    raised,
    folder,
    history,
    pass: (milliseconds: number) => clock.jump(clock.now() + milliseconds),
    /** Waits until the newest delivery is in the given state. */
    settled: (state: string, attempts: number) =>
      until(async () => {
        const [newest] = await history();
        if (newest?.state === state && newest.attempts === attempts) return newest;
        throw new Error(`the newest delivery is ${newest?.state} after ${newest?.attempts} attempts`);
      }, 10_000),
    rule: (channels: ChannelId[], condition: NotificationCondition, repeatHours: number | null = null) =>
      notifications.createRule({
        name: `Rule ${channels[0]}`,
        condition,
        group: null,
        channels,
        repeatHours,
        enabled: true,
      }),
  };
}

const offline = (name: string): Cause => ({ key: name, title: name, detail: 'offline', device: null, order: null });
const OFFLINE = { kind: 'device-offline', days: 7 } as const;

/** Check of a receiver by the text of Standard Webhooks, without code of the server. */
function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return (headers['webhook-signature'] ?? '').split(' ').includes(expected);
}

describeOnEveryStore('notifications', (open) => {
  // Inside the suite, so that it runs before the store closes.
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  it('send each cause once, in one signed request, and again after the repeat time', async () => {
    const { notifications, present, rule, settled, history, pass } = worldOf(await open());
    const { received, url } = await receiver();
    const { channel, secret } = await notifications.createChannel({ name: 'Hook', type: 'webhook', url });
    present.push(offline('a'), offline('b'));
    await rule([channel.id], OFFLINE, 24);
    const delivery = await settled('delivered', 1);
    expect(delivery).toMatchObject({ title: '2 devices are offline', test: false });
    expect(received).toHaveLength(1);
    const [request] = received as [Received];
    expect(isSigned(request, secret ?? '')).toBe(true);
    expect(request.headers['webhook-id']).toBe(delivery.id);
    expect(JSON.parse(request.body)).toMatchObject({
      type: 'cordon.device-offline',
      data: { installation: 'ins_test', total: 2, causes: [{ title: 'a' }, { title: 'b' }] },
    });

    present.push(offline('c'));
    pass(HOUR);
    notifications.check();
    await until(async () => expect(received).toHaveLength(2));
    expect(JSON.parse(received[1]?.body ?? '').data.causes).toMatchObject([{ title: 'c' }]);
    pass(24 * HOUR);
    notifications.check();
    await until(async () => expect(received).toHaveLength(3));
    expect(JSON.parse(received[2]?.body ?? '').data.total).toBe(3);
    expect(await history()).toHaveLength(3);
  });

  it('retry a failed delivery with the same id, give up, and replay it', async () => {
    const { notifications, settled, raised, pass } = worldOf(await open());
    const { received, answer, url } = await receiver();
    const { channel } = await notifications.createChannel({ name: 'Hook', type: 'webhook', url });
    answer.status = 500;
    const id = await notifications.test(channel.id);
    expect(await settled('waiting', 1)).toMatchObject({ failure: 'it answered with HTTP status 500', test: true });
    for (let attempts = 2; attempts <= 7; attempts++) {
      pass([30_000, 120_000, 600_000, HOUR, 4 * HOUR, 12 * HOUR][attempts - 2] ?? 0);
      notifications.check();
      await settled('waiting', attempts);
    }
    pass(24 * HOUR);
    notifications.check();
    await settled('dead', 8);
    expect(raised).toEqual([expect.stringContaining(id)]);
    answer.status = 200;
    await notifications.replay(id);
    await settled('delivered', 1);
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect(received).toHaveLength(9);
  });

  it('sign with both secrets during a rotation, and with the new one afterward', async () => {
    const { notifications, settled, pass } = worldOf(await open());
    const { received, url } = await receiver();
    const { channel, secret: old } = await notifications.createChannel({ name: 'Hook', type: 'webhook', url });
    const { secret: fresh } = await notifications.rotateSecret(channel.id);
    await notifications.test(channel.id);
    await settled('delivered', 1);
    pass(25 * HOUR);
    await notifications.test(channel.id);
    await until(async () => expect(received).toHaveLength(2));
    const signed = (secret: string | null) => received.map((request) => isSigned(request, secret ?? ''));
    expect([signed(old), signed(fresh)]).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  it('keep secrets encrypted', async () => {
    const database = await open();
    const { notifications } = worldOf(database);
    const { secret } = await notifications.createChannel({
      name: 'Hook',
      type: 'webhook',
      url: 'https://example.org/x',
    });
    const rows = await database.db.selectFrom('notification_channels').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(await notifications.channels())).not.toContain('whsec_');
  });

  it('refuse a receiver with an internal address that the operator did not allow, at its creation', async () => {
    const { notifications } = worldOf(await open(), null, []);
    for (const [field, receiver, address] of [
      ['url', { type: 'webhook', url: 'http://127.0.0.2:9/' }, '127.0.0.2'],
      ['url', { type: 'webhook', url: 'http://93.184.215.14/' }, '93.184.215.14'],
      ['url', { type: 'webhook', url: 'https://[fd00::7]/hook' }, 'fd00::7'],
      ['url', { type: 'webhook', url: 'https://localhost/hook' }, 'localhost'],
      ['host', { type: 'syslog', host: '10.0.5.7', port: 514, transport: 'udp' }, '10.0.5.7'],
    ] as const) {
      const created = notifications.createChannel({ name: 'Hook', ...receiver });
      const refused: unknown = await created.then(
        () => null,
        (error: unknown) => error,
      );
      expect([address, refused]).toMatchObject([address, { code: 'invalid_input', context: { field } }]);
      expect(String(refused)).toContain(address);
      expect(String(refused)).toContain(address === '93.184.215.14' ? 'without TLS' : 'CORDON_PRIVATE_RECEIVERS');
    }
    expect(await notifications.channels()).toEqual([]);
  });

  it('refuse an internal address that the operator no longer allows, at the delivery', async () => {
    const database = await open();
    const hook = { name: 'Hook', type: 'webhook', url: 'http://127.0.0.2:9/' } as const;
    const { channel } = await worldOf(database, null, ['127.0.0.0/8']).notifications.createChannel(hook);
    const { notifications, settled } = worldOf(database);
    await notifications.test(channel.id);
    expect((await settled('waiting', 1)).failure).toContain('CORDON_PRIVATE_RECEIVERS');
  });

  it('keep a channel that a rule uses, and refuse an equal name', async () => {
    const { notifications, rule } = worldOf(await open());
    const hook = { name: 'Hook', type: 'webhook', url: 'https://example.org/x' } as const;
    const { channel } = await notifications.createChannel(hook);
    await expect(notifications.createChannel(hook)).rejects.toMatchObject({ code: 'conflict' });
    const { id } = await rule([channel.id], OFFLINE);
    await expect(notifications.deleteChannel(channel.id)).rejects.toMatchObject({ code: 'conflict' });
    await notifications.deleteRule(id);
    await notifications.deleteChannel(channel.id);
    expect(await notifications.channels()).toEqual([]);
  });

  it('go by mail with the id of the delivery as Message-ID', async () => {
    const mail = await startMailServer(folderFor(), { tls: 'offered' });
    cleanups.push(() => mail.stop());
    const server = {
      host: '127.0.0.1',
      port: mail.port,
      login: { user: MAIL_USER, password: MAIL_PASSWORD },
      tls: 'offered',
    } as const;
    const log = { warn: () => undefined, info: () => undefined };
    const mailer = createSmtpMailer({ server, from: 'cordon@example.org', organization: 'Example', log });
    cleanups.push(() => mailer.stop());
    const { notifications, present, rule, settled } = worldOf(await open(), mailer);
    const { channel } = await notifications.createChannel({ name: 'Mail', type: 'mail', to: 'night@example.org' });
    present.push(offline('Ada (laptop)'));
    await rule([channel.id], OFFLINE);
    const { id } = await settled('delivered', 1);
    expect(mail.received).toMatchObject([
      { to: ['night@example.org'], text: expect.stringContaining('Ada (laptop): offline') },
    ]);
    expect(mail.received[0]?.headers).toContain(`<${id}@example.org>`);
  });

  it('go to syslog with octet counting over TCP, and as a datagram', async () => {
    const { notifications, settled } = worldOf(await open());
    let heard = '';
    const tcp = createTcpServer((socket) => socket.on('data', (chunk) => (heard += chunk.toString())));
    await new Promise<void>((listening) => tcp.listen(0, '127.0.0.1', listening));
    cleanups.push(() => tcp.close());
    const syslog = { type: 'syslog', host: '127.0.0.1' } as const;
    const { port } = tcp.address() as AddressInfo;
    const { channel } = await notifications.createChannel({ ...syslog, name: 'TCP', port, transport: 'tcp' });
    await notifications.test(channel.id);
    await settled('delivered', 1);
    const [, length = '', message = ''] = /^(\d+) (.*)$/s.exec(heard) ?? [];
    expect(Buffer.byteLength(message)).toBe(Number(length));
    expect(message).toMatch(/^<133>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ cordon - cordon\.test - \ufeff\{"id":"ntd_/);

    const udp = createSocket('udp4');
    const datagram = new Promise<string>((resolve) => udp.once('message', (bytes) => resolve(bytes.toString())));
    await new Promise<void>((bound) => udp.bind(0, '127.0.0.1', bound));
    cleanups.push(() => udp.close());
    const other = await notifications.createChannel({
      ...syslog,
      name: 'UDP',
      port: udp.address().port,
      transport: 'udp',
    });
    await notifications.test(other.channel.id);
    expect(await datagram).toMatch(/^<133>1 /);
  });

  it('go to a file as JSON lines that only the server’s user can read', async () => {
    const { notifications, settled, folder } = worldOf(await open());
    const { channel } = await notifications.createChannel({ name: 'File', type: 'file', file: 'alerts' });
    const id = await notifications.test(channel.id);
    await settled('delivered', 1);
    const path = join(folder, 'alerts.jsonl');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ id, type: 'cordon.test', data: { test: true } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
