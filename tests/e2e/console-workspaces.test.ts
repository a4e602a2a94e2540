/**
 * Locked and wiped workspaces in the console: device list, device page, and a command for many devices. The browser and the API on its
 * store are real.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import type { Schema } from '../../server/store/schema.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

describe.skipIf(!chromium.present)('workspaces in the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let api: ApiServer;
  let seat: Seat;
  const ids: Record<string, DeviceId> = {};

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
    await api.account('owner@example.org', []);
    const { email, secret } = await api.account('fleet@example.org', [{ role: 'fleet', group: null, area: null }]);
    const group = await addGroup(api.database, 'Fleet');
    for (const user of ['Ada', 'Bilal', 'Chloë', 'Dana']) ids[user] = await addDevice(api.database, { group, user });
    const rows: Schema['device_workspaces'][] = [
      { device_id: ids.Bilal!, generation: 1, state: 'locked' as const, since: Date.now() - 3_600_000 },
      { device_id: ids['Chloë']!, generation: 1, state: 'wiped' as const, since: Date.now() - 7_200_000 },
    ];
    const waits = { device_id: ids.Dana!, generation: 1 };
    rows.push({ ...waits, state: 'passcode' as const, since: Date.now() - 5_400_000 });
    await api.database.db.insertInto('device_workspaces').values(rows).execute();
    await api.database.db
      .insertInto('device_passcodes')
      .values({ ...waits, state: 'waiting' })
      .execute();
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

  it('the list has a badge for each locked and each wiped workspace', async () => {
    const { page } = seat;
    await seat.goto('/devices');
    await page.getByRole('row', { name: /Bilal.*Locked/ }).waitFor();
    await page.getByRole('row', { name: /Chloë.*Wiped/ }).waitFor();
    await page.getByRole('row', { name: /Dana.*Needs passcode/ }).waitFor();
    expect(await page.getByRole('row', { name: /Ada/ }).textContent()).not.toMatch(/Locked|Wiped/i);
    expect.soft(await seat.faults('workspaces list')).toEqual([]);
  });

  it('a device page shows that the workspace waits for the passcode, which the admin can reset', async () => {
    const { page } = seat;
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await seat.goto(`/devices/${ids.Dana}`);
    await page
      .getByText(/^The workspace waits until the user enters the passcode\./)
      .first()
      .waitFor();
    await button('Lock workspace…').waitFor();
    expect(await button('Unlock workspace…').count()).toBe(0);
    expect.soft(await seat.faults('workspaces passcode')).toEqual([]);
    await button('Reset passcode…').click();
    await page.getByText(/Anyone who has the device can then read the workspace/).waitFor();
    expect.soft(await seat.faults('workspaces reset passcode', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Reset passcode' }).click();
    await page.getByRole('dialog', { name: 'Reset passcode' }).waitFor({ state: 'detached' });
    await page.getByText('Reset passcode', { exact: true }).first().waitFor();
    await seat.goto(`/devices/${ids.Ada}`);
    await button('Wipe workspace…').waitFor();
    expect(await button('Reset passcode…').count()).toBe(0);
  });

  it('a device page shows the state and only the commands that have an effect', async () => {
    const { page } = seat;
    const button = (name: RegExp | string) => page.getByRole('button', { name, exact: true });
    await seat.goto(`/devices/${ids.Ada}`);
    await page.getByRole('heading', { name: 'Ada' }).waitFor();
    await button('Lock workspace…').waitFor();
    expect([await button('Unlock workspace…').count(), await button('Wipe workspace…').count()]).toEqual([0, 1]);

    await seat.goto(`/devices/${ids.Bilal}`);
    await page
      .getByText(/This service is unavailable on the device until an admin unlocks the workspace\.$/)
      .first()
      .waitFor();
    await page.getByText('Locked', { exact: true }).first().waitFor();
    expect([
      await button('Lock workspace…').count(),
      await button('Unlock workspace…').count(),
      await button('Wipe workspace…').count(),
    ]).toEqual([0, 1, 1]);
    expect.soft(await seat.faults('workspaces locked')).toEqual([]);

    await seat.goto(`/devices/${ids['Chloë']}`);
    await page
      .getByText(/this service is unavailable on the device\. .* a new, empty workspace\.$/)
      .first()
      .waitFor();
    await page.getByText('The workspace was already wiped.').waitFor();
    expect([
      await button('Lock workspace…').count(),
      await button('Unlock workspace…').count(),
      await button('Wipe workspace…').count(),
    ]).toEqual([0, 1, 0]);
    const message = button(/^Send message…/);
    await message.hover();
    await page.getByRole('tooltip', { name: /“Unlock workspace”/ }).waitFor();
    await page.mouse.move(0, 0);
    await page.getByRole('tooltip').waitFor({ state: 'detached' });
    // The keyboard reaches the explanation too, and opens no dialog.
    await page.keyboard.press('Tab');
    await message.focus();
    await page.getByRole('tooltip', { name: /“Unlock workspace”/ }).waitFor();
    await message.press('Enter');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect.soft(await seat.faults('workspaces wiped')).toEqual([]);
  });

  it('a command for many devices counts the devices without an effect', async () => {
    const { page } = seat;
    await seat.goto('/devices');
    await page.getByRole('row', { name: /Bilal/ }).waitFor();
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Choose action…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bulk action' });
    await dialog.getByText(/^1 of these devices is wiped\./).waitFor();
    await dialog.getByRole('radio', { name: 'Lock workspace', exact: true }).check();
    await dialog
      .getByText('2 of these devices are already locked or wiped. The command does not change these devices.')
      .waitFor();
    expect.soft(await seat.faults('workspaces bulk')).toEqual([]);
    expect.soft(seat.complaints).toEqual([]);
  });
});
