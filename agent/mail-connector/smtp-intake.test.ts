import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { MailRecipient } from '../../shared/protocol/mail-http.ts';
import { makeTestCertificate } from '../../tests/support/certificate.ts';
import { MailIntake, OPEN } from '../../tests/support/mail-intake.ts';
import { SmtpClient } from '../../tests/support/smtp-client.ts';
import type { GateView } from '../enforcement/gate-view.ts';

const MESSAGE =
  'From: Otto <otto@outside.example>\nSubject: hello\nMessage-ID: <1@outside.example>\n\nthe secret text\n';

let intake: MailIntake;
let client: SmtpClient;

async function start(...given: Parameters<typeof MailIntake.start>): Promise<void> {
  intake = await MailIntake.start(...given);
  client = await SmtpClient.connect(intake.smtp.port);
  await client.say('EHLO mail.outside.example');
}

afterEach(async () => {
  client?.close();
  await intake?.close();
});

const waiting = () => intake.queue.due('inbound', 10);

function everyFile(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => entry.name + (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'latin1') : ''))
    .join('\n');
}

describe('mail over SMTP', () => {
  it('is durable and encrypted in the queue when the client receives 250', async () => {
    await start();
    const amina = intake.person('amina@corp.example');
    const bilal = intake.person('bilal@corp.example');
    const reply = await client.mail('otto@outside.example', ['Amina@Corp.Example', 'bilal@corp.example'], MESSAGE);
    expect(reply).toMatch(/^250 2\.0\.0 Queued as [0-9a-f-]{36}$/);
    // Another process reads what is on the disk after a kill.
    intake.queue.close();
    expect(everyFile(intake.folder)).not.toMatch(/the secret text|outside\.example|corp\.example/);
    await intake.open();
    expect(waiting().map(({ lane, state }) => [lane, state])).toEqual([
      [amina, 'waiting'],
      [bilal, 'waiting'],
    ]);
    const id = waiting()[0]?.mail ?? '';
    const { envelope } = intake.queue.mail(id) ?? {};
    expect(envelope).toMatchObject({ from: 'otto@outside.example', sender: null });
    expect(envelope?.to.map(({ address }) => address)).toEqual(['amina@corp.example', 'bilal@corp.example']);
    const stored = (await intake.queue.message(id)).toString('latin1');
    const [trace = '', rest] = [stored.slice(0, stored.indexOf('From:')), stored.slice(stored.indexOf('From:'))];
    expect(rest).toBe(MESSAGE.replaceAll('\n', '\r\n'));
    expect(trace).toMatch(
      /^Received: from mail\.outside\.example \(\[127\.0\.0\.1\]\)\r\n\tby connector\.example \(Cordon\) with ESMTP id \w+;\r\n\t.*\+0000\r\n$/,
    );
    expect(trace).not.toMatch(/corp\.example/);
  });

  it('keeps lines that begin with a dot, and the null sender', async () => {
    await start();
    intake.person('amina@corp.example');
    await client.mail('', ['amina@corp.example'], `${MESSAGE}\n.dot\n..two\n`);
    const id = waiting()[0]?.mail ?? '';
    expect((await intake.queue.message(id)).toString()).toMatch(/\r\n\.dot\r\n\.\.two\r\n$/);
    expect(intake.queue.mail(id)?.envelope.from).toBeNull();
  });

  it('is stored once if the client repeats it because it did not receive the reply', async () => {
    await start();
    intake.person('amina@corp.example');
    const first = await client.mail('otto@outside.example', ['amina@corp.example'], MESSAGE);
    const again = await client.mail('otto@outside.example', ['amina@corp.example'], MESSAGE);
    expect([first, again]).toEqual([expect.stringMatching(/^250/), expect.stringMatching(/^250/)]);
    expect(waiting()).toHaveLength(1);
    // A message without Message-ID cannot be recognized. It is better to deliver it twice than to lose it.
    const bare = 'Subject: disk full\n\nagain\n';
    for (const _ of [1, 2]) await client.mail('otto@outside.example', ['amina@corp.example'], bare);
    expect(waiting()).toHaveLength(3);
  });

  it('passes on the conditions of the sender for notifications', async () => {
    await start();
    intake.person('amina@corp.example');
    await client.say('MAIL FROM:<otto@outside.example> RET=FULL ENVID=QQ314159');
    await client.say('RCPT TO:<amina@corp.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Amina@corp.example');
    await client.say('DATA');
    await client.say(`${MESSAGE.replaceAll('\n', '\r\n')}.`);
    const { envelope } = intake.queue.mail(waiting()[0]?.mail ?? '') ?? {};
    expect(envelope).toMatchObject({
      envelopeId: 'QQ314159',
      returnFull: true,
      to: [{ originalRecipient: 'rfc822;Amina@corp.example' }],
    });
    expect(envelope?.to[0]?.notify).toEqual(['SUCCESS', 'FAILURE']);
  });
});

