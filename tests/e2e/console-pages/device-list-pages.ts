/** Conditions, columns, saved views and the CSV file of the device list. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ConsoleTour } from '../../support/console-tour.ts';

export function deviceListPages(tour: () => ConsoleTour): void {
  it('device list: conditions, columns, saved views and export', async () => {
    const { seat, page, look, glance, button } = tour();
    const count = page.locator('main').getByText(/^[\d,]+ devices?/);
    const choose = async (box: string, option: string) => {
      await page.getByRole('combobox', { name: box }).click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await seat.goto('/devices');
    await button('Add condition…').click();
    await choose('Field', 'Firewall');
    await choose('Value', 'Yes');
    await glance('device list: add condition');
    await page.getByRole('dialog').getByRole('button', { name: 'Add condition' }).click();
    await expect.poll(() => count.textContent()).toBe('1 device matches');

    await button('Choose columns…').click();
    await choose('Add a column', 'Serial number');
    await choose('Add a column', 'Firewall');
    await button('Remove Location').click();
    await button('Move Firewall up').click();
    await glance('device list: columns');
    await button('Save columns').click();
    await expect.poll(() => page.getByRole('columnheader').allTextContents()).toContain('Serial number');
    const heads = await page.getByRole('columnheader').allTextContents();
    expect(heads.filter((head) => head !== '')).toEqual([
      ...['User', 'Host name', 'Group', 'Last seen', 'Enrolled', 'Firewall', 'Serial number'],
    ]);
    await page.getByRole('gridcell', { name: 'Yes', exact: true }).waitFor();

    await button('Save view…').click();
    await page.getByRole('dialog').getByLabel('Name').fill('Firewall on');
    await page.getByLabel('Share with all admins').check();
    await glance('device list: save view');
    await button('Save view').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await look('device list with columns');

    const saved = page.waitForEvent('download');
    await button('Download CSV').click();
    const lines = readFileSync(await (await saved).path(), 'utf8')
      .trim()
      .split('\r\n');
    expect([lines.length, lines[0]]).toEqual([2, expect.stringMatching(/^device,.*,firewall,hardware.serial$/)]);

    await seat.goto('/devices');
    await expect.poll(() => count.textContent()).not.toContain('match');
    await choose('Saved view', 'Firewall on');
    await expect.poll(() => count.textContent()).toBe('1 device matches');
    await button('Remove condition: Firewall is Yes').click();
    await expect.poll(() => count.textContent()).not.toContain('match');
    await button('Save view…').click();
    await button('Delete view').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await button('Choose columns…').click();
    await button('Restore default').click();
    await button('Save columns').click();
    await expect.poll(() => page.getByRole('columnheader').allTextContents()).toContain('Location');
  });
}
