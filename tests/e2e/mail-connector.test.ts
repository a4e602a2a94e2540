/** The program `cordon mail-connector` as an admin uses it: enrollment, settings, status, and an order on the connector itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CompanyMail, openCompanyMail } from '../support/company-mail.ts';
import { freePort } from '../support/free-port.ts';
import { startMailServer, type TestMailServer } from '../support/mail-server.ts';
import type { MailUser } from '../support/mail-user.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const CORDON = programPath('server/cordon.js');
const WITHIN = 60_000;
let folder: string;
let submission: TestMailServer;
let company: CompanyMail;
let amina: MailUser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-program-'));
  submission = await startMailServer(folder, { tls: 'offered' });
  company = await openCompanyMail({
    submission: submission.port,
    connectorEnv: { CORDON_CONNECTOR_TLS: 'optional', ...submissionEnv() },
  });
  amina = await company.person('Amina', { home: 'NO' });
}, 300_000);
afterAll(async () => {
  await company?.close();
  await submission?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The company's mail server requires a password, which the connector sends only after STARTTLS. */
const submissionEnv = () => ({
  CORDON_CONNECTOR_SUBMISSION_URL: submission.url(),
  NODE_EXTRA_CA_CERTS: submission.authorityFile,
});

const cordon = (args: readonly string[], env: Record<string, string> = {}) =>
  runProgram(process.execPath, [CORDON, 'mail-connector', ...args], { env });

async function send(subject: string): Promise<string> {
  const client = await SmtpClient.connect(company.smtpPort);
  try {
    await client.say('EHLO mail.outside.example');
    const message = `From: otto@outside.example\nSubject: ${subject}\n\ntext\n`;
    return await client.mail('otto@outside.example', [amina.address], message);
  } finally {
    client.close();
  }
}

it('is a command of cordon, with help, status and a check of its settings', async () => {
  const { home } = company.connector;
  expect((await cordon(['--help'])).out).toMatch(/^Usage: cordon mail-connector [\s\S]*enroll[\s\S]*check-config/);
  const status = await cordon(['--home', home, 'status']);
  expect(status).toMatchObject({ code: 0, err: '' });
  expect(status.out).toMatch(/^connection: +connected$/m);
  expect(status.out).toMatch(new RegExp(`^SMTP: +port ${company.smtpPort}$`, 'm'));
  const json = JSON.parse((await cordon(['--home', home, 'status', '--json'])).out);
  expect(json.connector).toMatchObject({ smtpPort: company.smtpPort });
  const check = await cordon(['--home', home, 'check-config'], submissionEnv());
  expect(check).toMatchObject({ code: 0 });
  expect(check.out).toMatch(
    /accepts the connector\.\nThis machine is enrolled as dev_\w+\.\nThe mail connector can start\.\n$/,
  );
  const none = await cordon(['--home', folder, 'check-config'], { CORDON_CONNECTOR_SUBMISSION_URL: 'smtp://x:y@' });
  expect(none.code).toBe(2);
  expect(none.out).toMatch(/PROBLEM {2}CORDON_CONNECTOR_SUBMISSION_URL must be a URL[\s\S]*cannot start\.\n$/);
  expect((await cordon(['--home', folder, 'run'], submissionEnv())).err).toMatch(
    /not enrolled.*`cordon mail-connector enroll`/,
  );
});

it('carries mail between addresses with other characters than ASCII (RFC 6531)', async () => {
  const jurgen = await company.person('Jürgen', { home: 'NO' });
  expect(jurgen.address).toBe('jürgen@corp.example');
  const opening = ['MAIL FROM:<søren@dømi.example> SMTPUTF8', 'RCPT TO:<JÜRGEN@corp.example>'];
  // A mail server tries again after a reply of the class 4, which the connector gives until it has read the confirmation of the new device.
  const client = await until(async () => {
    const attempt = await SmtpClient.connect(company.smtpPort);
    try {
      expect(await attempt.say('EHLO mail.outside.example')).toContain('SMTPUTF8');
      for (const line of opening) expect(await attempt.say(line)).toMatch(/^250 /);
    } catch (error) {
      attempt.close();
      throw error;
    }
    return attempt;
  }, WITHIN);
  const message = 'From: Søren <søren@dømi.example>\r\nTo: jürgen@corp.example\r\nSubject: grüße\r\n\r\nschön\r\n.';
  for (const line of ['DATA', message]) expect(await client.say(line)).toMatch(/^[23]/);
  client.close();
  await until(async () => expect(await jurgen.subjects()).toEqual(['grüße']), WITHIN);
  const [mail] = await jurgen.mails();
  expect(mail?.from).toEqual({ name: 'Søren', address: 'søren@dømi.example' });
  await jurgen.send('søren@dømi.example', 'zurück', 'text');
  await until(() => {
    const found = submission.received.find(({ from }) => from === 'jürgen@corp.example');
    expect(found).toMatchObject({ to: ['søren@dømi.example'] });
  }, WITHIN);
}, 120_000);

it('refuses mail with the number of the order that suspends it, and passes mail on after the order', async () => {
  expect(await send('before')).toMatch(/^250/);
  await until(async () => expect(await amina.subjects()).toEqual(['before']), WITHIN);
  const { operator } = company.world;
  const proposed = await operator.propose({
    title: 'Mail in SE',
    areas: ['SE'],
    services: ['mail'],
    nexus: ['home'],
    travelers: 'deny',
    unknown: 'allow',
    contested: 'allow',
    waiting: 'hold',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'The regulator suspends mail in SE.' },
    appeal: 'appeals@regulator.example',
    effective: new Date(Date.now() + 4_000).toISOString(),
  });
  await operator.adopt(proposed);
  await until(
    async () =>
      expect(await send('during')).toMatch(
        new RegExp(
          `^451 4\\.7\\.0 Order ${proposed.order} suspends mail\\. The regulator suspends mail in SE\\. Appeal: app`,
        ),
      ),
    WITHIN,
  );
  expect((await cordon(['--home', company.connector.home, 'status'])).out).toMatch(
    new RegExp(`^mail: +suspended by order ${proposed.order} \\(waiting mail: hold\\)$`, 'm'),
  );
  // The recipient is outside the order's area. Its mail waits on the server, because the connector may not fetch it.
  await amina.send('otto@outside.example', 'from a device', 'text');
  await operator.adopt(await operator.act(proposed.order, { action: 'withdraw' }));
  const toOtto = () => submission.received.filter(({ to }) => to.includes('otto@outside.example'));
  await until(() => expect(toOtto()).toMatchObject([{ from: amina.address, encrypted: true }]), WITHIN);
  await until(async () => expect(await send('after')).toMatch(/^250/), WITHIN);
  await until(async () => expect((await amina.subjects()).at(-1)).toBe('after'), WITHIN);
}, 240_000);

it('does not start twice on one folder, and tells why', async () => {
  const env = { ...submissionEnv(), CORDON_CONNECTOR_PORT: String(await freePort()) };
  const second = await cordon(['--home', company.connector.home, 'run'], env);
  expect(second.code).toBe(6);
  expect(second.err).toMatch(/Another agent uses/);
});