describe('addresses with other characters than ASCII (RFC 6531)', () => {
  const PERSON = 'jürgen@bücher.example';
  const from = 'MAIL FROM:<søren@dømi.example> SMTPUTF8';

  it.each([
    ['in the same form', '<jürgen@bücher.example>'],
    ['in capitals', '<JÜRGEN@BÜCHER.Example>'],
    ['with a decomposed letter', '<ju\u0308rgen@bu\u0308cher.example>'],
    ['with the domain in ASCII', '<jürgen@xn--bcher-kva.example>'],
  ])('name a person %s', async (_what, address) => {
    await start();
    const person = intake.person(PERSON);
    intake.directory.set('jürgen@xn--bcher-kva.example', {
      ...(intake.directory.get(PERSON) as MailRecipient),
      address: PERSON,
    });
    expect(await client.say('EHLO mail.outside.example')).toMatch(/SMTPUTF8/);
    for (const line of [from, `RCPT TO:${address}`]) expect(await client.say(line)).toMatch(/^250/);
    await client.say('DATA');
    expect(await client.say(`${MESSAGE.replaceAll('\n', '\r\n')}.`)).toMatch(/^250/);
    const [row] = waiting();
    const id = row?.mail ?? '';
    expect(intake.queue.mail(id)?.envelope).toMatchObject({
      from: 'søren@dømi.example',
      to: [{ address: 'jürgen@xn--bcher-kva.example', person }],
    });
    expect((await intake.queue.message(id)).toString()).toMatch(/with UTF8SMTP id/);
  });

  it('need the parameter SMTPUTF8', async () => {
    await start();
    intake.person(PERSON);
    expect(await client.say('MAIL FROM:<søren@domain.example>')).toMatch(/^553 5\.6\.7/);
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say('RCPT TO:<jürgen@bücher.example>')).toMatch(/^553 5\.6\.7/);
  });

  it('do not name the person of a similar address, and cause no alert', async () => {
    await start();
    intake.person('amina@corp.example');
    // The server takes letters that look alike, and tags, for the same address.
    const stated = intake.directory.get('amina@corp.example') as MailRecipient;
    await client.say(from);
    for (const similar of ['аmina@corp.example', 'amina+tag@corp.example']) {
      intake.directory.set(similar, { ...stated, address: similar });
      expect(await client.say(`RCPT TO:<${similar}>`)).toMatch(/^550 5\.1\.1/);
    }
    expect(intake.redirected).toEqual([]);
  });
});

