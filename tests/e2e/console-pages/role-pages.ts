/** Tests of the roles page in the console: create, compare, change and delete a custom role, and grant it in the dialogs of accounts. */
import { expect, it } from 'vitest';
import { type ConsoleTour, SCRIPT } from '../../support/console-tour.ts';
import { invite } from '../../support/people.ts';
import { takeSeat } from '../../support/seat.ts';

export function rolePages(tour: () => ConsoleTour): void {
  it('roles', async () => {
    const { browser, world, operator, seat, page, look, glance, heading, button, dialog, close, stepUp } = tour();
    await stepUp();
    await seat.goto('/roles');
    await heading('Roles');
    await page.getByRole('heading', { name: 'No custom roles' }).waitFor();
    await look('roles none');
    await page.getByRole('link', { name: 'Create role' }).first().click();
    await heading('Create role');
    await page.getByRole('textbox', { name: 'Name' }).fill(`Partner ${SCRIPT}`);
    await page.getByLabel('Purpose').fill('For the partners who repair laptops.');
    await page.getByRole('checkbox', { name: 'List devices and search for them.' }).check();
    await page.getByRole('checkbox', { name: 'Open the page of a device.' }).check();
    await page.getByText('8 rights selected').waitFor();
    // An area opens by keyboard, and says why a custom role cannot contain a right.
    await page.getByRole('button', { name: /^Accounts and roles/ }).focus();
    await page.keyboard.press('Enter');
    const grantRoles = page.getByRole('checkbox', { name: 'Grant roles.' });
    await grantRoles.waitFor();
    expect.soft(await grantRoles.isDisabled()).toBe(true);
    await page
      .getByText(/Only an owner has this right/)
      .filter({ visible: true })
      .first()
      .waitFor();
    await look('role editor');
    await page.keyboard.press('Enter');
    await button('Create role').click();
    await heading(/^Partner/);
    await page.getByRole('heading', { name: 'Not in use' }).waitFor();
    const id = new URL(page.url()).searchParams.get('role') ?? '';
    await page.getByRole('combobox', { name: 'Compare with' }).click();
    await page.getByRole('option', { name: 'Helpdesk' }).click();
    await page.getByText('Send commands that destroy nothing to one device.').waitFor();
    await look('role compared');

    await seat.goto('/people');
    await button('Invite person').click();
    await page.getByRole('dialog', { name: 'Invite person' }).waitFor();
    await page.getByRole('radio', { name: /^Partner/ }).check();
    await page.getByRole('textbox', { name: 'Name' }).fill('Pia');
    await page.getByLabel('E-mail').fill('pia@partner.example');
    await glance('invite with a custom role');
    await button('Create invitation').click();
    await page.getByText('Anyone with this link').waitFor();
    await close();

    await seat.goto('/roles');
    await page.getByRole('link', { name: /^Partner/ }).click();
    await page.getByText('everything, invited').waitFor();
    seat.expecting(/status of 409 .*\/roles\//);
    await dialog('Delete role', 'Delete role');
    await button('Delete role').last().click();
    await page.getByText(/is in use: the invitation of Pia/).waitFor();
    await glance('role in use');
    await close();
    await page.getByRole('link', { name: 'Change role' }).click();
    await page.getByRole('checkbox', { name: 'Open the page of a device.' }).uncheck();
    await button('Save role').click();
    await page.getByText('Removed: devices.show').waitFor();
    await look('role history');
    await seat.goto('/account');
    await dialog('Create token', 'Create API token');
    await page.getByRole('combobox', { name: 'Limit to role' }).click();
    await page.getByRole('option', { name: /^Partner/ }).click();
    await glance('token limited to a role');
    await close();
    // The console works for an account that has only the custom role, within the scope of the grant.
    const grant = { role: id, group: null, area: 'PK' };
    const partner = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Zia', [grant as never]),
    });
    await partner.goto('/devices');
    await partner.page.getByRole('heading', { name: 'Devices' }).waitFor();
    await partner.page.waitForLoadState('networkidle');
    await partner.picture('custom role devices');
    expect.soft(partner.complaints).toEqual([]);
    const pages = await partner.page.getByRole('navigation').getByRole('link').allInnerTexts();
    expect.soft(pages).toEqual(['Overview', 'Devices', 'Settings']);
    for (const path of ['/', '/settings', '/account']) {
      await partner.goto(path);
      await partner.page.getByRole('heading', { level: 1 }).waitFor();
      await partner.page.waitForLoadState('networkidle');
      await partner.picture(`custom role ${path.replaceAll('/', '')}`);
    }
    expect.soft(partner.complaints).toEqual([]);
    await partner.context.close();
    await seat.goto('/roles?role=fleet');
    await heading('Fleet admin');
    await glance('built-in role');
    seat.expecting(/status of 404 .*\/roles\/rol_aaaaaaaaaaaaaaaa/);
    await seat.goto('/roles?role=rol_aaaaaaaaaaaaaaaa');
    await page.getByRole('heading', { name: 'This role does not exist' }).waitFor();
  });
}
