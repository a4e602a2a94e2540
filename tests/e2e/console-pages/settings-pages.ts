/** Tests of the ledger and the settings in the console: own areas, IP databases and disputed territories. */
import { expect, it } from 'vitest';
import { devicePage } from '../../../shared/api/devices.ts';
import { type ConsoleTour, HOUR, SCRIPT, scriptedTerms } from '../../support/console-tour.ts';
import { BEGIN } from '../../support/console-world.ts';
import { KNOWN_ADDRESSES, writeMmdb } from '../../support/mmdb-writer.ts';
import { invite } from '../../support/people.ts';
import { BOTH_LOOKS, takeSeat, textOf } from '../../support/seat.ts';

export function settingsPages(tour: () => ConsoleTour): void {
  it('activity log', async () => {
    const { seat, page, device, look, glance, button, heading } = tour();
    await seat.goto('/ledger');
    await heading('Audit & ledger');
    await page.getByRole('listitem').first().waitFor();
    await look('activity log');
    await page.getByRole('textbox', { name: 'Search' }).fill('orders.propose');
    await expect.poll(() => page.url()).toContain('text=orders.propose');
    await page.getByText('Propose an order').first().waitFor();
    await page.getByRole('textbox', { name: 'Search' }).fill('');
    await expect.poll(() => page.url()).not.toContain('text=');
    // The quick filters work by keyboard.
    await page.getByRole('radio', { name: 'All' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.url()).toContain('range=today');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.url()).toContain('range=yesterday');
    await page.getByRole('heading', { name: 'No activity' }).waitFor();
    await glance('activity log none');
    await seat.goto(`/ledger?device=${device}`);
    await page.getByText('Command “Show message” to a device').first().waitFor();
    await button('Show all devices').waitFor();
    await glance('activity log device');
    await button('Export entries').click();
    const saved = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Export as CSV' }).click();
    expect((await saved).suggestedFilename()).toMatch(/^activity-.*\.csv$/);
    await seat.goto(`/devices/${device}`);
    await page.getByRole('link', { name: 'Show activity log' }).click();
    await expect.poll(() => page.url()).toContain(`device=${device}`);
  });

  it('notifications', async () => {
    const { seat, page, look, glance, heading, button, dialog, stepUp } = tour();
    await stepUp();
    await seat.goto('/notifications');
    await heading('Notifications');
    await page.getByRole('heading', { name: 'No rules' }).waitFor();
    await look('notification rules none');
    await page.getByRole('link', { name: 'Add channel first' }).click();
    await dialog('Add channel', 'Add channel');
    await page.getByLabel('Name').fill(`Pager ${SCRIPT}`);
    await page.getByRole('combobox', { name: 'Type' }).click();
    await page.getByRole('option', { name: 'Webhook' }).click();
    await page.getByLabel('URL').fill('https://192.0.2.1/hook');
    await glance('notification channel');
    seat.expecting(/status of 400 .*\/notifications\/channels/);
    await button('Add channel').last().click();
    await page.getByText(/192\.0\.2\.1 is an internal address/).waitFor();
    await page.getByLabel('URL').fill('https://hook.invalid/hook');
    await button('Add channel').last().click();
    await page.getByText('Copy the secret now').waitFor();
    await page.getByText(/^whsec_/).waitFor();
    await button('Close').last().click();
    await button(/^Send test to Pager/).click();
    await page.getByText(/Test failed: .*hook\.invalid/).waitFor();
    await look('notification channels');
    await page.getByRole('link', { name: 'Show delivery history' }).click();
    await page
      .getByText(/hook\.invalid/)
      .first()
      .waitFor();
    await look('notification deliveries');

    await seat.goto('/notifications');
    await dialog('Add rule', 'Add rule');
    await page.getByLabel('Name').fill(`Silent ${SCRIPT}`);
    await page.getByRole('combobox', { name: 'Condition' }).click();
    await page.getByRole('option', { name: 'Device offline' }).click();
    await page.getByLabel('Days without a connection').fill('30');
    await page.getByRole('combobox', { name: 'Channels' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: /^Pager/ }).click();
    await page.keyboard.press('Escape');
    await glance('notification rule');
    await button('Add rule').last().click();
    await page.getByText('Device offline for 30 days').waitFor();
    await look('notification rules');
    await dialog(/^Change rule Silent/, 'Change rule');
    expect.soft(await page.getByLabel('Days without a connection').inputValue()).toBe('30');
    await page.getByRole('combobox', { name: 'Condition' }).click();
    await page.getByRole('option', { name: 'Device not compliant' }).click();
    await page.getByLabel('Repeat every').fill('24');
    await glance('notification rule changed');
    await button('Save rule').click();
    await page.getByText('Device not compliant').waitFor();
    await page.getByText('Repeated every 24 hours').waitFor();
    await button(/^Disable rule Silent/).click();
    await page.getByText('Disabled', { exact: true }).waitFor();
    await dialog(/^Delete rule Silent/, 'Delete rule');
    await button('Delete rule').last().click();
    await page.getByRole('heading', { name: 'No rules' }).waitFor();
  });

  it('ledger and settings', async () => {
    const { browser, world, operator, seat, page, look, glance, stepUp, button, dialog } = tour();
    await stepUp();
    await seat.goto('/ledger?tab=ledger');
    await page.getByText(/entries, verified in this browser/).waitFor();
    await button(/^Verify entry/)
      .first()
      .click();
    await page.getByText(/^Verified with /).waitFor();
    await button('Show checkpoint').click();
    await look('ledger');

    // The server of a ledger that is shorter than the ledger that this browser saw before.
    const detail = 'A tree of 900 entries cannot begin with a tree of 1000 entries. Request a size from 1 to 900.';
    const problem = {
      type: 'about:blank',
      title: 'The proof does not hold',
      status: 422,
      code: 'proof_invalid',
      detail,
    };
    seat.expecting(/status of 422 .*\/api\/v1\/ledger\/consistency/);
    await page.route('**/api/v1/ledger/consistency*', (route) => route.fulfill({ status: 422, json: problem }));
    await page.reload();
    await page.getByText('The ledger differs from the ledger that this browser saw before').waitFor();
    await look('ledger cut short');
    await page.unroute('**/api/v1/ledger/consistency*');
    await seat.goto('/settings');
    await page.getByText('Issuing CA', { exact: true }).waitFor();

    await page
      .getByText('Your organization has not defined any areas. Create a group of countries, or import a polygon.')
      .waitFor();
    await button('Create group').click();
    await page.getByLabel('Title').fill(`Sales ${SCRIPT}`);
    await page.getByLabel('Name in orders').fill('sales');
    await page.getByRole('combobox', { name: 'Members' }).fill('Central Asia');
    await page.getByRole('option', { name: 'Central Asia (UN-143)' }).click();
    await page.keyboard.press('Tab');
    await glance('make a group');
    await button('Create group').last().click();
    await page.getByText('XG-sales, version 1').waitFor();
    await button('Import polygon').click();
    await page.getByLabel('Title').fill('Lahore');
    await page.getByLabel('Name in orders').fill('lahore');
    const outline = (...corners: [number, number][]) => ({
      name: 'lahore.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(JSON.stringify({ type: 'Polygon', coordinates: [corners] })),
    });
    const chooseFile = page.getByLabel('GeoJSON file');
    seat.expecting(/status of 400 .*\/areas\/polygons/);
    await chooseFile.setInputFiles(outline([74, 31], [75, 32], [75, 31], [74, 32.5], [74, 31]));
    await button('Import polygon').last().click();
    await page.getByText(/its edges cross near/).waitFor();
    await glance('a polygon refused');
    await chooseFile.setInputFiles(outline([74.2, 31.4], [74.45, 31.4], [74.45, 31.65], [74.2, 31.4]));
    await button('Import polygon').last().click();
    await page.getByText('3 points, in Pakistan').waitFor();
    const limited = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Lawyer', [{ role: 'legal', group: null, area: 'PK' }]),
    });
    await limited.goto('/settings');
    await limited.page.getByText('Your role is limited to Pakistan.').waitFor();
    expect.soft(await limited.page.getByRole('button', { name: 'Remove area XZ-lahore' }).count()).toBe(1);
    expect.soft(await limited.page.getByRole('button', { name: 'Remove area XG-sales' }).count()).toBe(0);
    expect.soft(await limited.faults('settings of a limited role', BOTH_LOOKS)).toEqual([]);
    await limited.page.getByRole('button', { name: 'Create group' }).click();
    const members = limited.page.getByRole('combobox', { name: 'Members' });
    await members.fill('Pakistan');
    await limited.page.getByRole('option', { name: 'Pakistan (PK)' }).waitFor();
    expect.soft(await limited.page.getByRole('option').count()).toBe(1);
    await members.fill('India');
    await limited.page.getByRole('option', { name: 'Pakistan (PK)' }).waitFor({ state: 'hidden' });
    expect.soft(await limited.page.getByRole('option').count()).toBe(0);
    expect.soft(await limited.faults('make a group within a limited role', BOTH_LOOKS)).toEqual([]);
    await limited.context.close();
    await dialog('Remove area XG-sales', 'Remove area XG-sales');
    await glance('remove an area');
    await button('Remove area').last().click();
    await page.getByText('XG-sales, version 1').waitFor({ state: 'hidden' });
    const moved = writeMmdb(
      { ...Object.fromEntries(KNOWN_ADDRESSES.map(([at, country]) => [at, { country }])) },
      BEGIN,
    );
    await page.getByLabel('.mmdb file').setInputFiles({
      name: 'another.mmdb',
      mimeType: 'application/octet-stream',
      buffer: moved,
    });
    await page.getByText('Compare it with the active database, then activate it.').waitFor();
    await look('settings');
    await button('Compare with active database: another.mmdb').click();
    await page.getByText(/^\d+ of \d+ devices would be located in another country/).waitFor();
    await look('settings comparison');
    await button('Activate database').click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await dialog(/^Roll back/, 'Roll back IP database');
    await glance('settings back');
    await button('Roll back database').last().click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    seat.expecting(/status of 422/);
    await page.getByLabel('.mmdb file').setInputFiles({
      name: 'broken.mmdb',
      mimeType: 'application/octet-stream',
      buffer: moved.subarray(0, 900),
    });
    await page.getByText(/The file is not a country database in MMDB format/).waitFor();
    await glance('settings broken');
  });

  it('disputed territories: import, comparison and activation of a policy, and the order form', async () => {
    const { world, operator, seat, page, look, glance, stepUp, button, dialog, close } = tour();
    await stepUp();
    const doubted = await operator.propose(scriptedTerms(`Kashmir in doubt ${SCRIPT}`, 'PK', world.now() + 200 * HOUR));
    await operator.adopt(doubted);
    const features = {
      kashmir: { choice: 'PK', note: `As the ministry’s map has it. ${SCRIPT}` },
      crimea: { choice: 'UA', note: 'Resolution 68/262.' },
      golan: { choice: 'contested', note: 'جولان: nobody asked us yet, '.repeat(8) },
    };
    const policy = (changes: object) => ({
      name: 'policy.json',
      mimeType: 'application/json',
      buffer: Buffer.from(
        JSON.stringify({ version: 1, title: `Our map ${SCRIPT}`, date: '2015-10-01', features, ...changes }),
      ),
    });
    await seat.goto('/settings');
    await page.getByText('No policy imported.').waitFor();
    await page.getByRole('heading', { name: 'Disputed territories' }).scrollIntoViewIfNeeded();
    await look('disputed territory');
    const chooseFile = page.getByLabel('Policy file');
    seat.expecting(/status of (409|422) .*\/territory-policies/);
    await chooseFile.setInputFiles(policy({ features: { kashmir: { choice: 'RU', note: 'x' } } }));
    await page.getByText('RU does not claim kashmir: write CN, IN, PK or contested.').waitFor();
    await chooseFile.setInputFiles({ ...policy({}), buffer: Buffer.from('{') });
    await page.getByText('The file is not valid JSON.').waitFor();
    await glance('disputed territory refused');
    await chooseFile.setInputFiles(policy({}));
    await page.getByText('Compare it with the active policy, then activate it.').waitFor();
    await button('Compare with active policy: policy version 1').click();
    const told = page.getByRole('dialog', { name: 'Impact preview of this policy' });
    await told.getByText('Kashmir: contested now, Pakistan after activation').waitFor();
    const order = await textOf(told.getByRole('row', { name: /Kashmir in doubt/ }));
    expect(order).toMatch(/Kashmir: contested in the order, Pakistan in this policy10$/);
    await look('disputed territory comparison');
    await button('Activate policy').click();
    await told.waitFor({ state: 'hidden' });
    await page
      .getByRole('row', { name: /Kashmir/ })
      .getByText('Pakistan', { exact: true })
      .waitFor();
    await page.getByRole('heading', { name: 'Disputed territories' }).evaluate((there) => there.scrollIntoView());
    await look('disputed territory taken');
    await page.getByText('Activation history').first().scrollIntoViewIfNeeded();
    await look('disputed territory history');
    await dialog('Roll back policy', 'Roll back policy');
    await glance('disputed territory back');
    await close();
    await dialog('Compare with orders: policy version 1', 'Orders that differ from this policy');
    await page.getByText('1 order differs from this policy').waitFor();
    await close();

    const { devices } = await operator.as(operator.owner, 'GET', '/devices?text=Noor', devicePage);
    await seat.goto(`/devices/${devices[0]?.id}`);
    await page
      .getByText('In your territory policy it counts as Pakistan. Each order can decide differently.')
      .scrollIntoViewIfNeeded();
    await look('device on disputed territory');

    // The form begins with the policy's assignment.
    await page.evaluate('sessionStorage.clear()');
    await seat.goto('/orders/new');
    await page.getByRole('combobox', { name: 'Areas' }).fill('Pak');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    const kashmir = page.getByRole('combobox', { name: 'Kashmir' });
    await page.getByText('Your territory policy has the same assignment as this order.').waitFor();
    await expect.poll(() => kashmir.inputValue()).toBe('Pakistan');
    await kashmir.scrollIntoViewIfNeeded();
    await look('form disputed territory');
    await kashmir.click();
    await glance('form disputed territory choosing');
    await page.keyboard.press('Escape');
    await kashmir.click();
    await page.getByRole('option', { name: /^Contested: China, India,? and Pakistan$/ }).click();
    await page.getByText('Your territory policy differs: in the policy, the territory counts as Pakistan.').waitFor();
    // A revision keeps the assignment of the signed order, not that of the policy.
    await seat.goto(`/orders/${doubted.order}/revise`);
    await page.getByText('Your territory policy differs: in the policy, the territory counts as Pakistan.').waitFor();
    expect(await page.getByRole('combobox', { name: 'Kashmir' }).inputValue()).toMatch(/^Contested: /);
  });
}