describe('the connector is no open relay', () => {
  it.each([
    ['a person elsewhere', '<victim@elsewhere.example>', /^550 5\.1\.1/],
    ['another person of the company', '<nobody@corp.example>', /^550 5\.1\.1/],
    ['a source route', '<@corp.example:victim@elsewhere.example>', /^550 5\.1\.1/],
    ['a source route over two hosts', '<@corp.example,@b.example:victim@elsewhere.example>', /^550 5\.1\.1/],
    ['a percent sign', '<victim%elsewhere.example@corp.example>', /^550 5\.1\.1/],
    ['a bang path', '<elsewhere.example!victim@corp.example>', /^550 5\.1\.1/],
    ['a quoted local part', '<"victim@elsewhere.example"@corp.example>', /^50[01]|^55[03]/],
    ['a quoted local part of a person', '<"amina"@corp.example>', /^55[03]/],
    ['two signs', '<victim@elsewhere.example@corp.example>', /^50[01]/],
    ['an address literal', '<victim@[192.0.2.1]>', /^550 5\.1\.1/],
    ['no domain', '<amina>', /^50[01]/],
    ['postmaster without a configured person', '<postmaster>', /^550 5\.1\.1/],
    ['an address that is not ASCII', '<ámina@corp.example>', /^553 5\.6\.7/],
    ['a letter that looks like another', '<аmina@corp.example>', /^553 5\.6\.7/],
    ['a second recipient in the same command', '<amina@corp.example> <victim@elsewhere.example>', /^250|^50[01]/],
    ['an empty address', '<>', /^50[01]/],
    ['a line break in the address', '<amina@corp.example\\r\\nRCPT TO:victim@elsewhere.example>', /^50[01]/],
  ])('refuses %s', async (_what, address, expected) => {
    await start();
    intake.person('amina@corp.example');
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say(`RCPT TO:${address}`)).toMatch(expected);
    const reply = await client.say('DATA');
    if (/^354/.test(reply)) await client.say(`${MESSAGE.replaceAll('\n', '\r\n')}.`);
    const queued = waiting().flatMap(({ mail }) => intake.queue.mail(mail)?.envelope.to ?? []);
    expect(queued.every(({ address: to }) => to === 'amina@corp.example')).toBe(true);
  });

  it('accepts connections from the given addresses only', async () => {
    intake = await MailIntake.start({ clients: ['192.0.2.0/24', '2001:db8::/32'] });
    client = await SmtpClient.connect(intake.smtp.port);
    await expect(client.say('EHLO mail.outside.example')).rejects.toThrow(/closed/);
  });

  it('detects a server that directs mail to a device of another address', async () => {
    await start();
    intake.person('amina@corp.example', 'available', 'spy@corp.example');
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say('RCPT TO:<amina@corp.example>')).toMatch(/^450 4\.2\.1/);
    expect(intake.redirected).toEqual([expect.stringMatching(/amina@corp\.example.*no verified device/)]);
  });

  it('does not give mail of a person to a mail connector', async () => {
    await start();
    const person = intake.person('amina@corp.example');
    const devices = intake.members.get(person) ?? [];
    intake.members.set(
      person,
      devices.map((device) => ({ ...device, mailConnector: true })),
    );
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say('RCPT TO:<amina@corp.example>')).toMatch(/^450 4\.2\.1/);
  });
});

