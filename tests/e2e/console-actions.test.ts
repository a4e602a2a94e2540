/** Destructive actions in the console: confirmation by a second person, and step-up. The browser and the API on its store are real. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STEP_UP_WITHIN } from '../../server/admins/action-policy.ts';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import type { Role } from '../../shared/api/roles.ts';
import { PASSWORD } from '../support/api-client.ts';
import { type ApiServer, startApi } from '../support/api-server.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { signIn } from '../support/console-people.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { issuedTo } from '../support/issued-commands.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

interface Admin {
  readonly email: string;
  readonly secret: string;
  readonly seat: Seat;
}

describe.skipIf(!chromium.present)('destructive actions in the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let api: ApiServer;
  let first: Admin;
  let second: Admin;

  async function sitDown(name: string, role: Role = 'fleet'): Promise<Admin> {
    const { email, secret } = await api.account(`${name}@example.org`, [{ role, group: null, area: null }]);
    const seat = await takeSeat(browser, api.url);
    // Responses for the modules that this server lacks.
    seat.expecting(/status of 503/);
    seat.expecting(/status of 401/);
    await seat.goto('/');
    await signIn(seat, { email, password: PASSWORD, secret }, api.code(secret));
    await seat.page.getByRole('link', { name: 'Devices', exact: true }).first().waitFor();
    return { email, secret, seat };
  }

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, api] = await Promise.all([openBrowser(), startApi({ consoleFolder: CONSOLE_FOLDER })]);
    await api.account('owner@example.org', []);
    first = await sitDown('first');
    second = await sitDown('second');
    const group = await addGroup(api.database, 'Fleet');
    for (const user of ['Ada', 'Amina', 'Bilal', 'Chloë', 'Dov', 'Ebru', 'نور'])
      await addDevice(api.database, { group, user });
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await api?.close();
  });
  const wiped = async () => (await issuedTo(api.database)).length;

  it('a wipe of many devices waits for a second person, who reads its scope and confirms it', async () => {
    const { page } = first.seat;
    first.seat.expecting(/status of 409/);
    await first.seat.goto('/devices');
    await page.getByRole('row', { name: /Ada/ }).waitFor();
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Choose action…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Bulk action' });
    await dialog.getByRole('radio', { name: 'Wipe workspace' }).check();
    await dialog.getByText('A second person must confirm this action').waitFor();
    await dialog.getByText(/can confirm this action/).waitFor();
    await dialog.getByLabel(/^Type the number of devices/).fill('7');
    expect.soft(await first.seat.faults('actions bulk')).toEqual([]);
    await dialog.getByRole('button', { name: /^Wipe/ }).last().click();
    await dialog.getByText('Action pending confirmation').waitFor();
    expect.soft(await first.seat.faults('actions proposed')).toEqual([]);
    expect(await wiped()).toBe(0);
    await dialog.getByRole('link', { name: 'Show pending actions' }).click();
    await page.getByText('Wipe workspace: 7 devices').waitFor();
    expect(await page.getByRole('button', { name: 'Review action…' }).count()).toBe(0);
    expect.soft(await first.seat.faults('actions mine')).toEqual([]);

    const other = second.seat.page;
    await second.seat.goto('/actions');
    await other.getByLabel('1 pending for you').waitFor();
    await other.getByRole('button', { name: 'Review action…' }).click();
    const review = other.getByRole('dialog', { name: 'Confirmation by a second person' });
    await review.getByText('Ada').waitFor();
    const confirm = review.getByRole('button', { name: 'Confirm action' });
    expect(await confirm.isEnabled()).toBe(false);
    await review.getByLabel(/^Type the number of devices/).fill('7');
    expect.soft(await second.seat.faults('actions review')).toEqual([]);
    await confirm.click();
    await review.getByText('The server performed the action.').waitFor();
    await review.getByRole('button', { name: 'Close' }).last().click();
    await other.getByText('Performed', { exact: true }).waitFor();
    expect.soft(await second.seat.faults('actions decided')).toEqual([]);
    expect(await wiped()).toBe(7);
  });

  it('changes the labels of many devices, and marks one as missing on its page', async () => {
    const { seat } = first;
    const { page } = seat;
    await seat.goto('/devices');
    await page.getByRole('row', { name: /Ada/ }).waitFor();
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Choose action…' }).click();
    const bulk = page.getByRole('dialog', { name: 'Bulk action' });
    await bulk.getByText('Records', { exact: true }).click();
    const actions = bulk.getByRole('radiogroup', { name: 'Action', exact: true });
    await actions.getByRole('radio', { name: 'Mark as missing' }).waitFor();
    expect(await actions.getByRole('radio', { checked: true }).count()).toBe(0);
    expect(await bulk.getByRole('button', { name: 'Choose an action' }).isDisabled()).toBe(true);
    expect.soft(await seat.faults('actions records', BOTH_LOOKS)).toEqual([]);
    await actions.getByRole('radio', { name: 'Change labels' }).check();
    await bulk.getByLabel('Labels to add').fill('Loan 2026');
    await page.keyboard.press('Enter');
    await bulk.getByText('7 devices affected').waitFor();
    await bulk.getByRole('button', { name: 'Change labels of 7 devices' }).click();
    await bulk.waitFor({ state: 'hidden' });
    const labels = await api.database.db.selectFrom('device_labels').select('label').execute();
    expect(labels).toEqual(Array(7).fill({ label: 'loan 2026' }));

    const [device] = await api.database.db.selectFrom('devices').select('id').execute();
    await seat.goto(`/devices/${device?.id}`);
    await page.getByText('loan 2026').waitFor();
    await page.getByRole('button', { name: 'Mark as missing…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Mark as missing' }).click();
    await page.getByRole('button', { name: 'Mark as found…' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('changes placement and groups of many devices', async () => {
    const { seat } = first;
    const { page } = seat;
    await addGroup(api.database, 'Loans');
    await seat.goto('/devices');
    const bulk = page.getByRole('dialog', { name: 'Bulk action' });
    const choose = async (action: string) => {
      await page.getByRole('row', { name: /Ada/ }).waitFor();
      if ((await page.getByRole('button', { name: 'Choose action…' }).count()) === 0) {
        await page.getByRole('checkbox').first().click();
      }
      await page.getByRole('button', { name: 'Choose action…' }).click();
      await bulk.getByText('Records', { exact: true }).click();
      await bulk.getByRole('radio', { name: action }).check();
    };
    await choose('Change group or location');
    expect(await bulk.getByRole('button', { name: /^Change/ }).isDisabled()).toBe(true);
    await bulk.getByLabel('Home area').selectOption({ label: 'Choose an area' });
    await bulk.getByPlaceholder('Country or part of a country').fill('Sweden');
    await page.getByRole('option', { name: /Sweden/ }).click();
    await bulk.getByText('7 devices affected').waitFor();
    expect.soft(await seat.faults('actions place')).toEqual([]);
    await bulk.getByLabel('Location statement').selectOption({ label: 'State a location' });
    expect.soft(await seat.faults('actions state', BOTH_LOOKS)).toEqual([]);
    await bulk.getByLabel('Location statement').selectOption({ label: 'Keep' });
    await bulk.getByRole('button', { name: 'Change 7 devices' }).click();
    await bulk.waitFor({ state: 'hidden' });
    const homes = await api.database.db.selectFrom('devices').select('home').execute();
    expect(homes).toEqual(Array(7).fill({ home: 'SE' }));

    await choose('Add to group');
    await bulk.getByPlaceholder('Choose a group').click();
    await page.getByRole('option', { name: 'Loans' }).click();
    await bulk.getByText('7 devices affected').waitFor();
    expect.soft(await seat.faults('actions add to group', BOTH_LOOKS)).toEqual([]);
    await bulk.getByRole('button', { name: 'Add 7 devices' }).click();
    await bulk.waitFor({ state: 'hidden' });
    expect(await api.database.db.selectFrom('group_members').select('device_id').execute()).toHaveLength(7);
  });

  it('places a legal hold on many devices', async () => {
    const lawyer = await sitDown('lawyer', 'legal');
    const { seat } = lawyer;
    const { page } = seat;
    await seat.goto('/devices');
    await page.getByRole('row', { name: /Ada/ }).waitFor();
    await page.getByRole('checkbox').first().click();
    await page.getByRole('button', { name: 'Choose action…' }).click();
    const bulk = page.getByRole('dialog', { name: 'Bulk action' });
    await bulk.getByRole('radio', { name: 'Place legal hold' }).check();
    await bulk.getByText('7 devices affected').waitFor();
    const submit = bulk.getByRole('button', { name: 'Place hold on 7 devices' });
    expect(await submit.isDisabled()).toBe(true);
    await bulk.getByLabel('Reason').fill('Case 12');
    expect.soft(await seat.faults('actions hold', BOTH_LOOKS)).toEqual([]);
    await submit.click();
    await bulk.waitFor({ state: 'hidden' });
    const holds = await api.database.db.selectFrom('legal_holds').select('reason').execute();
    expect(holds).toEqual(Array(7).fill({ reason: 'Case 12' }));
    await lawyer.seat.context.close();
  });

  it('starts lost mode on many devices, and ends it', async () => {
    const { seat } = first;
    const { page } = seat;
    const bulk = page.getByRole('dialog', { name: 'Bulk action' });
    const choose = async (action: string) => {
      await seat.goto('/devices');
      await page.getByRole('row', { name: /Ada/ }).waitFor();
      await page.getByRole('checkbox').first().click();
      await page.getByRole('button', { name: 'Choose action…' }).click();
      await bulk.getByText('Records', { exact: true }).click();
      await bulk.getByRole('radio', { name: action }).check();
    };
    await choose('Start lost mode');
    const start = bulk.getByRole('button', { name: 'Start lost mode on 7 devices' });
    await bulk.getByLabel('Reason').fill('The van was stolen');
    await bulk.getByLabel('Text for a finder').fill('Please call us.');
    await start.waitFor();
    expect(await start.isDisabled()).toBe(true);
    await bulk.getByLabel(/^Type the number of devices/).fill('7');
    expect.soft(await seat.faults('actions start lost mode', BOTH_LOOKS)).toEqual([]);
    await start.click();
    await bulk.waitFor({ state: 'hidden' });
    const open = () =>
      api.database.db.selectFrom('lost_modes').select('reason').where('ended_at', 'is', null).execute();
    expect(await open()).toEqual(Array(7).fill({ reason: 'The van was stolen' }));
    await choose('End lost mode');
    await bulk.getByLabel(/^Type the number of devices/).fill('7');
    expect.soft(await seat.faults('actions end lost mode')).toEqual([]);
    await bulk.getByRole('button', { name: 'End lost mode on 7 devices' }).click();
    await bulk.waitFor({ state: 'hidden' });
    expect(await open()).toEqual([]);
  });

  it('an old session requires a new code, and the action then continues by itself', async () => {
    const { seat, secret } = second;
    const { page } = seat;
    seat.expecting(/status of 403/);
    const [device] = await api.database.db.selectFrom('devices').select('id').execute();
    await seat.goto(`/devices/${device?.id}`);
    await page.getByRole('button', { name: 'Revoke device…' }).click();
    for (let period = 0; period < STEP_UP_WITHIN / 30_000; period += 1) api.code(secret);
    await page.getByRole('radio').first().check();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke device' }).click();
    const asked = page.getByRole('dialog', { name: 'Confirm your identity' });
    await asked.getByLabel('Authenticator code').fill('000000');
    expect.soft(await seat.faults('actions step up')).toEqual([]);
    await asked.getByRole('button', { name: 'Confirm identity' }).click();
    await asked.getByRole('alert').waitFor();
    await asked.getByLabel('Authenticator code').fill(api.code(secret));
    await asked.getByRole('button', { name: 'Confirm identity' }).click();
    await asked.waitFor({ state: 'hidden' });
    await expect
      .poll(
        async () =>
          (
            await api.database.db
              .selectFrom('devices')
              .select('status')
              .where('id', '=', device?.id ?? '')
              .executeTakeFirst()
          )?.status,
      )
      .toBe('revoked');
    expect([...first.seat.complaints, ...seat.complaints]).toEqual([]);
  });
});
