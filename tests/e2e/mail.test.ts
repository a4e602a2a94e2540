/** Mailed links, and what they prove: real server processes, a real mail server with TLS, the REST API and the command line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accountList,
  accountView,
  invitationView,
  invitedAccount,
  sentVerification,
} from '../../shared/api/accounts.ts';
import { approverKeyList, approverKeyView, approverSetView, approversView } from '../../shared/api/approvers.ts';
import { installationView } from '../../shared/api/installation.ts';
import { ledgerEntryList } from '../../shared/api/ledger.ts';
import { uploadedDocument } from '../../shared/api/order-documents.ts';
import { proceedingsView, revisionView } from '../../shared/api/orders.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { approversSchema } from '../../shared/order/documents.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { adminCli } from '../support/admin-cli.ts';
import { codeAt } from '../support/console-people.ts';
import { MAIL_PASSWORD, startMailServer, type TestMailServer } from '../support/mail-server.ts';
import {
  type Approver,
  adoptApproverSet,
  firstOwner,
  inviteApprover,
  joinByLink,
  type Person,
} from '../support/people.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const FROM = 'cordon@example.org';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-mail-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = (mail: TestMailServer, url = mail.url()) => ({
  CORDON_MAIL_URL: url,
  CORDON_MAIL_FROM: FROM,
  CORDON_ORGANIZATION: 'Exempel AB',
  NODE_EXTRA_CA_CERTS: mail.authorityFile,
});
const attestations = (payload: string) =>
  approversSchema.parse(JSON.parse(payload)).approvers.map(({ attestation }) => attestation ?? 'self-attested');
const failing = async ({ api }: Person) =>
  (await api.call('GET', '/overview', overviewView)).healthIssues.find(({ code }) => code === 'mail_failing')?.detail ??
  null;
/** Creates a person with an approver key, registered in the person's session. */
async function withKey(person: Person): Promise<Approver> {
  const { key, pem } = createKeyFile(`the passphrase of ${person.name}`);
  await person.browser.call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
  return { ...person, key, pem };
}