describe('replies before 250', () => {
  it.each([
    ['held', /^250/],
    [
      'refused',
      /^550 5\.7\.0 Order 2026-001 suspends mail\. A court ordered the suspension of mail\. Appeal: appeals@authority\.example$/,
    ],
    ['full', /^452 4\.2\.2/],
    ['no-device', /^450 4\.2\.1/],
    ['unknown', /^550 5\.1\.1/],
  ] as const)('the recipient is %s', async (state, expected) => {
    await start();
    intake.person('amina@corp.example', state);
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say('RCPT TO:<amina@corp.example>')).toMatch(expected);
  });

  const closed = (waitingRule: 'hold' | 'deliver' | 'return'): GateView => ({
    ...OPEN,
    open: false,
    denials: [
      {
        order: '2026-007',
        revision: 1,
        title: 'Suspension',
        reasons: [],
        until: null,
        waiting: waitingRule,
        appeal: 'écrire à appeals@authority.example\r\n250 OK',
        statement: { fr: 'texte', en: `Mail is suspended by the ministry – ${'x'.repeat(5000)}` },
        authoritative: 'en',
      },
    ],
  });
  it.each([
    [
      'hold',
      /^451 4\.7\.0 Order 2026-007 suspends mail\. Mail is suspended by the ministry - x+\.\.\. Appeal: ecrire a /,
    ],
    ['deliver', /^451 4\.7\.0 Order 2026-007/],
    ['return', /^550 5\.7\.0 Order 2026-007/],
  ] as const)('an order with the rule %s suspends mail for the connector', async (rule, expected) => {
    await start();
    intake.person('amina@corp.example');
    intake.gate = closed(rule);
    const reply = await client.say('MAIL FROM:<otto@outside.example>');
    expect(reply).toMatch(expected);
    expect(reply).not.toContain('\n');
    expect(reply.length).toBeLessThanOrEqual(510);
    expect(reply).toMatch(/^[\x20-\x7e]+$/);
  });

  it('asks again later while the server cannot be reached, also during a transaction', async () => {
    await start();
    intake.person('amina@corp.example');
    intake.reachable = false;
    await client.say('MAIL FROM:<otto@outside.example>');
    expect(await client.say('RCPT TO:<amina@corp.example>')).toMatch(/^451 4\.3\.0/);
    intake.reachable = true;
    expect(await client.say('RCPT TO:<amina@corp.example>')).toMatch(/^250/);
  });

  it('asks again later while the workspace of the connector is locked', async () => {
    await start();
    intake.person('amina@corp.example');
    await intake.workspace.lock(Buffer.alloc(32, 1));
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], MESSAGE)).toMatch(/^451 4\.3\.0/);
    expect(intake.failures).toEqual([expect.stringMatching(/workspace.*locked/)]);
    await intake.workspace.unlock([Buffer.alloc(32, 1)]);
  });

  it('refuses more than the queue may hold, and accepts again when there is space', async () => {
    await start({}, 20_000);
    intake.person('amina@corp.example');
    const big = `${MESSAGE}${'x'.repeat(70)}\n`.padEnd(15_000, 'abc defgh\n');
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], big)).toMatch(/^250/);
    const second = big.replace('<1@', '<2@');
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], second)).toMatch(/^452 4\.3\.1/);
    expect(await client.say('MAIL FROM:<otto@outside.example> SIZE=15000')).toMatch(/^452 4\.3\.1/);
    const [delivery] = waiting();
    if (delivery) intake.queue.end(delivery);
    await client.say('RSET');
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], second)).toMatch(/^250/);
  });

  it('refuses messages that are too large, in a loop or without a header, and too many recipients', async () => {
    await start({ largest: 100_000, recipients: 2 });
    for (const name of ['amina', 'bilal', 'chen']) intake.person(`${name}@corp.example`);
    expect(await client.say('MAIL FROM:<otto@outside.example> SIZE=100001')).toMatch(/^552/);
    const large = `${MESSAGE}${'abc defgh\n'.repeat(10_001)}`;
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], large)).toMatch(/^552 5\.3\.4/);
    const looping = `${'Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\n'.repeat(100)}${MESSAGE}`;
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], looping)).toMatch(/^554 5\.4\.6/);
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], '\nno header\n')).toMatch(/^554 5\.6\.0/);
    const three = ['amina', 'bilal', 'chen'].map((name) => `${name}@corp.example`);
    expect(await client.mail('otto@outside.example', three, MESSAGE)).toMatch(/^452/);
    expect(waiting()).toHaveLength(0);
  });

  it('requires STARTTLS where configured, and states it in the trace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-tls-'));
    const { cert, key, ca } = makeTestCertificate(folder);
    await start({ tls: { cert, key }, tlsRequired: true });
    rmSync(folder, { recursive: true });
    intake.person('amina@corp.example');
    expect(await client.say('MAIL FROM:<otto@outside.example>')).toMatch(/^530 5\.7\.0/);
    await client.startTls(ca);
    await client.say('EHLO mail.outside.example');
    expect(await client.mail('otto@outside.example', ['amina@corp.example'], MESSAGE)).toMatch(/^250/);
    const stored = await intake.queue.message(waiting()[0]?.mail ?? '');
    expect(stored.toString()).toMatch(/with ESMTPS id/);
  });

  it('does not offer to sign in', async () => {
    await start();
    expect(await client.say('EHLO mail.outside.example')).not.toMatch(/AUTH|STARTTLS/);
    expect(await client.say('AUTH PLAIN AGFtaW5hAHNlY3JldA==')).toMatch(/^5/);
  });

  it('refuses further clients when all connections are in use', async () => {
    await start({ connections: 1 });
    const second = await SmtpClient.connect(intake.smtp.port).catch(() => null);
    const reply = second === null ? 'closed' : await second.say('EHLO other.example').catch(() => 'closed');
    expect(reply).toMatch(/^421|closed/);
    second?.close();
  });
});
