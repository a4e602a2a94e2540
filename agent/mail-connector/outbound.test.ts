import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newDeviceId, newPersonId } from '../../shared/protocol/ids.ts';
import type { SealedMail } from '../../shared/protocol/mail-http.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { EXPLAIN, MailIntake, OPEN } from '../../tests/support/mail-intake.ts';
import { MAIL_PASSWORD, MAIL_USER, startMailServer, type TestMailServer } from '../../tests/support/mail-server.ts';
import type { OpenedMail } from '../mail/open-mail.ts';
import type { Member } from '../messaging/members/member.ts';
import { createOutboundDelivery } from './outbound-delivery.ts';
import { createOutboundIntake, outboundFault, outboundRefusal } from './outbound-intake.ts';
import { RETURN_AFTER } from './retry-schedule.ts';
import { createSenderNotices } from './sender-notices.ts';
import { createSubmitter, failedResults, type Submitter } from './submission.ts';

const MESSAGE = [
  'From: Amina <amina@corp.example>',
  'To: otto@outside.example',
  'Subject: =?utf-8?q?caf=C3=A9?=',
  'Message-ID: <42@corp.example>',
  'In-Reply-To: <41@outside.example>',
  'References: <40@outside.example>',
  ' <41@outside.example>',
  '',
  '.a line that begins with a dot',
  'the text',
  '',
].join('\r\n');

/** Header fields that are longer than the part of a header that the connector reads. */
const LONG = `X-Long: ${'x'.repeat(500)}\r\n`.repeat(600);

let folder: string;
let server: TestMailServer;
let intake: MailIntake;
let submitter: Submitter;
let now: number;

