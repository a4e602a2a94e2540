/** Sign-in with a real OpenID provider in a real browser, with the released server in its own process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { PROVIDER_PATH } from '../../shared/api/provider.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { CLIENT, startProvider, type TestProvider } from '../support/openid-provider.ts';
import { firstOwner, type Person } from '../support/people.ts';
import { EVERY_LOOK, type Seat, takeSeat } from '../support/seat.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

describe.skipIf(!chromium.present)('sign-in with an identity provider in a browser', { timeout: 90_000 }, () => {
  let folder = '';
  let provider: TestProvider;
  let server: ServerProcess;
  let browser: Browser;
  let owner: Person;
  let ada: Seat;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    folder = mkdtempSync(join(tmpdir(), 'cordon-openid-'));
    const people = { ada: { email: 'ada@example.org', name: 'Ada Okafor', groups: ['fleet-team'] } };
    provider = await startProvider(people, () => [`${server.admin}${PROVIDER_PATH}`]);
    const file = join(folder, 'provider.json');
    const roles = [{ providerGroup: 'fleet-team', role: 'fleet' }];
    writeFileSync(
      file,
      JSON.stringify({ name: 'Weiß Directory', issuer: provider.issuer, clientId: CLIENT.id, roles }),
    );
    const secret = join(folder, 'secret');
    writeFileSync(secret, `${CLIENT.secret}\n`, { mode: 0o600 });
    // The server starts while the provider is down.
    await provider.stop();
    const settings = { CORDON_OIDC_FILE: file, CORDON_OIDC_CLIENT_SECRET_FILE: secret };
    [browser, server] = await Promise.all([openBrowser(), startServerProcess(settings)]);
    owner = await firstOwner(server.admin, server.firstOwner);
    ada = await takeSeat(browser, server.admin);
    ada.expecting(/^elsewhere: http:\/\/127\.0\.0\.1/);
    ada.expecting(/status of (401|403|503) .*\/api\/v1\/session/);
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await server?.remove();
    await provider?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** Writes the file that describes the provider. */
  function describeProvider(onlyProvider: boolean): string {
    const file = join(folder, 'provider.json');
    const roles = [{ providerGroup: 'fleet-team', role: 'fleet' }];
    const settings = { name: 'Weiß Directory', issuer: provider.issuer, clientId: CLIENT.id, onlyProvider, roles };
    writeFileSync(file, JSON.stringify(settings));
    return file;
  }
  const button = (page: Page) => page.getByRole('button', { name: 'Sign in with Weiß Directory' });
  async function logIn(page: Page): Promise<void> {
    await page.getByLabel('Login').fill('ada');
    await page.getByRole('button', { name: 'Log in' }).click();
  }
  const sessionCookie = async () =>
    (await ada.context.cookies(server.admin)).find(({ name }) => name === 'cordon_session');

  it('explains that the provider is down, and offers the password', async () => {
    await ada.goto('/');
    await button(ada.page).click();
    await ada.page.getByText('Weiß Directory does not respond correctly').waitFor();
    await ada.page.getByRole('textbox', { name: 'Password', exact: true }).waitFor();
    expect(await ada.faults('openid-1-down', EVERY_LOOK)).toEqual([]);
    await provider.start();
  });

  it('case 48: signs in, and replaces a session cookie that an attacker planted', async () => {
    const { hostname: domain } = new URL(server.admin);
    await ada.context.addCookies([{ name: 'cordon_session', value: 'planted', domain, path: '/' }]);
    await ada.goto('/');
    await button(ada.page).waitFor();
    expect(await ada.faults('openid-2-sign-in', EVERY_LOOK)).toEqual([]);
    await button(ada.page).click();
    await logIn(ada.page);
    await ada.page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(ada.page.url()).toBe(`${server.admin}/`);
    expect(await sessionCookie()).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
    expect((await sessionCookie())?.value).not.toBe('planted');
    await ada.page.reload();
    await ada.page.getByRole('heading', { name: 'Overview' }).waitFor();
  });

  it('shows the linked identity and the source of the role', async () => {
    await ada.goto('/account');
    await ada.page.getByText(`Your identifier there is ada (issuer ${provider.issuer})`).waitFor();
    await ada.page.getByText('from Weiß Directory', { exact: true }).waitFor();
    expect(await ada.faults('openid-3-account', EVERY_LOOK)).toEqual([]);
    const olivia = await takeSeat(browser, server.admin, { as: owner });
    await olivia.goto('/people');
    const row = olivia.page.getByRole('listitem').filter({ hasText: 'Ada Okafor' });
    await row.getByText('Fleet admin').waitFor();
    await row.getByText('from Weiß Directory', { exact: true }).waitFor();
    expect(await olivia.faults('openid-4-people', EVERY_LOOK)).toEqual([]);
    await olivia.goto('/account');
    await olivia.page.getByRole('button', { name: 'Link to Weiß Directory' }).waitFor();
    expect(await olivia.faults('openid-5-link', EVERY_LOOK)).toEqual([]);
    await olivia.context.close();
  });

  it('confirms a grave action with new credentials in a window of the provider', async () => {
    const database = new DatabaseSync(join(server.home, 'cordon.db'));
    database.exec(
      'update sessions set authenticated_at = 0 where account_id in (select account_id from provider_identities)',
    );
    database.close();
    ada.expecting(/status of 403 .*\/api\/v1\/tokens/);
    await ada.goto('/account');
    await ada.page.getByRole('button', { name: 'Create token' }).click();
    await ada.page.getByLabel('Purpose').fill('script');
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click();
    const dialog = ada.page.getByRole('dialog', { name: 'Confirm your identity' });
    await dialog.getByRole('button', { name: 'Confirm with Weiß Directory' }).waitFor();
    expect(await dialog.getByLabel('Authenticator code').count()).toBe(0);
    expect(await ada.faults('openid-6-step-up', EVERY_LOOK)).toEqual([]);
    const opening = ada.context.waitForEvent('page');
    await dialog.getByRole('button', { name: 'Confirm with Weiß Directory' }).click();
    const other = await opening;
    await logIn(other);
    await other.getByRole('heading', { name: 'Identity confirmed' }).waitFor();
    await ada.page.getByText('Copy the token now').waitFor();
    await other.close();
  });

  it('case 49: refuses the next sign-in of a person whose group is gone, and ends the open session', async () => {
    const before = await ada.page.evaluate<string>("localStorage.getItem('cordon-session')");
    expect(before).not.toBe('');
    const second = await takeSeat(browser, server.admin);
    second.expecting(/^elsewhere: http:\/\/127\.0\.0\.1/);
    second.expecting(/status of (401|403) .*\/api\/v1\/session/);
    provider.people['ada'] = { email: 'ada@example.org', name: 'Ada Okafor', groups: [] };
    await second.goto('/');
    await button(second.page).click();
    await logIn(second.page);
    await second.page.getByText('None of your groups at Weiß Directory gives a role').waitFor();
    expect(second.page.url()).toBe(`${server.admin}/`);
    expect(await second.faults('openid-7-no-role', EVERY_LOOK)).toEqual([]);
    await second.page.getByRole('button', { name: 'Back to Cordon' }).click();
    await button(second.page).waitFor();
    const signOut = second.page.getByRole('link', { name: 'sign out of Weiß Directory' });
    expect(await signOut.getAttribute('href')).toContain(`${provider.issuer}/session/end`);
    ada.expecting(/status of 401/);
    await ada.page.reload();
    await button(ada.page).waitFor();
    expect([ada.complaints, second.complaints]).toEqual([[], []]);
  });

  it('case 48: shows an error for a response that this browser did not begin', async () => {
    const before = await sessionCookie();
    await ada.goto(`${PROVIDER_PATH}?code=stolen&state=stolen&iss=${encodeURIComponent(provider.issuer)}`);
    await ada.page.getByText('The sign-in began in another browser').waitFor();
    expect(await ada.faults('openid-8-refused', EVERY_LOOK)).toEqual([]);
    expect((await sessionCookie())?.value).toBe(before?.value);
    // The secret file and the code are in no output of the server.
    for (const secret of [CLIENT.secret, 'stolen']) expect(server.output()).not.toContain(secret);
  });

  it('names the address at which the sign-in works, if the console is open at another one', async () => {
    const other = await takeSeat(browser, server.admin.replace('127.0.0.1', 'localhost'));
    other.expecting(/status of 401 .*\/api\/v1\/session/);
    await other.goto('/');
    await other.page.getByText(`works only at the address ${server.admin}`).waitFor();
    const link = other.page.getByRole('link', { name: 'Open this address' });
    expect(await link.getAttribute('href')).toBe(`${server.admin}/`);
    expect(await other.faults('openid-8b-other-address', EVERY_LOOK)).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  it('hides the password form if only owners may use a password', async () => {
    describeProvider(true);
    await server.stop();
    await server.start();
    await ada.goto('/');
    await button(ada.page).waitFor();
    const password = ada.page.getByRole('textbox', { name: 'Password', exact: true });
    expect(await password.count()).toBe(0);
    expect(await ada.faults('openid-9-only', EVERY_LOOK)).toEqual([]);
    await ada.page.getByRole('button', { name: /Sign in as an owner without/ }).click();
    await password.waitFor();
  });
});
