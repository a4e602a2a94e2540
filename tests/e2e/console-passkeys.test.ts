/** Passkeys in the console, with Chromium's virtual authenticator. The browser and the API on its store are real. */
import { createHash, createPublicKey } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STEP_UP_WITHIN } from '../../server/admins/action-policy.ts';
import { spkiOf } from '../../server/admins/passkey-verification.ts';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { statementBytes } from '../../shared/order/passkey-challenge.ts';
import { verifyPasskey } from '../../shared/order/passkey-signature.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { type Seat, takeSeat, textOf } from '../support/seat.ts';
import { giveAuthenticator, type VirtualAuthenticator } from '../support/virtual-authenticator.ts';

interface Person {
  readonly email: string;
  readonly secret: string;
  readonly seat: Seat;
  readonly authenticator: VirtualAuthenticator;
}

describe.skipIf(!chromium.present)('passkeys in the console', { timeout: 240_000 }, () => {
  let browser: Browser;
  let api: ApiServer;

  async function sitDown(server: ApiServer, name: string): Promise<Person> {
    const { email, secret } = await server.account(`${name}@example.org`, [{ role: 'owner', group: null, area: null }]);
    const seat = await takeSeat(browser, server.localUrl);
    // Responses for the modules that this server lacks, and refusals that the tests provoke.
    seat.expecting(/status of (503|401|403|409)/);
    return { email, secret, seat, authenticator: await giveAuthenticator(seat) };
  }
  async function enter(server: ApiServer, { email, secret, seat }: Person): Promise<void> {
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, server.code(secret));
  }
  async function addPasskey({ page }: Seat, name: string): Promise<void> {
    await page.getByLabel('Name of the passkey').fill(name);
    await page.getByRole('button', { name: 'Create passkey' }).click();
  }
  const signOut = async ({ context, page }: Seat) => {
    await context.clearCookies();
    await page.evaluate('localStorage.clear()');
    await page.goto('about:blank');
  };
  const byPasskey = async (seat: Seat) => {
    await seat.goto('/');
    await seat.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  };
  const inside = ({ page }: Seat) =>
    page.getByRole('link', { name: 'Settings', exact: true }).waitFor({ timeout: 60_000 });
  const alertsOf = async ({ database }: ApiServer) =>
    (await database.db.selectFrom('alerts').select('code').orderBy('id').execute()).map(({ code }) => code);
  const grow = (server: ApiServer, secret: string) => {
    for (let period = 0; period <= STEP_UP_WITHIN / 30_000; period += 1) server.code(secret);
  };

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
  });

  it('a person adds a passkey, signs in with it, confirms an action, and removes it', async () => {
    const ada = await sitDown(api, 'ada');
    const { seat, secret, authenticator } = ada;
    const { page } = seat;
    await enter(api, ada);
    await inside(seat);
    await seat.goto('/account');
    await page.getByRole('button', { name: 'Add passkey' }).click();
    expect.soft(await seat.faults('passkeys add')).toEqual([]);
    await addPasskey(seat, 'Work laptop');
    await page.getByRole('button', { name: 'Remove passkey Work laptop' }).waitFor();
    expect(await authenticator.credentials()).toMatchObject([{ rpId: 'localhost', isResidentCredential: true }]);

    await page.getByRole('button', { name: 'Create recovery codes' }).click();
    const dialog = page.getByRole('dialog', { name: 'Recovery codes' });
    await dialog.getByRole('button', { name: 'Create codes' }).click();
    const codes = (await textOf(dialog.locator('pre'))).split('\n');
    expect(codes).toHaveLength(10);
    expect.soft(await seat.faults('passkeys recovery codes')).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('You have 10 unused recovery codes.').waitFor();
    expect.soft(await seat.faults('passkeys account')).toEqual([]);

    await signOut(seat);
    await seat.goto('/');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
    expect.soft(await seat.faults('passkeys sign-in')).toEqual([]);
    await byPasskey(seat);
    await inside(seat);

    // An old session needs a new confirmation.
    grow(api, secret);
    await seat.goto('/account');
    await page.getByRole('button', { name: 'Remove passkey Work laptop' }).click();
    await page.getByRole('dialog', { name: 'Remove passkey' }).getByRole('button', { name: 'Remove passkey' }).click();
    const asked = page.getByRole('dialog', { name: 'Confirm your identity' });
    await asked.getByRole('button', { name: 'Confirm with passkey' }).waitFor();
    expect.soft(await seat.faults('passkeys step up')).toEqual([]);
    await asked.getByRole('button', { name: 'Confirm with passkey' }).click();
    await asked.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Remove passkey Work laptop' }).waitFor({ state: 'hidden' });

    // The authenticator still has the passkey, and the server no longer knows it.
    await signOut(seat);
    await byPasskey(seat);
    await page.getByText('The server does not know this passkey.').waitFor();

    await page.getByRole('button', { name: 'Use recovery code' }).click();
    const recover = async () => {
      await page.getByLabel('E-mail').fill(ada.email);
      await page.getByRole('textbox', { name: 'Password', exact: true }).fill(PASSWORD);
      await page.getByLabel('Recovery code').fill(codes[0] ?? '');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    };
    expect.soft(await seat.faults('passkeys recovery sign-in')).toEqual([]);
    await recover();
    await inside(seat);
    expect(await alertsOf(api)).toContain('recovery_code_used');
    await signOut(seat);
    await seat.goto('/');
    await page.getByRole('button', { name: 'Use recovery code' }).click();
    await recover();
    await page.getByText('E-mail, password and code do not match.').waitFor();
    expect(seat.complaints).toEqual([]);
  });

  it('case 48: a copied passkey with an older counter cannot sign in, and raises an alert', async () => {
    const ben = await sitDown(api, 'ben');
    const { seat, authenticator } = ben;
    await enter(api, ben);
    await inside(seat);
    await seat.goto('/account');
    await seat.page.getByRole('button', { name: 'Add passkey' }).click();
    await addPasskey(seat, 'Security key');
    await seat.page.getByRole('button', { name: 'Remove passkey Security key' }).waitFor();
    for (let time = 0; time < 2; time += 1) {
      await signOut(seat);
      await byPasskey(seat);
      await inside(seat);
    }
    const [credential] = await authenticator.credentials();
    if (!credential) throw new Error('the authenticator has no credential');
    expect(credential.signCount).toBeGreaterThan(2);
    await authenticator.setCounter(credential, 1);
    await signOut(seat);
    await byPasskey(seat);
    await seat.page.getByText('The counter of this passkey did not increase').waitFor();
    expect(await alertsOf(api)).toContain('passkey_copied');
    // The true authenticator goes on.
    await authenticator.setCounter(credential, credential.signCount + 1);
    await byPasskey(seat);
    await inside(seat);
    // An authenticator that does not verify its user is of no use.
    await signOut(seat);
    await authenticator.verifyUser(false);
    await byPasskey(seat);
    await seat.page.getByText('No passkey responded').waitFor();
    expect(seat.complaints).toEqual([]);
  });

  it('an installation that requires passkeys: the first passkey, and an assertion under a role grant', async () => {
    const strict = await startApi({ consoleFolder: CONSOLE_FOLDER, requirePasskeys: true });
    try {
      const owner = await sitDown(strict, 'owner');
      const colleague = await strict.account('colleague@example.org', []);
      const { seat } = owner;
      const { page } = seat;
      await enter(strict, owner);
      await page.getByRole('heading', { name: 'Add your first passkey' }).waitFor();
      expect.soft(await seat.faults('passkeys first')).toEqual([]);
      const session = await strict.signIn(colleague);
      const early = await strict.request('GET', '/api/v1/accounts', session.headers);
      expect([early.status, early.json.code]).toEqual([403, 'passkey_required']);
      await addPasskey(seat, 'Phone');
      await inside(seat);

      await signOut(seat);
      await enter(strict, owner);
      await page.getByText('This installation requires passkeys.').waitFor();
      await byPasskey(seat);
      await inside(seat);

      await seat.goto('/people?tab=accounts');
      await page.getByRole('button', { name: 'Actions for colleague@example.org' }).click();
      await page.getByRole('menuitem', { name: 'Grant role' }).click();
      const grant = page.getByRole('dialog', { name: /Grant/ });
      await grant.getByRole('button', { name: /^Grant/ }).click();
      const confirm = page.getByRole('dialog', { name: 'Confirm action with passkey' });
      await confirm.getByText('role.grant').first().waitFor();
      expect.soft(await seat.faults('passkeys confirm action')).toEqual([]);
      await confirm.getByRole('button', { name: 'Confirm with passkey' }).click();
      await confirm.waitFor({ state: 'hidden' });
      await grant.waitFor({ state: 'hidden' });
      expect((await strict.admins.account(colleague.id)).grants).toHaveLength(1);

      const kept = await strict.database.db
        .selectFrom('passkey_confirmations')
        .selectAll()
        .where('content', 'like', '%role.grant%')
        .executeTakeFirstOrThrow();
      expect(createHash('sha256').update(kept.content).digest('hex')).toBe(kept.action_hash);
      expect(JSON.parse(kept.statement)).toMatchObject({ purpose: 'action', action: kept.action_hash });
      const [passkey] = await strict.database.db.selectFrom('passkeys').selectAll().execute();
      const spki = await spkiOf(Buffer.from(passkey?.public_key ?? '', 'base64url'));
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      const [assertion, statement] = [Buffer.from(kept.assertion), statementBytes(kept.statement)];
      expect(verifyPasskey({ key, rpId: 'localhost' }, statement, assertion)).toBe(true);
      const { body } = await strict.database.db
        .selectFrom('ledger_entries')
        .select('body')
        .where('kind', '=', 'action.signed')
        .where('body', 'like', '%role.grant%')
        .executeTakeFirstOrThrow();
      expect(JSON.parse(body).public).toEqual({ action: 'role.grant', assertion: kept.digest, hash: kept.action_hash });
      expect(seat.complaints).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});
