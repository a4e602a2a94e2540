/** Conditions, columns, saved views and the CSV file of the device list. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { deviceActionResult } from '../../../shared/api/device-actions.ts';
import type { ConsoleTour } from '../../support/console-tour.ts';

const MATCHING = /^[1-9]\d* devices? match/;

export function deviceListPages(tour: () => ConsoleTour): void {
  it('device list: labels and missing devices', async () => {
    const { seat, page, look, glance, device, operator } = tour();
    const act = (action: string, change = {}) =>
      operator.owner.api.call('POST', `/device-actions/${action}`, deviceActionResult, {
        devices: [device],
        ...change,
      });
    await act('mark-missing');
    await act('label', { add: ['loan', 'front desk', 'spare'] });
    await seat.goto('/devices');
    await page.getByRole('combobox', { name: 'Status' }).click();
    await page.getByRole('option', { name: 'Missing', exact: true }).click();
    await page.locator('main').getByText('1 device matches').waitFor();
    const cells = page.getByRole('row').last().getByRole('gridcell');
    await expect.poll(() => cells.allTextContents()).toContain('front desk loan spare');
    await expect.poll(() => cells.last().textContent()).toMatch(/Missing$/);
    await look('device list with labels');
    await seat.goto('/devices');
    await page.getByRole('combobox', { name: 'Label' }).click();
    await page.getByRole('option', { name: 'front desk', exact: true }).click();
    await page.locator('main').getByText('1 device matches').waitFor();
    expect(new URL(page.url()).searchParams.get('label')).toContain('front desk');
    await glance('device list by label');
    await act('mark-found');
    await act('label', { remove: ['loan', 'front desk', 'spare'] });
  });

  it('device list: the dialog of a condition shows a whole list of fields, also with motion', async () => {
    const { seat, page, button } = tour();
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    try {
      await seat.goto('/devices');
      await button('Add condition…').click();
      await page.getByRole('combobox', { name: 'Field' }).click();
      await page.getByRole('option').first().waitFor();
      await seat.picture('device-list-fields-of-a-condition');
      // An option counts only if the user sees its center.
      const visible = () =>
        page.evaluate<number>(`[...document.querySelectorAll('[role="option"]')].filter((option) => {
          const { left, top, width, height } = option.getBoundingClientRect();
          return option.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }).length`);
      await expect.poll(visible).toBeGreaterThanOrEqual(5);
      await page.keyboard.press('Escape');
    } finally {
      await page.emulateMedia({ reducedMotion: 'reduce' });
    }
  });

  it('device list: conditions, columns, saved views and export', async () => {
    const { seat, page, look, glance, button } = tour();
    const count = page.locator('main').getByText(/^[\d,]+ devices?/);
    const inDialog = (name: string) => page.getByRole('dialog').getByRole('button', { name });
    const choose = async (box: string, option: string) => {
      await page.getByRole('combobox', { name: box }).click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await seat.goto('/devices');
    await button('Add condition…').click();
    await choose('Field', 'Reported host name');
    await choose('Operator', 'starts with');
    await page.getByRole('dialog').getByLabel('Value').fill('ber-');
    await glance('device list: add condition');
    await choose('Field', 'Installed software');
    await page.getByText('A name, or a name and a version, such as openssl < 3.0.15').waitFor();
    await glance('device list: condition on software');
    await choose('Field', 'Reported host name');
    await choose('Operator', 'starts with');
    await page.getByRole('dialog').getByLabel('Value').fill('ber-');
    await inDialog('Add condition').click();
    await expect.poll(() => count.textContent()).toMatch(MATCHING);
    const matching = await count.textContent();
    const devices = Number(/\d+/.exec(matching ?? '')?.[0]);

    await button('Choose columns…').click();
    await choose('Add a column', 'Marks');
    await choose('Add a column', 'Names of local users');
    await choose('Add a column', 'Serial number');
    await choose('Add a column', 'Reported host name');
    await inDialog('Remove Location').click();
    await inDialog('Move Reported host name up').click();
    await glance('device list: columns');
    await inDialog('Save columns').click();
    await expect.poll(() => page.getByRole('columnheader').allTextContents()).toContain('Serial number');
    const heads = await page.getByRole('columnheader').allTextContents();
    expect(heads.filter((head) => head !== '')).toEqual([
      ...['User', 'Device name', 'Group', 'Labels', 'Last seen', 'Marks', 'Names of local users'],
      ...['Reported host name', 'Serial number'],
    ]);
    await expect.poll(() => page.getByRole('gridcell', { name: /^BER-/ }).count()).toBe(2 * devices);

    await button('Save view…').click();
    await page.getByRole('dialog').getByLabel('Name').fill('Berlin hosts');
    await page.getByLabel('Share with all admins').check();
    await glance('device list: save view');
    await inDialog('Save view').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await look('device list with columns');

    const saved = page.waitForEvent('download');
    await button('Download CSV').click();
    const lines = readFileSync(await (await saved).path(), 'utf8')
      .trim()
      .split('\r\n');
    expect([lines.length, lines[0]]).toEqual([
      devices + 1,
      expect.stringMatching(/^device,.*,labels,marks,users.names,hostname,hardware.serial$/),
    ]);

    await seat.goto('/devices');
    await expect.poll(() => count.textContent()).not.toContain('match');
    await choose('Saved view', 'Berlin hosts');
    await expect.poll(() => count.textContent()).toBe(matching);
    await button('Remove condition: Reported host name starts with ber-').click();
    await expect.poll(() => count.textContent()).not.toContain('match');
    await button('Save view…').click();
    await inDialog('Delete view').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await button('Choose columns…').click();
    await inDialog('Restore default').click();
    await inDialog('Save columns').click();
    await expect.poll(() => page.getByRole('columnheader').allTextContents()).toContain('Location');
  });
}
