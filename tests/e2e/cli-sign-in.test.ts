/**
 * Sign-in of the real command line by a person with a passkey, where the installation requires passkeys. The person confirms the code in
 * Chromium with its virtual authenticator.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { CLI_SIGN_IN_PATH } from '../../shared/api/cli-sign-in.ts';
import { adminCli } from '../support/admin-cli.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { BOTH_LOOKS, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';
import { giveAuthenticator } from '../support/virtual-authenticator.ts';

describe.skipIf(!chromium.present)('sign-in of the command line in a browser', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-cli-sign-in-'));
  let browser: Browser;
  let api: ApiServer;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([
      openBrowser(),
      startApi({ consoleFolder: CONSOLE_FOLDER, requirePasskeys: true }),
    ]);
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a person with a passkey allows one sign-in and declines another one', async () => {
    const { email, secret } = await api.account('ada@example.org', [{ role: 'owner', group: null, area: null }]);
    const seat = await takeSeat(browser, api.localUrl);
    const { page } = seat;
    seat.expecting(/status of (503|401|403)/);
    await giveAuthenticator(seat);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await page.getByLabel('Name of the passkey').fill('Laptop');
    await page.getByRole('button', { name: 'Create passkey' }).press('Enter');
    await page.getByRole('link', { name: 'Settings', exact: true }).waitFor({ timeout: 60_000 });

    const cordon = adminCli(api.localUrl, folder, { CORDON_PASSWORD: PASSWORD });
    const refused = await cordon(['sign-in', email, '--totp', api.code(secret)]);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('Run "cordon sign-in" without an e-mail address');

    /** Starts the command line, whose notes go to a file, and returns its code. */
    async function begin(name: string) {
      const notes = join(folder, name);
      const program = [process.execPath, programPath('server/cordon.js'), '--server', api.localUrl, 'sign-in'];
      const ended = runProgram('/bin/sh', ['-c', `exec "$0" "$@" 2>"${notes}"`, ...program], {
        env: { XDG_CONFIG_HOME: folder },
        within: 110_000,
      });
      const code = await until(() => {
        const found =
          existsSync(notes) && /enter the code ([A-Z]{4}-[A-Z]{4})\./.exec(readFileSync(notes, 'utf8'))?.[1];
        if (!found) throw new Error('the command line has shown no code');
        return found;
      }, 30_000);
      expect(readFileSync(notes, 'utf8')).toContain(`${api.localUrl}${CLI_SIGN_IN_PATH}`);
      return { code, ended, notes: () => readFileSync(notes, 'utf8') };
    }
    async function check(code: string) {
      await seat.goto(CLI_SIGN_IN_PATH);
      await page.getByLabel('Code').fill(code.toLowerCase());
      await page.getByRole('button', { name: 'Check code' }).press('Enter');
      await page.getByText('Allow only your own command line').waitFor();
    }

    const first = await begin('first');
    await check(first.code);
    expect(await seat.faults('cli sign-in', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Allow sign-in' }).press('Enter');
    const confirm = page.getByRole('dialog', { name: 'Confirm action with passkey' });
    await confirm.getByText('cli.sign-in').first().waitFor();
    await confirm.getByRole('button', { name: 'Confirm with passkey' }).press('Enter');
    await page.getByText('Sign-in allowed').waitFor();
    const signedIn = await first.ended;
    expect([signedIn.code, signedIn.out]).toEqual([0, expect.stringContaining(`as ${email} until`)]);
    const own = await cordon.json<{ userAgent: string }[]>(['sessions', 'list']);
    expect(own.filter(({ userAgent }) => userAgent.startsWith('cordon on '))).toHaveLength(1);
    expect((await cordon(['accounts', 'list'])).out).toContain(email);

    const second = await begin('second');
    await check(second.code);
    await page.getByRole('button', { name: 'Decline sign-in' }).press('Enter');
    await page.getByText('Sign-in declined').waitFor();
    expect((await second.ended).code).not.toBe(0);
    expect(second.notes()).toContain('declined this sign-in');
    expect(seat.complaints).toEqual([]);
  });
});
