/** Reassignment of devices by a list and by a selection. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { deviceDetail } from '../../../shared/api/devices.ts';
import { personView } from '../../../shared/api/people.ts';
import type { ConsoleTour } from '../../support/console-tour.ts';

export function reassignmentPages(tour: () => ConsoleTour): void {
  it('reassignment of devices', async () => {
    const { operator, seat, page, device, glance, button, dialog, close, stepUp } = tour();
    const { api } = operator.owner;
    const { group, hostname } = await api.call('GET', `/devices/${device}`, deviceDetail);
    const email = 'new-owner@example.org';
    await api.call('POST', '/people', personView, { name: 'New Owner', email, groups: [group.id] });
    await stepUp();
    await seat.goto('/enroll');
    await dialog('Reassign devices…', 'Reassign devices');
    const list = page.getByLabel('Devices and new owners');
    await list.fill('device;person\nPF-1');
    await page.getByText(/^Line 2 does not have a device and a person/).waitFor();
    await glance('reassign: wrong line');
    await list.fill(`device;person\n${hostname};${email}\nPF-unknown;${email}\n`);
    await page.getByText('1 device gets a new owner, 1 refused').waitFor();
    await page.getByLabel(/^Type the number of devices/).fill('1');
    await glance('reassign: preview');
    await button('Create links for 1 device').click();
    await page.getByText('Activation links for 1 device').waitFor();
    await glance('reassign: links');
    const saved = page.waitForEvent('download');
    await button('Download links').click();
    const file = readFileSync(await (await saved).path(), 'utf8');
    expect(file.split('\r\n')[1]).toMatch(new RegExp(`^${device},.*,New Owner,`));
    await close();
    await seat.goto('/devices');
    await page.getByRole('row').nth(1).getByRole('checkbox').click();
    await dialog('Choose action…', 'Bulk action');
    await page.getByText('New owner', { exact: true }).click();
    await page.getByRole('combobox', { name: 'New owner' }).fill('New Owner');
    await page.getByRole('option', { name: /New Owner/ }).click();
    await page.getByRole('region', { name: 'Preview' }).waitFor();
    await glance('reassign: selection');
    await close();
  });
}