const amina: Member = {
  device: newDeviceId(),
  generation: 1,
  person: newPersonId(),
  name: 'Amina',
  email: 'amina@corp.example',
  signatureKey: '',
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-outbound-'));
  server = await startMailServer(folder, { tls: 'none' });
  intake = await MailIntake.start();
  now = Date.now();
  intake.now = () => now;
  submitter = createSubmitter(
    { host: '127.0.0.1', port: server.port, tls: 'none', login: { user: MAIL_USER, password: MAIL_PASSWORD } },
    'connector.example',
  );
});
afterEach(async () => {
  submitter.close();
  await intake.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const delivery = (given: Submitter = submitter) =>
  createOutboundDelivery({
    queue: intake.queue,
    submitter: given,
    gate: () => intake.gate,
    notices: createSenderNotices({
      queue: intake.queue,
      host: 'connector.example',
      explain: EXPLAIN,
      now: () => now,
      onNotice: () => undefined,
    }),
    now: () => now,
    random: () => 1,
    onFailure: (what, error) => intake.failures.push(`${what}: ${String(error)}`),
    onUnreadable: (detail) => intake.failures.push(detail),
  });

/** Takes a mail of the sender's device, as the connector opens it. */
async function take(
  message: string,
  to = ['otto@outside.example'],
  from: string | null = 'Amina@corp.example',
  id = crypto.randomUUID(),
  by = amina,
): Promise<void> {
  const header = {
    direction: 'outbound' as const,
    installation: 'test',
    at: now,
    envelope: { from, to },
    size: message.length,
    sha256: '',
  };
  const opened: OpenedMail = { header, message: Buffer.from(message), sender: by };
  const { take: store } = createOutboundIntake({
    queue: intake.queue,
    piece: async () => Buffer.alloc(0),
    open: async () => opened,
    host: 'connector.example',
    now: () => now,
    random: () => 1,
    onQueued: () => undefined,
    onUnopenable: (detail) => intake.failures.push(detail),
  });
  const sender = { device: amina.device, generation: 1 };
  await store({ id, sender } as unknown as SealedMail);
}

const inbound = async () => {
  const rows = intake.queue.due('inbound', 10);
  return Promise.all(
    rows.map(async ({ mail, lane }) => ({
      lane,
      envelope: intake.queue.mail(mail)?.envelope,
      text: (await intake.queue.message(mail)).toString(),
    })),
  );
};

describe('mail of a device', () => {
  it('reaches the company’s mail server with its bytes as they are, once', async () => {
    const id = crypto.randomUUID();
    await take(MESSAGE, undefined, undefined, id);
    await take(MESSAGE, undefined, undefined, id);
    await delivery().run();
    expect(server.received).toHaveLength(1);
    expect(server.received[0]).toMatchObject({
      from: 'amina@corp.example',
      to: ['otto@outside.example'],
      user: MAIL_USER,
    });
    expect(server.heard()).toContain(MESSAGE.replace('\r\n.a', '\r\n..a'));
    expect(intake.queue.counts()).toEqual({});
    await take(MESSAGE, undefined, undefined, id);
    expect(intake.queue.counts()).toEqual({});
  });

  it.each([
    ['another From', MESSAGE.replace('amina@corp', 'bilal@corp'), undefined],
    [
      'two From addresses',
      MESSAGE.replace('<amina@corp.example>', '<amina@corp.example>, bilal@corp.example'),
      undefined,
    ],
    ['two From fields', `From: bilal@corp.example\r\n${MESSAGE}`, undefined],
    ['two From fields, one with a line feed', `X: 1\nFrom: bilal@corp.example\r\n${MESSAGE}`, undefined],
    ['a From field after a carriage return', `X: 1\rFrom: bilal@corp.example\r\n${MESSAGE}`, undefined],
    [
      'a From field behind a long header',
      MESSAGE.replace('\r\n\r\n', `\r\n${LONG}From: bilal@corp.example\r\n\r\n`),
      undefined,
    ],
    ['another Sender', `Sender: bilal@corp.example\r\n${MESSAGE}`, undefined],
    ['no From', MESSAGE.replace(/^From.*\r\n/, ''), undefined],
    ['another envelope sender', MESSAGE, 'bilal@corp.example'],
    ['a null sender', MESSAGE, null],
  ])('is returned to its own devices with %s', async (_what, message, from) => {
    await take(message, undefined, from);
    await delivery().run();
    expect(server.received).toEqual([]);
    const [notice, ...more] = await inbound();
    expect(more).toEqual([]);
    expect(notice).toMatchObject({
      lane: amina.person,
      envelope: { from: null, to: [{ address: 'amina@corp.example' }] },
    });
    expect(notice?.text).toMatch(/Status: 5\.7\.1/);
  });

  it.each(['a@b c', 'a@b\r\nRCPT TO:<victim@c>', '<a@b>', 'a,b@c', 'no-domain', 'a\u200b@corp.example'])(
    'is returned if a recipient is %j',
    (address) => {
      const envelope = { from: 'amina@corp.example', to: [address] };
      expect(outboundFault({ envelope }, Buffer.from(MESSAGE), 'amina@corp.example')).toMatch(/not valid/);
    },
  );

  it.each([
    ['a device of a person', amina, 'outbound', null],
    ['mail for devices', amina, 'inbound', /not for the company/],
    ['a mail connector', { ...amina, mailConnector: true }, 'outbound', /mail connector/],
    ['a person without an address', { ...amina, email: null }, 'outbound', /no e-mail address/],
  ] as const)('from %s is judged', (_what, sender, direction, expected) => {
    const refusal = outboundRefusal(sender, { direction });
    if (expected === null) expect(refusal).toBeNull();
    else expect(refusal).toMatch(expected);
  });
});

describe('addresses with other characters than ASCII (RFC 6531)', () => {
  const own = 'jürgen@bücher.example';
  const message = MESSAGE.replace('<amina@corp.example>', '<JÜRGEN@xn--bcher-kva.example>');
  const person: Member = { ...amina, email: own };

  it('reach the mail server with SMTPUTF8', async () => {
    await take(message, ['søren@dømi.example', 'otto@dømi.example'], own, undefined, person);
    await delivery().run();
    expect(server.received).toMatchObject([{ from: own, to: ['søren@dømi.example', 'otto@dømi.example'] }]);
    expect(Buffer.from(server.heard(), 'latin1').toString()).toMatch(
      /MAIL FROM:<jürgen@bücher\.example> SMTPUTF8[\s\S]*RCPT TO:<søren@dømi\.example>[\s\S]*RCPT TO:<otto@xn--dmi-0na\.example>/,
    );
  });

  it('need no SMTPUTF8 if only the domain has them', async () => {
    await take(MESSAGE, ['otto@dømi.example']);
    await delivery().run();
    expect(server.received).toMatchObject([{ to: ['otto@dømi.example'] }]);
    expect(server.heard()).not.toContain('SMTPUTF8');
  });

  it('are in a notification in ASCII (RFC 6533)', async () => {
    server.refused.add('søren@dømi.example');
    // The library sends the domain in lower case, so the refused recipient must be recognized in this form.
    await take(message, ['søren@Dømi.example', 'otto@outside.example'], own, undefined, person);
    await delivery().run();
    expect((await inbound()).map(({ text }) => text)).toEqual([
      expect.stringContaining('Final-Recipient: utf-8; s\\x{F8}ren@D\\x{F8}mi.example\r\n'),
    ]);
  });

  it('of a person are no address of another person with similar letters', () => {
    const envelope = { from: 'аmina@corp.example', to: ['otto@outside.example'] };
    expect(outboundFault({ envelope }, Buffer.from(MESSAGE), 'amina@corp.example')).toMatch(/only from/);
    const similar = Buffer.from(MESSAGE.replace('<amina@', '<аmina@'));
    expect(
      outboundFault({ envelope: { ...envelope, from: 'amina@corp.example' } }, similar, 'amina@corp.example'),
    ).toMatch(/must contain only/);
  });
});

describe('the company’s mail server', () => {
  it('refuses one recipient: the others get the mail, and the sender gets a sealed notification', async () => {
    server.refused.add('nobody@outside.example');
    await take(MESSAGE, ['otto@outside.example', 'nobody@outside.example']);
    await delivery().run();
    expect(server.received.map(({ to }) => to)).toEqual([['otto@outside.example']]);
    const [notice] = await inbound();
    expect(notice?.lane).toBe(amina.person);
    expect(notice?.text).toMatch(
      /Final-Recipient: rfc822; nobody@outside\.example\r\nAction: failed\r\nStatus: 5\.0\.0/,
    );
    expect(notice?.text).toMatch(/Diagnostic-Code: smtp; 550 No such mailbox/);
    expect(notice?.text).toContain('Subject: =?utf-8?q?caf=C3=A9?=');
    expect(intake.queue.counts()).toEqual({ 'inbound waiting': 1 });
  });

  it('refuses all recipients', async () => {
    for (const name of ['a', 'b']) server.refused.add(`${name}@outside.example`);
    await take(MESSAGE, ['a@outside.example', 'b@outside.example']);
    await delivery().run();
    expect((await inbound()).map(({ text }) => /Final-Recipient: (.*)/.exec(text)?.[1])).toEqual([
      'rfc822; a@outside.example',
      'rfc822; b@outside.example',
    ]);
  });

  it('is down: the mail waits, and is sent once when it is back', async () => {
    await take(MESSAGE);
    await server.stop();
    const next = await delivery().run();
    expect(next).toBeGreaterThan(now);
    expect(await inbound()).toEqual([]);
    await server.start();
    await delivery().run();
    expect(server.received).toEqual([]);
    now = next ?? 0;
    await delivery().run();
    expect(server.received).toHaveLength(1);
  });

  it('gets the mail behind a message that cannot be read', async () => {
    await take(MESSAGE);
    await take(MESSAGE);
    const [damaged, missing] = intake.queue.due('outbound', 10).map(({ mail }) => mail);
    if (!damaged || !missing) throw new Error('the queue lacks a message');
    intake.damage(damaged);
    rmSync(join(intake.folder, 'messages', missing));
    await take(MESSAGE);
    await delivery().run();
    await delivery().run();
    expect(server.received).toHaveLength(1);
    expect(intake.queue.counts()).toEqual({ 'outbound unreadable': 2 });
    expect(intake.failures).toEqual([expect.stringContaining(damaged), expect.stringContaining(missing)]);
  });

  it('is down for five days: the sender gets a notification', async () => {
    await take(MESSAGE);
    await server.stop();
    now += RETURN_AFTER;
    await delivery().run();
    expect((await inbound())[0]?.text).toMatch(/Status: 4\.4\.7/);
  });

  it('receives no password and no mail without TLS where TLS is required', async () => {
    await take(MESSAGE);
    const login = { user: MAIL_USER, password: MAIL_PASSWORD };
    const required = createSubmitter({ host: '127.0.0.1', port: server.port, tls: 'required', login }, 'c.example');
    await delivery(required).run();
    required.close();
    expect(server.received).toEqual([]);
    expect(server.heard()).not.toMatch(/AUTH/);
    expect(intake.queue.counts()).toEqual({ 'outbound waiting': 1 });
  });

  it('receives notifications with the null sender', async () => {
    const results = await submitter.submit({ from: null, to: ['otto@outside.example'], message: Buffer.from(MESSAGE) });
    expect(results).toMatchObject([{ result: 'accepted' }]);
    expect(server.received[0]?.from).toBe('');
    expect(server.heard()).toMatch(/MAIL FROM:<>/);
  });

  it('explains a wrong password and a closed port', async () => {
    const at = { host: '127.0.0.1', port: server.port, tls: 'none' } as const;
    const wrong = createSubmitter({ ...at, login: { user: MAIL_USER, password: 'wrong' } }, 'c.example');
    expect(await wrong.check()).toMatch(/535/);
    const closed = createSubmitter({ ...at, port: await freePort(), login: null }, 'c.example');
    expect(await closed.check()).toMatch(/ECONNREFUSED/);
    expect(await submitter.check()).toBeNull();
    for (const each of [wrong, closed]) each.close();
  });
});

describe('orders', () => {
  const denial = (waiting: 'hold' | 'deliver' | 'return') => ({
    ...OPEN,
    open: false,
    denials: [
      {
        order: '2026-008',
        revision: 1,
        title: '',
        reasons: [],
        until: null,
        waiting,
        appeal: 'appeals@authority.example',
        statement: { en: 'Mail is suspended.' },
        authoritative: null,
      },
    ],
  });
  it('hold mail in the connector, and let notifications leave', async () => {
    await take(MESSAGE);
    server.refused.add('nobody@outside.example');
    intake.gate = denial('hold');
    await delivery().run();
    expect(server.received).toEqual([]);
    intake.gate = OPEN;
    await delivery().run();
    expect(server.received).toHaveLength(1);
  });

  it('with the rule deliver let mail leave that the connector accepted before the order', async () => {
    await take(MESSAGE);
    now += 1000;
    intake.gate = { ...denial('deliver'), since: now };
    await take(MESSAGE);
    await delivery().run();
    expect(server.received).toHaveLength(1);
    expect(intake.queue.counts()).toEqual({ 'outbound waiting': 1 });
  });

  it('let a notification leave behind more held mail than one run reads', async () => {
    intake.gate = denial('hold');
    await take(
      MESSAGE,
      Array.from({ length: 501 }, (_, index) => `r${index}@outside.example`),
    );
    await intake.queue.add({
      kind: 'outbound',
      envelope: {
        from: null,
        to: [{ address: 'otto@outside.example', person: null, notify: ['NEVER'], originalRecipient: null }],
        envelopeId: null,
        header: '',
        sender: null,
      },
      message: Buffer.from(MESSAGE),
      name: null,
    });
    await delivery().run();
    expect(server.received.map(({ from }) => from)).toEqual(['']);
  });

  it('do not count for the five days after which mail is returned', async () => {
    await take(MESSAGE);
    await server.stop();
    intake.gate = denial('hold');
    await delivery().run();
    now += RETURN_AFTER;
    intake.gate = { ...OPEN, since: now };
    await delivery().run();
    expect(await inbound()).toEqual([]);
    now += RETURN_AFTER;
    await delivery().run();
    expect((await inbound())[0]?.text).toMatch(/Status: 4\.4\.7/);
  });

  it('return mail to the devices of its sender', async () => {
    await take(MESSAGE);
    intake.gate = denial('return');
    await delivery().run();
    expect(server.received).toEqual([]);
    const [notice] = await inbound();
    expect(notice?.text).toMatch(/Order: 2026-008[\s\S]*Mail is suspended\.[\s\S]*appeals@authority\.example/);
  });
});

it.each([
  ['a lost connection', { message: 'x', code: 'ECONNRESET' }, 'later'],
  ['a refused sign-in', { message: 'x', responseCode: 535, command: 'AUTH' }, 'later'],
  ['a refused message', { message: 'x', responseCode: 554, command: 'DATA' }, 'refused'],
  ['a message that may come later', { message: 'x', responseCode: 451, command: 'DATA' }, 'later'],
  ['a refused sender', { message: 'x', responseCode: 550, command: 'MAIL FROM' }, 'refused'],
] as const)('after %s, the result is known', (_what, fault, expected) => {
  expect(failedResults(['a@b'], fault)).toMatchObject([{ address: 'a@b', result: expected }]);
});
