/** Search fields of the console whose text becomes part of the page's address, after a pause in typing. The browser and the API are real. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { type Seat, takeSeat } from '../support/seat.ts';

/** Milliseconds in which a page waits for its code: longer than the pause of a search field. */
const HELD = 1_000;

describe.skipIf(!chromium.present)('a page that the admin opens during a search', { timeout: 120_000 }, () => {
  let browser: Browser;
  let api: ApiServer;
  let seat: Seat;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
    const { email, secret } = await api.account('owner@example.org', [{ role: 'owner', group: null, area: null }]);
    await addDevice(api.database, { group: await addGroup(api.database, 'Fleet'), user: 'Ada' });
    seat = await takeSeat(browser, api.url);
    // Responses for the modules that this server lacks, and for the session before the sign-in.
    seat.expecting(/status of (401|503)/);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await seat.page.getByRole('link', { name: 'Pending actions' }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
  });

  const hold = (code: string) =>
    seat.page.route(`**/${code}-*.js`, async (route) => {
      await new Promise((waited) => setTimeout(waited, HELD));
      await route.continue();
    });

  it('opens from the device list', async () => {
    const { page } = seat;
    await seat.goto('/devices');
    const ada = page.getByRole('link', { name: /Ada/ });
    await ada.waitFor();
    await hold('device-page');
    await page.getByRole('textbox', { name: /Search/ }).fill('ada');
    await ada.click();
    await page.getByRole('heading', { name: /Ada/ }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/devices\/dev_/);
  });

  it('opens from the activity log', async () => {
    const { page } = seat;
    await seat.goto('/ledger');
    const search = page.getByRole('textbox', { name: 'Search' });
    await search.waitFor();
    await hold('devices-page');
    await search.fill('ada');
    await page.getByRole('navigation').getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/devices');
  });

  it('shows the results, if the admin stays', async () => {
    const { page } = seat;
    await seat.goto('/devices');
    const search = page.getByRole('textbox', { name: /Search/ });
    await search.fill('nobody');
    await page.getByText('No matching devices').waitFor();
    expect(new URL(page.url()).searchParams.get('text')).toBe('nobody');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await page.getByRole('link', { name: /Ada/ }).waitFor();
    expect(await search.inputValue()).toBe('');
  });
});
