/**
 * Other mail programs on a device, with the real ones: swaks and neomutt send through the agent, and curl reads from a Dovecot that serves
 * the mirror. A real Postfix and a mail connector are at the other end.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MailProgramsStatus, NewMailPassword } from '../../agent/mail-programs/mail-programs.ts';
import { isMissing } from '../../agent/workspace/disk.ts';
import { groupView } from '../../shared/api/groups.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import type { CommandKind } from '../../shared/protocol/command-kinds.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { newMark } from '../support/canary.ts';
import { type CompanyMail, openCompanyMail } from '../support/company-mail.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { dovecotTool } from '../support/dovecot-mailbox.ts';
import { freePort } from '../support/free-port.ts';
import { neomuttTool, sendWithSwaks, swaksTool } from '../support/mail-programs.ts';
import type { MailUser } from '../support/mail-user.ts';
import { OUTSIDE, type Postfix, postfixTool, startPostfix } from '../support/postfix.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const curlTool = tool('curl', 'Debian: curl');
const isPresent = [postfixTool, swaksTool, neomuttTool, dovecotTool, curlTool].every(({ present }) => present);
const WITHIN = 90_000;
const AMINA = 'amina@corp.example';
const OTTO = `otto@${OUTSIDE}`;

/** Content of a file, which the agent may remove at any time. */
function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0);
    throw error;
  }
}