describe('one owner and two accounts (case 31)', () => {
  let mail: TestMailServer;
  let server: ServerProcess;
  let owner: Person;
  let kept: readonly [Approver, Approver];
  const propose = (people: readonly Approver[]) =>
    owner.api.call('POST', '/approvers', approverSetView, { keyids: people.map(({ key }) => key.keyid), threshold: 2 });
  const newest = async () => {
    const { entries } = await owner.api.call('GET', '/ledger/entries', ledgerEntryList);
    return entries.filter(({ entry }) => entry.kind === 'approvers.adopted').map(({ entry }) => entry.public);
  };

  beforeAll(async () => {
    mail = await startMailServer(mkdtempSync(join(folder, 'two-')));
    server = await startServerProcess();
    owner = await firstOwner(server.admin, server.firstOwner);
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
    await mail?.stop();
  });

  it('are two approvers without mail, because the owner keeps both invitations, and the set is marked self-attested', async () => {
    kept = [await inviteApprover(server.admin, owner, 'first'), await inviteApprover(server.admin, owner, 'second')];
    await adoptApproverSet(owner, kept);
    const { current } = await owner.api.call('GET', '/approvers', approversView);
    expect(attestations(current?.payload ?? '')).toEqual(['self-attested', 'self-attested']);
    await expect.poll(newest).toMatchObject([{ version: 1, selfAttested: 2, verified: 0 }]);
    await expect(owner.browser.call('POST', '/address/link', sentVerification)).rejects.toMatchObject({
      code: 'mail_not_configured',
    });
  });

  it('are refused with mail, because the addresses are unverified, and the earlier approver set stays', async () => {
    // This invitation was displayed before the server could send mail, and no person has redeemed it yet.
    const grants = [{ role: 'legal' }];
    const late = await owner.browser.call('POST', '/accounts', invitedAccount, {
      email: 'late@example.org',
      name: 'late',
      grants,
    });
    await server.stop();
    await server.start(settings(mail));
    expect((await owner.api.call('GET', '/installation', installationView)).mail).toBe(true);
    const third = await withKey(await joinByLink(server.admin, late.link ?? '', 'late'));
    for (const set of [kept, [kept[0], third]]) {
      await expect(propose(set)).rejects.toMatchObject({
        code: 'address_unverified',
        message: expect.stringMatching(/\(first@example\.org\).*Send a verification link/),
      });
    }
    const { current } = await owner.api.call('GET', '/approvers', approversView);
    expect([current?.version, ...attestations(current?.payload ?? '')]).toEqual([1, 'self-attested', 'self-attested']);
    const { accounts } = await owner.api.call('GET', '/accounts', accountList);
    expect(accounts.map(({ emailVerifiedAt }) => emailVerifiedAt)).toEqual([null, null, null, null]);
  });

  it('become approvers when two mailboxes respond, and no response shows the creator a link', async () => {
    const people: Approver[] = [];
    for (const name of ['ada', 'ben']) {
      const email = `${name}@example.org`;
      const { json } = await owner.browser.raw('POST', '/accounts', { email, name, grants: [{ role: 'legal' }] });
      const link = mail.linkTo(email);
      const token = link.split('=').at(-1) ?? '';
      expect(json).toMatchObject({ link: null, invitation: null, mail: { to: email, failure: null } });
      expect([token.length > 40, JSON.stringify(json).includes(token)]).toEqual([true, false]);
      people.push(await withKey(await joinByLink(server.admin, link, name)));
    }
    expect(mail.received.at(-1)).toMatchObject({
      from: FROM,
      to: ['ben@example.org'],
      encrypted: true,
      user: 'cordon',
    });
    expect(mail.received.at(-1)?.headers).toMatch(/^Subject: Exempel AB: your Cordon account$/m);
    expect(mail.received.at(-1)?.headers).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(mail.received.at(-1)?.text).toMatch(/Owner \(owner@example\.org\) invites you to Cordon/);
    // Two independent people that one owner created. The earlier approvers must agree to the new set.
    const approverSet = await propose(people);
    expect(attestations(approverSet.payload)).toEqual(['verified', 'verified']);
    let signed = approverSet;
    for (const { api, key } of [...kept, ...people]) {
      const body = { keyid: key.keyid, signature: signApproverSetPayload(key, approverSet.payload) };
      signed = await api.call('POST', `/approvers/${approverSet.version}/signatures`, approverSetView, body);
    }
    expect(signed.state).toBe('adopted');
    await expect.poll(newest).toContainEqual(expect.objectContaining({ version: 2, selfAttested: 0, verified: 2 }));
    const { keys } = await owner.api.call('GET', '/approver-keys', approverKeyList);
    expect(keys.map(({ name, verified }) => [name, verified])).toEqual([
      ['first', false],
      ['second', false],
      ['late', false],
      ['ada', true],
      ['ben', true],
    ]);
    // The owner did not create the owner's own second account.
    const own = await withKey(owner);
    await owner.browser.call('POST', '/address/link', sentVerification);
    const token = mail.linkTo('owner@example.org').split('=').at(-1);
    await owner.browser.call('POST', '/address/verify', accountView, { token });
    await expect(propose([own, ...people.slice(0, 1)])).rejects.toMatchObject({ code: 'same_person' });
  });

  it('an earlier account verifies its address with a mailed link, in its own session only', async () => {
    const [first, second] = kept;
    const sent = await first.browser.call('POST', '/address/link', sentVerification);
    expect(sent.mail).toEqual({ to: 'first@example.org', failure: null });
    const token = mail.linkTo('first@example.org').split('=').at(-1);
    for (const other of [second, owner]) {
      await expect(other.browser.call('POST', '/address/verify', accountView, { token })).rejects.toMatchObject({
        code: 'verification_invalid',
      });
    }
    // An API token does not prove that the account's holder acts.
    await expect(first.api.call('POST', '/address/verify', accountView, { token })).rejects.toMatchObject({
      code: 'step_up_required',
    });
    const account = await first.browser.call('POST', '/address/verify', accountView, { token });
    expect(account.emailVerifiedAt).toBeGreaterThan(0);
    await expect(first.browser.call('POST', '/address/verify', accountView, { token })).rejects.toMatchObject({
      code: 'verification_invalid',
    });
  });

  it('every owner and counsel gets one reminder of an answer, also after a restart, and none once it is recorded', async () => {
    const due = new Date(Date.now() + 24 * 3_600_000).toISOString();
    const terms = {
      title: 'To be answered',
      areas: ['PK'],
      services: ['messaging'],
      nexus: ['present'],
      answerBy: due,
      unknown: 'allow',
      contested: 'allow',
      travelers: 'allow',
      authority: 'PTA',
      addressee: 'us',
      instrument: 'x',
      statement: { en: 'Service ends.' },
      effective: '2099-11-30T23:59',
    };
    const { order } = await owner.api.call('POST', '/orders', revisionView, terms);
    const reminded = () =>
      mail.received.filter(({ headers }) => headers.includes(`Order ${order}: answer due`)).map(({ to }) => to[0]);
    const everybody = ['ada', 'ben', 'first', 'late', 'owner', 'second'].map((name) => `${name}@example.org`);
    await expect.poll(() => reminded().sort(), { timeout: 20_000 }).toEqual(everybody);
    expect(mail.received.at(-1)?.text).toContain(`cordon orders answer ${order}`);
    await server.stop();
    await server.start(settings(mail));
    const issue = async () =>
      (await owner.api.call('GET', '/overview', overviewView)).healthIssues.find(({ code }) => code === 'answer_due');
    expect(await issue()).toMatchObject({ count: 1, severity: 'warning', link: { page: 'orders', numbers: [order] } });
    const { json } = await owner.api.raw('POST', '/orders/documents?mediaType=application%2Fpdf', Buffer.from('reply'));
    const document = { title: 'Reply', ...uploadedDocument.parse(json) };
    const answer = { kind: 'answer', on: new Date().toISOString().slice(0, 10), by: 'Owner', document };
    await owner.api.call('POST', `/orders/${order}/proceedings`, proceedingsView, answer);
    expect([await issue(), reminded().length]).toEqual([undefined, everybody.length]);
  });
});

