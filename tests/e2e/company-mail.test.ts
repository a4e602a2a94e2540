/**
 * Mail between a real Postfix and devices, through the mail connector and the server, with swaks and neomutt as senders. All texts contain
 * a mark, which the server must not have anywhere.
 */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markOf, newMark, Search } from '../support/canary.ts';
import { given, lookEverywhere, lookIntoBackup, lookIntoMemory, mebibytes, placesOf } from '../support/canary-world.ts';
import { type CompanyMail, openCompanyMail } from '../support/company-mail.ts';
import { freePort } from '../support/free-port.ts';
import { type Letter, neomuttTool, sendWithNeomutt, sendWithSwaks, swaksTool } from '../support/mail-programs.ts';
import type { MailUser } from '../support/mail-user.ts';
import { OUTSIDE, type Postfix, postfixTool, startPostfix } from '../support/postfix.ts';
import { recordedIn } from '../support/recorded-traffic.ts';
import { until } from '../support/until.ts';

const WITHIN = 90_000;
const MiB = 1024 * 1024;
const [AMINA, BILAL] = ['amina@corp.example', 'bilal@corp.example'];
const isPresent = postfixTool.present && swaksTool.present && neomuttTool.present;

describe.skipIf(!isPresent)('a company with Postfix', () => {
  const mark = newMark();
  const planted = newMark();
  /** Sender outside, whose address contains the mark. The server must not see who writes to whom outside. */
  const otto = `${mark.text}@${OUTSIDE}`;
  let count = 0;
  /** A text that contains the mark and differs from every other text. */
  const canary = (what: string) => `${what} ${mark.text} ${count++}`;
  let company: CompanyMail;
  let postfix: Postfix;
  let amina: MailUser;
  let bilal: MailUser;

  beforeAll(async () => {
    const submission = await freePort();
    company = await openCompanyMail({ submission, record: true });
    postfix = await startPostfix(company.smtpPort, company.authority, [mark.text], submission);
    amina = await company.person('Amina', { home: 'PK' });
    bilal = await company.person('Bilal', { home: 'PK' });
  }, 300_000);
  afterAll(async () => {
    await postfix?.stop();
    await company?.close();
  });

  const letter = (to: readonly string[], subject: string, more: Partial<Letter> = {}): Letter => ({
    port: postfix.port,
    from: otto,
    to,
    subject,
    text: `${canary('text of')}\n`,
    ...more,
  });
  const outside = () => postfix.mailbox(mark.text);
  const why = () => `${postfix.log().slice(-3000)}\n${company.connector.log.slice(-3000)}`;
  const eventually = (check: () => void | Promise<void>) =>
    until(async () => {
      try {
        await check();
      } catch (cause) {
        throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${why()}`, { cause });
      }
    }, WITHIN);
  const queueOf = async () => (await company.status()).connector?.queue;

  it('receives mail of swaks and neomutt, once for each recipient', async () => {
    const [one, two] = [canary('from swaks'), canary('from neomutt')];
    expect((await sendWithSwaks(letter([AMINA, BILAL], one))).code).toBe(0);
    await eventually(async () => expect([await amina.subjects(), await bilal.subjects()]).toEqual([[one], [one]]));
    const file = {
      name: `${mark.text}.bin`,
      content: Buffer.concat([randomBytes(300), Buffer.from(canary('a file'))]),
    };
    const sent = await sendWithNeomutt(letter([AMINA], two, { attachment: file }));
    expect(sent).toMatchObject({ code: 0, err: '' });
    await eventually(async () => expect(await amina.subjects()).toEqual([one, two]));
    // Each delivery ends when a device has acknowledged the mail.
    await eventually(async () => expect(await queueOf()).toEqual({}));
    const [first, second] = await amina.mails();
    expect(first).toMatchObject({ from: { address: otto }, problem: null });
    expect((await amina.read(second?.id ?? '')).attachments).toMatchObject([
      { name: file.name, size: file.content.length },
    ]);
    const [source = Buffer.alloc(0)] = await amina.sources([first?.id ?? '']);
    expect(source.toString()).toMatch(
      /^Received: from mail\.corp\.example \(\[127\.0\.0\.1\]\)\r\n\tby connector\.corp\.example \(Cordon\) with ESMTPS id /,
    );
    expect(await bilal.subjects()).toEqual([one]);
  }, 180_000);

  it('sends mail of a device to the outside, with its bytes and its Message-ID', async () => {
    const { id } = await amina.send(otto, canary('a letter'), `${canary('a text')}\n.a line with a dot\n`);
    await eventually(() => expect(outside()).toHaveLength(1));
    const [mail = ''] = outside();
    expect(mail).toMatch(new RegExp(`^Return-Path: <${AMINA}>`));
    const [source = Buffer.alloc(0)] = await amina.sources([id]);
    expect(source.toString()).toMatch(/^Message-ID: <[^>]+>\r$/im);
    expect(mail).toContain(source.toString('latin1').replaceAll('\r\n', '\n'));
    await eventually(async () => expect((await amina.mails('sent'))[0]?.delivery?.state).toBe('delivered'));
  }, 180_000);

  it('returns mail for unknown recipients, in both directions', async () => {
    await sendWithSwaks(letter(['nobody@corp.example'], canary('to nobody')));
    await eventually(() => expect(outside()).toHaveLength(2));
    expect(outside()[1]).toMatch(
      /^Status: 5\.1\.1[\s\S]*Diagnostic-Code: smtp; 550 5\.1\.1 No mailbox here has this address/m,
    );
    const before = await amina.subjects();
    const unknown = `${mark.text}-unknown@${OUTSIDE}`;
    await amina.send(unknown, canary('to unknown'), canary('text'));
    await eventually(async () =>
      expect(await amina.subjects()).toEqual([...before, 'Undelivered mail returned to sender']),
    );
    const [bounce = Buffer.alloc(0)] = await amina.sources([(await amina.mails()).at(-1)?.id ?? '']);
    expect(bounce.toString()).toMatch(
      new RegExp(`Final-Recipient: rfc822; ${unknown}\\r\\nAction: failed\\r\\nStatus: 5\\.1\\.1`),
    );
    expect(outside()).toHaveLength(2);
  }, 180_000);

  it('carries an attachment of 20 MB in both directions', async () => {
    // Random bytes with marks, so that a part of the file in plain text would be found.
    const content = Buffer.concat(
      Array.from({ length: 20 }, () => Buffer.concat([randomBytes(MiB - 64), Buffer.from(canary('part').padEnd(64))])),
    );
    const digest = createHash('sha256').update(content).digest('hex');
    const name = `${mark.text}.bin`;
    const before = (await bilal.mails()).length;
    const sent = await sendWithSwaks(letter([BILAL], canary('large'), { attachment: { name, content } }));
    expect(sent.code).toBe(0);
    await eventually(async () => expect(await bilal.mails()).toHaveLength(before + 1));
    const [source = Buffer.alloc(0)] = await bilal.sources([(await bilal.mails()).at(-1)?.id ?? '']);
    expect(digestOfAttachment(source.toString('latin1'))).toBe(digest);

    const count = outside().length;
    const file = join(company.folder, name);
    writeFileSync(file, content);
    await bilal.send(otto, canary('large back'), canary('text'), [file]);
    await eventually(() => expect(outside()).toHaveLength(count + 1));
    expect(digestOfAttachment(outside().at(-1)?.replaceAll('\n', '\r\n') ?? '')).toBe(digest);
  }, 300_000);

  const terms = (more: object) => ({
    title: 'Mail in PK',
    areas: ['PK'],
    services: ['mail'],
    nexus: ['home'],
    travelers: 'deny',
    unknown: 'allow',
    contested: 'allow',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'The regulator suspends mail in PK.' },
    appeal: 'appeals@regulator.example',
    effective: new Date(Date.now() + 4_000).toISOString(),
    ...more,
  });
  async function adopt(more: object, affected = amina): Promise<string> {
    const { operator } = company.world;
    const proposed = await operator.propose(terms(more));
    await operator.adopt(proposed);
    await eventually(async () => expect((await affected.agent.status()).mail.state).toBe('denied'));
    return proposed.order;
  }
  async function withdraw(order: string): Promise<void> {
    const { operator } = company.world;
    await operator.adopt(await operator.act(order, { action: 'withdraw' }));
    await eventually(async () => expect((await amina.agent.status()).mail.state).toBe('ready'));
  }

  it('holds mail while an order is in force, and delivers it once and in order after the withdrawal', async () => {
    const [before, returned] = [await amina.subjects(), outside().length];
    const order = await adopt({ waiting: 'hold' });
    const held: string[] = [];
    for (const number of ['one', 'two', 'three']) {
      held.push(canary(number));
      expect((await sendWithSwaks(letter([AMINA], held.at(-1) ?? ''))).code).toBe(0);
      await eventually(async () => expect((await queueOf())?.['inbound handed']).toBe(held.length));
    }
    expect(await amina.subjects()).toEqual(before);
    await withdraw(order);
    await eventually(async () => expect(await amina.subjects()).toEqual([...before, ...held]));
    await eventually(async () => expect(await queueOf()).toEqual({}));
    expect(outside()).toHaveLength(returned);
  }, 240_000);

  it('returns mail while an order with the rule return is in force, with order and contact for an appeal', async () => {
    const [before, count] = [await amina.subjects(), outside().length];
    // This mail waits on the server when the order begins.
    await amina.agent.stop();
    await sendWithSwaks(letter([AMINA], canary('waits')));
    await eventually(async () => expect(await queueOf()).toEqual({ 'inbound handed': 1 }));
    const order = await adopt({ waiting: 'return' }, bilal);
    await eventually(() => expect(outside()).toHaveLength(count + 1));
    const notice = outside().at(-1) ?? '';
    expect(notice).toMatch(/^From: Mail Delivery System <MAILER-DAEMON@connector\.corp\.example>$/m);
    expect(notice).toMatch(/^Content-Type: multipart\/report; report-type=delivery-status;$/m);
    for (const text of [`Order: ${order}`, 'The regulator suspends mail in PK.', 'appeals@regulator.example']) {
      expect(notice).toContain(text);
    }
    // New mail is refused at once, and Postfix tells the sender. For some seconds after the start of the order, the connector may still
    // accept a mail. It then returns the mail itself.
    let refused = 0;
    await until(
      async () => {
        refused += 1;
        await sendWithSwaks(letter([AMINA], canary('refused')));
        await eventually(() => expect(outside()).toHaveLength(count + 1 + refused));
        expect(outside().at(-1)?.replaceAll(/\n +/g, ' ')).toMatch(
          new RegExp(
            `550 5\\.7\\.0 Order ${order} suspends mail\\. .*The regulator suspends mail in PK\\..*Appeal: appeals@regulator\\.example`,
          ),
        );
      },
      WITHIN,
      2_000,
    );
    amina.agent.run();
    await withdraw(order);
    const later = canary('after the order');
    await sendWithSwaks(letter([AMINA], later));
    await eventually(async () => expect(await amina.subjects()).toEqual([...before, later]));
    expect(outside()).toHaveLength(count + 1 + refused);
    await eventually(async () => expect(await queueOf()).toEqual({}));
    expect(postfix.queued()).toBe(0);
  }, 240_000);

  it('leaves no text and no address of a sender on the server: memory, store, logs, backup, traffic', async () => {
    const [memory, rest] = [new Search(mark), new Search(mark)];
    lookIntoMemory(company, memory);
    await lookEverywhere(company, rest);
    await lookIntoBackup(company, rest);
    console.info(`searched: memory ${mebibytes(memory)}, the rest ${mebibytes(rest)}`);
    expect([memory.sightings, rest.sightings]).toEqual([[], []]);
    // The recordings contain the pieces of mail.
    const pieces = recordedIn(company.traffic).filter(({ http }) => http.indexOf('PUT /device/mail/pieces') === 0);
    expect(pieces.reduce((sum, { http }) => sum + http.length, 0)).toBeGreaterThan(50 * MiB);
    for (const { agent } of [amina, bilal]) expect(await company.world.alerts(agent.device)).toEqual([]);
  }, 300_000);

  it('the search finds a planted mark in each of these places', async () => {
    const { operator, server } = company.world;
    await operator.group(`a group called ${planted.text}`);
    const store = new Database(join(server.home, 'cordon.db'));
    await until(() => expect(store.pragma('wal_checkpoint(FULL)')).toMatchObject([{ busy: 0 }]));
    store.close();
    await company.world.send(bilal.agent.device, { kind: 'message', text: `an admin writes ${planted.text}` });
    await bilal.agent.cli(['people', planted.text]);
    const memory = new Search(planted);
    lookIntoMemory(company, memory);
    expect(placesOf(memory)).toEqual(new Set(['memory']));
    const rest = new Search(planted);
    await lookEverywhere(company, rest);
    await lookIntoBackup(company, rest);
    const places = rest.sightings.map(({ place }) => place);
    for (const place of [/cordon\.db$/, /cordon\.db-wal$/, /^traffic \d+\.in/, /^backup$/]) {
      expect(places).toContainEqual(expect.stringMatching(place));
    }
    const metrics = new Search(markOf('cordonpoststotal'));
    metrics.look('metrics', Buffer.from((await given(company, 'GET', '/metrics')).toString().replaceAll('_', '')));
    expect(placesOf(metrics)).toEqual(new Set(['metrics']));
  }, 120_000);
});

/** SHA-256 of the largest part in base64. */
function digestOfAttachment(message: string): string {
  const parts = [...message.matchAll(/base64\r\n(?:[^\r\n]+\r\n)*\r\n([A-Za-z0-9+/=\r\n]+)/gi)].map(
    ([, body]) => body ?? '',
  );
  const largest = parts.sort((a, b) => b.length - a.length)[0] ?? '';
  return createHash('sha256').update(Buffer.from(largest, 'base64')).digest('hex');
}