describe.skipIf(!isPresent)('other mail programs on a device', () => {
  const mark = newMark();
  let count = 0;
  const canary = (what: string) => `${what} ${mark.text} ${count++}`;
  let folder: string;
  let company: CompanyMail;
  let postfix: Postfix;
  let dovecot: Dovecot;
  let amina: MailUser;
  let access: NewMailPassword;
  let port: number;

  const log = () => `${amina?.agent.log.slice(-3000)}\n${dovecot?.log().slice(-3000)}\n${postfix?.log().slice(-2000)}`;
  const eventually = (check: () => void | Promise<void>) =>
    until(async () => {
      try {
        await check();
      } catch (cause) {
        throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${log()}`, { cause });
      }
    }, WITHIN);
  const permit = (mailPrograms: boolean) =>
    company.world.operator.owner.api.call('PATCH', `/groups/${company.world.group}`, groupView, { mailPrograms });
  const allowed = async (wanted: boolean) => {
    await permit(wanted);
    await eventually(async () => expect((await amina.agent.status()).mailPrograms).toBe(wanted));
  };
  const programs = (...args: string[]) => amina.agent.cli(['mail', 'programs', ...args]);
  const status = async (): Promise<MailProgramsStatus> => JSON.parse((await programs('status', '--json')).out);
  async function switchOn(): Promise<void> {
    const { code, out, err } = await programs('on', '--port', String(port), '--json');
    expect([code, err]).toEqual([0, '']);
    access = JSON.parse(out);
  }
  const command = async (kind: Extract<CommandKind, 'lock-workspace' | 'unlock-workspace' | 'wipe-workspace'>) => {
    const sent = await company.world.send(amina.agent.device, { kind });
    return company.world.finished(sent.id);
  };
  /** Files in the agent's folder that contain the text. */
  const holding = (text: string): string[] =>
    readdirSync(amina.agent.home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => contentOf(path).includes(text));
  const mirrored = () => holding(mark.text).filter((path) => path.startsWith(access.maildir));
  const outside = () => postfix.mailbox('otto');
  const swaks = (...args: string[]) =>
    runProgram('swaks', ['--server', `127.0.0.1:${port}`, '--to', OTTO, '--timeout', '30', ...args]);
  const signedIn = (password = access.password) => [
    '--auth',
    'PLAIN',
    '--auth-user',
    access.user,
    '--auth-password',
    password,
  ];
  const imap = (path: string, ...more: string[]) =>
    runProgram('curl', [
      ...['-sS', '--max-time', '20', '--user', `${access.user}:${access.password}`],
      ...['--url', `imap://127.0.0.1:${dovecot.port}/${path}`, ...more],
    ]);
  const sendmail = (args: string[], input: string) => amina.agent.cli(['sendmail', ...args], { input, within: WITHIN });
  async function neomutt(settings: string[], subject: string, text: string) {
    const lines = [`set from = "${AMINA}"`, 'set copy = no', `set folder = "${folder}"`, `set tmpdir = "${folder}"`];
    writeFileSync(join(folder, 'muttrc'), `${[...lines, ...settings].join('\n')}\n`);
    const args = ['-n', '-F', join(folder, 'muttrc'), '-s', subject, '--', OTTO];
    return runProgram('neomutt', args, { input: text, env: { HOME: folder } });
  }
  async function receive(subject: string): Promise<void> {
    const letter = { port: postfix.port, from: OTTO, to: [AMINA], subject, text: `${canary('text')}\n` };
    expect((await sendWithSwaks(letter)).code).toBe(0);
    await eventually(async () => expect(await amina.subjects()).toContain(subject));
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cordon-programs-'));
    const submission = await freePort();
    port = await freePort();
    company = await openCompanyMail({ submission });
    postfix = await startPostfix(company.smtpPort, company.authority, ['otto', 'hidden'], submission);
    amina = await company.person('Amina', { home: 'PK' });
  }, 300_000);
  afterAll(async () => {
    await dovecot?.stop();
    await postfix?.stop();
    await company?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are refused until the admin allows them, and then need the user’s switch', async () => {
    expect(await programs('on')).toMatchObject({ code: EXIT.forbidden, out: '' });
    expect(await sendmail([OTTO], 'Subject: no\n\nno\n')).toMatchObject({ code: 77 });
    await allowed(true);
    expect(await status()).toMatchObject({ allowed: true, on: false, port: null });
    expect(await sendmail([OTTO], 'Subject: no\n\nno\n')).toMatchObject({ code: 77 });
    expect(readdirSync(amina.agent.home)).not.toContain('Maildir');
    const { out } = await programs('on', '--port', String(port));
    expect(out).toContain('Mail is now in plain text on the disk of this device.');
    await switchOn();
    expect(await status()).toMatchObject({ allowed: true, on: true, port, user: AMINA, problem: null });
    expect(holding(access.password)).toEqual([]);
    dovecot = await startDovecot(amina.agent.home);
  }, 120_000);

  it('send through the submission port, only with the password and only in the user’s name', async () => {
    expect((await swaks('--from', AMINA)).out).toMatch(/<\*\* 530 /);
    expect((await swaks('--from', AMINA, ...signedIn('wrong'))).out).toMatch(/<\*\* 535 5\.7\.8/);
    const foreign = await swaks('--from', 'bilal@corp.example', ...signedIn());
    expect(foreign.out).toMatch(/<\*\* 550 5\.7\.1 You can send mail only from your own address, amina@corp\.example/);
    const inHeader = await swaks('--from', AMINA, '--h-From', 'Bilal <bilal@corp.example>', ...signedIn());
    expect(inHeader.out).toMatch(/<\*\* 550 5\.7\.1 The field From must contain only the address amina@corp\.example/);
    expect(await amina.mails('sent')).toEqual([]);

    const subject = canary('from swaks');
    const id = '<of-swaks-1@program.example>';
    const sent = await swaks('--from', AMINA, ...signedIn(), '--h-Subject', subject, '--h-Message-Id', id);
    expect(sent.out).toMatch(/<-? {2}250 2\.0\.0 Queued as /);
    await eventually(() => expect(outside()).toHaveLength(1));
    expect(outside()[0]).toContain(`Subject: ${subject}`);
    expect(outside()[0]?.match(/^Message-ID: .*$/gim)).toEqual([`Message-Id: ${id}`]);

    const url = `set smtp_url = "smtp://${encodeURIComponent(access.user)}@127.0.0.1:${port}/"`;
    const settings = [url, `set smtp_pass = "${access.password}"`, 'set ssl_starttls = no', 'set ssl_force_tls = no'];
    const second = canary('from neomutt by SMTP');
    expect(await neomutt(settings, second, canary('text'))).toMatchObject({ code: 0, err: '' });
    await eventually(() => expect(outside()).toHaveLength(2));
    expect(outside()[1]).toContain(`Subject: ${second}`);
  }, 180_000);

  it('send through cordon-agent sendmail, with the options and exit codes of sendmail', async () => {
    const command = [process.execPath, programPath('agent/cordon-agent.js'), '--home', amina.agent.home, 'sendmail'];
    const subject = canary('from neomutt by sendmail');
    const sent = await neomutt([`set sendmail = "${command.join(' ')} -oem -oi"`], subject, canary('text'));
    expect(sent).toMatchObject({ code: 0, err: '' });
    await eventually(() => expect(outside()).toHaveLength(3));
    expect(outside()[2]).toContain(`Subject: ${subject}`);

    const header = `To: Otto <${OTTO}>\nBcc: hidden@${OUTSIDE}\nSubject: ${canary('with -t')}\n`;
    expect(await sendmail(['-t', '-oi', '-f', AMINA], `${header}\nfirst\n.\nlast\n`)).toMatchObject({
      code: 0,
      err: '',
    });
    await eventually(() => expect(outside().at(-1)).toContain('with -t'));
    const received = outside().at(-1) ?? '';
    expect(received).toMatch(/^first\n\.\nlast$/m);
    expect(received).toMatch(new RegExp(`^From: ${AMINA}$`, 'm'));
    expect(received).not.toMatch(/^Bcc:/im);
    await eventually(() => expect(postfix.mailbox('hidden')).toHaveLength(1));
    const cases: [string[], number][] = [
      [['-f', 'bilal@corp.example', OTTO], 77],
      [['-bd'], 64],
      [[], 64],
      [['no-address'], 67],
    ];
    for (const [args, code] of cases) expect((await sendmail(args, 'Subject: x\n\nx\n')).code).toBe(code);
  }, 180_000);

  it('send a message of the largest size, and learn that a larger one is too large', async () => {
    /** A complete message with exactly this size after the change of its line breaks. */
    const messageOf = (subject: string, size: number, more = 'Date: Sun, 29 Nov 2026 12:00:00 +0000\n') => {
      const header = `From: ${AMINA}\nSubject: ${subject}\nMessage-ID: <${count++}@program.example>\n${more}\n`;
      const line = `${'x'.repeat(98)}\n`;
      const rest = size - header.length - header.split('\n').length + 1;
      const last = rest % 100;
      return `${header}${line.repeat(Math.floor(rest / 100) - 1)}${'x'.repeat(98 + last)}\n`;
    };
    const HIDDEN = `hidden@${OUTSIDE}`;
    const sendLarge = (message: string) => sendmail(['-oi', HIDDEN], message);
    const subjects = [canary('large by sendmail'), canary('large by SMTP')];

    expect(await sendLarge(messageOf(subjects[0] ?? '', LARGEST_MAIL))).toMatchObject({ code: 0, err: '' });
    const tooLarge = { code: 65, err: expect.stringMatching(/too large/) };
    expect(await sendLarge(messageOf('over', LARGEST_MAIL + 1))).toMatchObject(tooLarge);
    // The agent adds the field Date.
    expect(await sendLarge(messageOf('over with a date', LARGEST_MAIL, ''))).toMatchObject(tooLarge);
    // The message is too large before its line breaks are changed.
    expect(await sendLarge(messageOf('over', 2 * LARGEST_MAIL))).toMatchObject(tooLarge);

    const client = await SmtpClient.connect(port);
    expect(await client.say('EHLO program.example')).toContain(`SIZE ${LARGEST_MAIL}`);
    await client.say(`AUTH PLAIN ${Buffer.from(`\0${access.user}\0${access.password}`).toString('base64')}`);
    expect(await client.say(`MAIL FROM:<${AMINA}> SIZE=${LARGEST_MAIL + 1}`)).toMatch(/^552 /);
    expect(await client.mail(AMINA, [HIDDEN], messageOf('over', LARGEST_MAIL + 1))).toMatch(/^552 5\.3\.4/);
    expect(await client.mail(AMINA, [HIDDEN], messageOf(subjects[1] ?? '', LARGEST_MAIL))).toMatch(/^250 2\.0\.0/);
    client.close();
    await eventually(() =>
      expect(subjects.filter((subject) => !postfix.mailbox('hidden').some((mail) => mail.includes(subject)))).toEqual(
        [],
      ),
    );
    const [first] = postfix.mailbox('hidden').filter((mail) => mail.includes(subjects[0] ?? ''));
    expect(first?.length).toBeGreaterThan(0.97 * LARGEST_MAIL);
    expect((await amina.mails('sent')).map(({ subject }) => subject)).not.toContain('over');
  }, 300_000);

  it('read mail from Dovecot, and a mail that is read on one side is read on the other', async () => {
    const subject = canary('to the mirror');
    await receive(subject);
    await eventually(async () =>
      expect((await imap('INBOX', '-X', 'STATUS INBOX (MESSAGES UNSEEN)')).out).toContain('MESSAGES 1 UNSEEN 1'),
    );
    const read = await imap('INBOX;MAILINDEX=1');
    expect(read.out).toContain(`Subject: ${subject}`);
    await eventually(async () => expect((await amina.mails())[0]?.unread).toBe(false));

    const second = canary('second');
    await receive(second);
    await amina.read((await amina.mails()).at(-1)?.id ?? '');
    await eventually(async () =>
      expect((await imap('INBOX', '-X', 'STATUS INBOX (MESSAGES UNSEEN)')).out).toContain('MESSAGES 2 UNSEEN 0'),
    );
    const sent = await imap('Sent', '-X', 'STATUS Sent (MESSAGES)');
    expect(sent.out).toContain(`MESSAGES ${(await amina.mails('sent')).length}`);
  }, 180_000);

  it('find each mail once after kill -9, and a mail that they deleted stays in Cordon', async () => {
    await imap('INBOX', '-X', 'STORE 2 +FLAGS (\\Deleted)');
    await imap('INBOX', '-X', 'EXPUNGE');
    await amina.agent.kill();
    amina.agent.run();
    await amina.agent.connected();
    const third = canary('third');
    await receive(third);
    await eventually(async () =>
      expect((await imap('INBOX', '-X', 'STATUS INBOX (MESSAGES UNSEEN)')).out).toContain('MESSAGES 2 UNSEEN 1'),
    );
    expect(await amina.mails()).toHaveLength(3);
  }, 180_000);

  const order = async (waiting: 'hold' | 'return') => {
    const { operator } = company.world;
    const proposed = await operator.propose({
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
      waiting,
    });
    await operator.adopt(proposed);
    await eventually(async () => expect((await amina.agent.status()).mail.state).toBe('denied'));
    return proposed.order;
  };

  it.each([
    ['hold', 75, '451 4.7.0'],
    ['return', 77, '550 5.7.0'],
  ] as const)(
    'are refused with the number of an order with the rule %s',
    async (rule, exit, reply) => {
      const number = await order(rule);
      const sent = await amina.mails('sent');
      const text = `${reply} Order ${number} suspends mail. The regulator suspends mail in PK. Appeal: appeals@regulator.example`;
      expect((await swaks('--from', AMINA, ...signedIn())).out).toContain(`<** ${text}`);
      expect(await sendmail([OTTO], 'Subject: x\n\nx\n')).toMatchObject({
        code: exit,
        err: expect.stringContaining(`Order ${number} suspends mail`),
      });
      expect(await amina.mails('sent')).toEqual(sent);
      const { operator } = company.world;
      await operator.adopt(await operator.act(number, { action: 'withdraw' }));
      await eventually(async () => expect((await amina.agent.status()).mail.state).toBe('ready'));
    },
    180_000,
  );

  it('lose the mirror when the workspace is locked, and get it again when it is unlocked', async () => {
    expect(mirrored().length).toBeGreaterThan(0);
    expect(await command('lock-workspace')).toMatchObject({ state: 'done' });
    expect(holding(mark.text)).toEqual([]);
    expect((await swaks('--from', AMINA, ...signedIn())).out).toMatch(/<\*\* 451 4\.7\.0 The workspace is locked/);
    expect(await sendmail([OTTO], 'Subject: x\n\nx\n')).toMatchObject({ code: 75 });
    expect((await imap('INBOX', '-X', 'STATUS INBOX (MESSAGES)')).out).not.toMatch(/MESSAGES [1-9]/);
    expect(await command('unlock-workspace')).toMatchObject({ state: 'done' });
    await eventually(async () =>
      expect((await imap('INBOX', '-X', 'STATUS INBOX (MESSAGES UNSEEN)')).out).toContain('MESSAGES 3 UNSEEN 1'),
    );
  }, 180_000);

  it('lose port, password and mirror when the admin or the user ends the permission', async () => {
    await allowed(false);
    await eventually(async () => expect(await status()).toMatchObject({ allowed: false, on: false, port: null }));
    // The agent closes the port first, and then removes the mirror.
    await eventually(() => expect(holding(mark.text)).toEqual([]));
    expect((await swaks('--from', AMINA, ...signedIn())).code).not.toBe(0);
    await allowed(true);
    expect(await status()).toMatchObject({ on: false });
    await switchOn();
    await eventually(() => expect(mirrored().length).toBeGreaterThan(0));
    expect(await programs('off')).toMatchObject({ code: 0, err: '' });
    expect(holding(mark.text)).toEqual([]);
    expect(await status()).toMatchObject({ on: false, port: null });
  }, 180_000);

  it('leave nothing on the disk after a wipe', async () => {
    await switchOn();
    await eventually(() => expect(mirrored().length).toBeGreaterThan(0));
    expect(await command('wipe-workspace')).toMatchObject({
      state: 'done',
      detail: expect.stringContaining('the mirror for other mail programs is gone'),
    });
    expect(holding(mark.text)).toEqual([]);
    await eventually(async () => expect(await status()).toMatchObject({ on: false, port: null }));
    await amina.agent.kill();
    amina.agent.run();
    await amina.agent.connected();
    expect(await status()).toMatchObject({ on: false, port: null });
    expect(holding(mark.text)).toEqual([]);
  }, 180_000);
});