describe('a mail server that fails', () => {
  it('does not stop the start, causes a health issue with the reason, and the admin sends the link again', {
    timeout: 120_000,
  }, async () => {
    const mail = await startMailServer(mkdtempSync(join(folder, 'down-')));
    await mail.stop();
    const server = await startServerProcess(settings(mail));
    try {
      const owner = await firstOwner(server.admin, server.firstOwner);
      await expect.poll(() => failing(owner), { timeout: 30_000 }).not.toBeNull();
      expect(await failing(owner)).toMatch(
        new RegExp(`localhost:${mail.port} refused the connection.*CORDON_MAIL_URL.*send the links again`),
      );
      const cli = adminCli(server.admin, mkdtempSync(join(folder, 'cli-')), { CORDON_PASSWORD: owner.signIn.password });
      const totp = await codeAt({ secret: owner.signIn.totpSecret }, Date.now() + 30_000);
      expect(await cli(['sign-in', owner.signIn.email, '--totp', totp])).toMatchObject({ code: 0 });
      const failed = await cli(['accounts', 'add', 'ada@example.org', 'Ada', '--role', 'legal']);
      expect([failed.code, failed.err]).toEqual([
        7,
        expect.stringMatching(
          /was created, but the mail to ada@example\.org was not sent.*cordon accounts invite acc_/,
        ),
      ]);
      expect(failed.out).not.toMatch(/invitation=/);
      const { accounts } = await owner.api.call('GET', '/accounts', accountList);
      const ada = accounts.find(({ email }) => email === 'ada@example.org')?.id ?? '';

      await mail.start();
      const again = await cli(['accounts', 'invite', ada]);
      expect([again.code, again.err, again.out]).toEqual([0, '', expect.stringMatching(/^Sent to ada@example\.org\./)]);
      expect(await failing(owner)).toBeNull();
      const link = mail.linkTo('ada@example.org');
      expect(again.out).not.toContain(link.split('=').at(-1));
      // Ada's command line redeems the link, and the account list shows the verified address.
      const file = join(folder, 'ada.link');
      writeFileSync(file, link, { mode: 0o600 });
      expect(await cli(['setup', '--link-file', file])).toMatchObject({ code: 0 });
      expect((await cli(['accounts', 'list'])).out).toMatch(/ada@example\.org +verified/);

      // The owner verifies the owner's address at the command line.
      expect((await cli(['address', 'send-link'])).out).toMatch(
        /^Sent to owner@example\.org\. Then: cordon address verify/,
      );
      const verified = await cli(['address', 'verify'], { input: `${mail.linkTo('owner@example.org')}\n` });
      expect([verified.code, verified.out]).toEqual([0, expect.stringMatching(/^Verified: owner@example\.org/)]);

      // A missing mailbox is no failure of the mail server.
      mail.refused.add('nobody@example.org');
      const nobody = { email: 'nobody@example.org', name: 'Nobody', grants: [] };
      const made = await owner.browser.call('POST', '/accounts', invitedAccount, nobody);
      expect(made.mail?.failure).toMatch(/refused the recipient \(550 No such mailbox\)/);
      expect(await failing(owner)).toBeNull();

      // Without mail, the sole owner can still recover the account.
      await mail.stop();
      await server.stop();
      const recovered = await cli(['recover-owner'], { env: { ...server.env } });
      expect([recovered.code, recovered.out]).toEqual([0, expect.stringMatching(/#invitation=/)]);
    } finally {
      await server.remove();
      await mail.stop();
    }
  });

  it.each([
    ['a wrong password', { tls: 'start' }, { password: 'wrong' }, /refused the user and the password/],
    [
      'a certificate of an unknown authority',
      { tls: 'start' },
      null,
      /^TLS with the mail server .*NODE_EXTRA_CA_CERTS/,
    ],
    ['no STARTTLS on the way to another machine', { tls: 'none' }, { host: 'other' }, /^TLS with the mail server/],
  ] as const)(
    'gets no password over an unsafe connection: %s',
    { timeout: 60_000 },
    async (_what, options, given, reason) => {
      const host = given !== null && 'host' in given ? otherAddress() : null;
      if (host === undefined) return;
      const mail = await startMailServer(mkdtempSync(join(folder, 'unsafe-')), options, host ?? undefined);
      const url = mail.url({ ...given, ...(host !== null && { host }) });
      const trust = given === null ? { NODE_EXTRA_CA_CERTS: '' } : {};
      const server = await startServerProcess({ ...settings(mail, url), ...trust });
      try {
        const owner = await firstOwner(server.admin, server.firstOwner);
        await expect.poll(() => failing(owner), { timeout: 30_000 }).not.toBeNull();
        expect((await failing(owner))?.replace('Cordon cannot send mail: ', '')).toMatch(reason);
        const sent = await owner.browser.call('POST', '/address/link', sentVerification);
        expect(sent.mail.failure).toMatch(reason);
        expect(mail.received).toEqual([]);
        expect(mail.heard()).not.toMatch(/AUTH/);
        expect(server.output()).not.toContain(encodeURIComponent(MAIL_PASSWORD));
      } finally {
        await server.remove();
        await mail.stop();
      }
    },
  );

  it('receives mail over STARTTLS, also a reset link that no response shows', { timeout: 60_000 }, async () => {
    const mail = await startMailServer(mkdtempSync(join(folder, 'starttls-')), { tls: 'offered' });
    const server = await startServerProcess(settings(mail));
    try {
      const owner = await firstOwner(server.admin, server.firstOwner);
      const ada = { email: 'ada@example.org', name: 'Ada', grants: [] };
      const { account } = await owner.browser.call('POST', '/accounts', invitedAccount, ada);
      await joinByLink(server.admin, mail.linkTo(ada.email), 'Ada');
      const reset = await owner.browser.call('POST', `/accounts/${account.id}/invitation`, invitationView, {});
      expect(reset).toMatchObject({ link: null, invitation: null, mail: { to: ada.email, failure: null } });
      expect(mail.received.map(({ encrypted }) => encrypted)).toEqual([true, true]);
      expect(mail.received[1]?.text).toMatch(/choose a new password/);
    } finally {
      await server.remove();
      await mail.stop();
    }
  });
});

/** An address of this machine that is not loopback; undefined if there is none. */
const otherAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
