/** Mailed links in real browsers: the owner's view, the verification of an address by its account holder, and the page of approvers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { accountView, sentVerification } from '../../shared/api/accounts.ts';
import { approverSetView, approversView } from '../../shared/api/approvers.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { codeAt, comeByLink, makeKey, signIn, signList } from '../support/console-people.ts';
import { startMailServer, type TestMailServer } from '../support/mail-server.ts';
import { type Approver, firstOwner, inviteApprover, type Person } from '../support/people.ts';
import { EVERY_LOOK, type Seat, takeSeat, textOf } from '../support/seat.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const PASSWORD = 'what nobody else would say';

describe.skipIf(!chromium.present)('mailed links in the console', { timeout: 90_000 }, () => {
  let folder: string;
  let mail: TestMailServer;
  let server: ServerProcess;
  let browser: Browser;
  let owner: Person;
  let eve: Approver;
  let olivia: Seat;
  let ada: Seat;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    folder = mkdtempSync(join(tmpdir(), 'cordon-console-mail-'));
    mail = await startMailServer(folder);
    const mailed = {
      CORDON_MAIL_URL: mail.url(),
      CORDON_MAIL_FROM: 'cordon@example.org',
      NODE_EXTRA_CA_CERTS: mail.authorityFile,
    };
    [browser, server] = await Promise.all([openBrowser(), startServerProcess()]);
    owner = await firstOwner(server.admin, server.firstOwner);
    // An earlier approver with an unverified address.
    eve = await inviteApprover(server.admin, owner, 'Eve of before');
    await server.stop();
    await server.start(mailed);
    olivia = await takeSeat(browser, server.admin, { as: owner });
    ada = await takeSeat(browser, server.admin);
    for (const seat of [olivia, ada]) seat.expecting(/status of 401 .*\/api\/v1\/session\b/);
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await server?.remove();
    await mail?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const invite = async (name: string, email: string) => {
    await olivia.goto('/people');
    await olivia.page.getByRole('button', { name: 'Invite person' }).click();
    const dialog = olivia.page.getByRole('dialog', { name: 'Invite person' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel('E-mail').fill(email);
    await dialog.getByRole('radio', { name: 'Legal' }).check();
    await dialog.getByRole('button', { name: 'Send invitation' }).click();
    return dialog;
  };

  it('shows the owner the address of the mailed invitation, and not the link', async () => {
    const dialog = await invite('Ada Okafor', 'ada@example.org');
    await dialog.getByText('Sent to ada@example.org').waitFor();
    const token = mail.linkTo('ada@example.org').split('=').at(-1) ?? '';
    expect(await olivia.page.content()).not.toContain(token);
    expect(await olivia.faults('mail-1-sent', EVERY_LOOK)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await comeByLink(ada, mail.linkTo('ada@example.org'), { email: 'ada@example.org', password: PASSWORD }).then(
      async (knows) => signIn(ada, knows, await codeAt(knows)),
    );
    await ada.page.getByRole('heading', { name: 'Overview' }).waitFor();
    await ada.goto('/people?tab=approvers');
    await makeKey(ada);
    await olivia.goto('/people');
    const row = olivia.page.getByRole('listitem').filter({ hasText: 'Ada Okafor' });
    await row.getByText('Verified address').waitFor();
    expect(await olivia.faults('mail-2-accounts', EVERY_LOOK)).toEqual([]);
  });

  it('states why a mail failed, in the dialog and on the overview, and sends it again', async () => {
    await mail.stop();
    const dialog = await invite('Ben Weber', 'ben@example.org');
    await dialog.getByText('Mail not sent').waitFor();
    expect(await textOf(dialog.getByRole('alert'))).toMatch(/refused the connection/);
    expect(await olivia.faults('mail-3-not-sent', EVERY_LOOK)).toEqual([]);
    const looking = await takeSeat(browser, server.admin, { as: owner });
    await looking.goto('/');
    await looking.page.getByText(/Cordon cannot send mail/).waitFor();
    expect(await looking.faults('mail-4-overview', EVERY_LOOK)).toEqual([]);
    await looking.context.close();
    await mail.start();
    await dialog.getByRole('button', { name: 'Send link again' }).click();
    await dialog.getByText('Sent to ben@example.org').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
  });

  it('refuses approvers without a verified address, and states the remedy', async () => {
    olivia.expecting(/status of 409 .*\/api\/v1\/approvers/);
    await olivia.goto('/people?tab=approvers');
    await olivia.page.getByRole('button', { name: 'Propose first approver set' }).click();
    const dialog = olivia.page.getByRole('dialog', { name: 'Propose approver set' });
    await dialog.getByText('address not verified').waitFor();
    await dialog.getByRole('button', { name: 'Propose approver set' }).click();
    await dialog.getByText(/have no verified e-mail address: Eve of before/).waitFor();
    expect(await olivia.faults('mail-5-refused', EVERY_LOOK)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await olivia.faults('mail-6-approvers', EVERY_LOOK)).toEqual([]);
  });

  it('verifies the user’s own address by a mailed link, which first requires a sign-in', async () => {
    await olivia.goto('/account');
    await olivia.page.getByRole('button', { name: 'Send verification link' }).click();
    await olivia.page.getByText(/Sent to owner@example\.org/).waitFor();
    expect(await olivia.faults('mail-7-account', EVERY_LOOK)).toEqual([]);
    const link = mail.linkTo('owner@example.org');

    // The link verifies nothing for another account, nor without a sign-in.
    ada.expecting(/status of 409 .*\/api\/v1\/address\/verify/);
    await ada.page.goto(link);
    await ada.page.getByRole('button', { name: 'Verify address' }).click();
    await ada.page.getByText(/for another account/).waitFor();
    expect(await ada.faults('mail-8-other-account', EVERY_LOOK)).toEqual([]);
    await ada.page.getByRole('button', { name: 'Cancel' }).click();
    await ada.page.getByRole('heading', { level: 1 }).waitFor();
    const stranger = await takeSeat(browser, server.admin);
    stranger.expecting(/status of 401 .*\/api\/v1\/session\b/);
    await stranger.page.goto(link);
    await stranger.page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    expect(stranger.page.url()).not.toContain('verify');
    await stranger.context.close();

    await olivia.page.goto(link);
    await olivia.page.getByRole('heading', { name: 'Verify e-mail address' }).waitFor();
    expect(await olivia.faults('mail-9-confirm', EVERY_LOOK)).toEqual([]);
    await olivia.page.getByRole('button', { name: 'Verify address' }).click();
    await olivia.page.getByText('owner@example.org is verified.').waitFor();
    await olivia.page.getByRole('button', { name: 'Open console' }).click();
    await olivia.goto('/account');
    await olivia.page.getByText(/Verified on/).waitFor();
    expect(await olivia.faults('mail-10-verified', EVERY_LOOK)).toEqual([]);
    expect([olivia, ada].map(({ complaints }) => complaints)).toEqual([[], []]);
  });

  it('marks verified addresses in the pending and in the adopted approver set', async () => {
    await eve.browser.call('POST', '/address/link', sentVerification);
    const token = mail.linkTo(eve.signIn.email).split('=').at(-1);
    await eve.browser.call('POST', '/address/verify', accountView, { token });
    await olivia.goto('/people?tab=approvers');
    await olivia.page.getByRole('button', { name: 'Propose first approver set' }).click();
    const dialog = olivia.page.getByRole('dialog', { name: 'Propose approver set' });
    await dialog.getByRole('button', { name: 'Propose approver set' }).click();
    await dialog.waitFor({ state: 'hidden' });
    const words = 'Verified: the installation proved the address or directory subject of every approver.';
    await olivia.page.getByText(words).waitFor();
    expect(await olivia.faults('mail-11-waiting', EVERY_LOOK)).toEqual([]);
    await ada.goto('/people?tab=approvers');
    await signList(ada);
    const { pending } = await eve.api.call('GET', '/approvers', approversView);
    const signature = signApproverSetPayload(eve.key, pending?.payload ?? '');
    await eve.api.call('POST', '/approvers/1/signatures', approverSetView, { keyid: eve.key.keyid, signature });
    await olivia.page.getByText('An order needs 2 of these approvers').waitFor();
    await olivia.page.getByText(words).waitFor();
    expect(await olivia.page.getByText('Verified address').count()).toBe(4);
    expect(await olivia.faults('mail-12-adopted', EVERY_LOOK)).toEqual([]);
  });
});
