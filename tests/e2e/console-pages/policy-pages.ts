/** Tests of policies and compliance in the console: created, rolled out in stages, assigned, compared and rolled back. */
import { expect, it } from 'vitest';
import { type ConsoleTour, SCRIPT } from '../../support/console-tour.ts';

export function policyPages(tour: () => ConsoleTour): void {
  it('policies and compliance', async () => {
    const { seat, page, device, look, glance, heading, button, dialog, stepUp } = tour();
    await stepUp();
    const main = page.locator('main');
    await seat.goto('/policies');
    await page.getByRole('heading', { name: 'No policies' }).waitFor();
    await look('policies empty');
    await seat.goto('/compliance');
    await page.getByText('No policy applies').waitFor();

    // A policy without a name and a setting is refused in the page.
    await seat.goto('/policies/new');
    await button('Create policy').click();
    await page.getByText('Give the policy a name.').waitFor();
    await page.getByLabel('Name').fill(`Everywhere ${SCRIPT}`);
    await page.getByLabel('Allowed locations', { exact: true }).click();
    await page.getByRole('combobox', { name: 'Allowed locations: value' }).fill('ae');
    await page.keyboard.press('Enter');
    await page.getByLabel('Minimum version of the agent', { exact: true }).click();
    await page.getByLabel('Minimum version of the agent: value').fill('0.0.1');
    await page.getByLabel('Configuration files', { exact: true }).click();
    await page.getByLabel('Path').fill('~/app.conf');
    await page.getByLabel('Text', { exact: true }).fill(SCRIPT);
    await networkConnections(tour());
    await page.getByLabel('Restrict messaging and mail', { exact: true }).click();
    await page.getByLabel('Restrict messaging and mail: hours').fill('36');
    await page.getByLabel('Lock workspace', { exact: true }).click();
    await page.getByLabel('Lock workspace: hours').fill('48');
    await page.getByLabel('Passcode of the workspace', { exact: true }).click();
    const length = page.getByRole('textbox', { name: 'Passcode of the workspace: Minimum length' });
    expect(await length.inputValue()).toBe('8');
    await length.fill('');
    await look('policy editor');
    await button('Create policy').click();
    await page.getByText(/^Passcode of the workspace: /).waitFor();
    await page.getByLabel('Passcode of the workspace', { exact: true }).click();
    await button('Create policy').click();
    await heading(/^Everywhere/);
    await main.getByText('Not rolled out').waitFor();
    await look('policy new');

    await dialog('Roll out version…', 'Roll out version');
    await page.getByLabel(/^Share of the devices/).fill('100');
    await glance('policy rollout');
    await button('Roll out version 1').click();
    await main.getByText('Version 1 applies to all devices of the groups.').waitFor();
    await dialog('Assign to groups…', 'Assign policy to groups');
    await page.getByRole('combobox', { name: 'Groups' }).fill('Karachi');
    await page.getByRole('option', { name: /Karachi/ }).click();
    await page.keyboard.press('Tab');
    await page.getByText(/of (the )?\d+ devices would get other settings/).waitFor();
    await glance('policy assign');
    await button('Assign policy').click();
    await main.getByRole('link', { name: /Karachi/ }).waitFor();
    await main.getByRole('link', { name: 'In grace period' }).waitFor();
    await look('policy compliance');

    // The simulated devices check their own location.
    await seat.goto(`/devices/${device}`);
    const section = main.locator('section', { has: page.getByRole('heading', { name: 'Policy and compliance' }) });
    await section.getByText('Not met').waitFor();
    await section
      .getByText(/^From version 1 of the policy “Everywhere/)
      .first()
      .waitFor();
    await section.getByText(/The server stops messages and mail of the device in/).waitFor();
    await section.getByText(/The server locks the workspace in/).waitFor();
    await section.getByText(/Allowed locations: AE/).waitFor();
    await look('device policy');
    await seat.goto('/compliance?state=in-grace');
    await main.getByText('Not met: Allowed locations').first().waitFor();
    await seat.goto('/compliance');
    const devices = main.getByRole('listitem');
    await devices.filter({ hasText: 'Not met: Allowed locations' }).first().waitFor();
    await devices.filter({ hasText: 'Compliant' }).waitFor({ state: 'hidden' });
    const filtered = async (label: string, option: string | RegExp) => {
      await page.getByRole('combobox', { name: label }).click();
      await page.getByRole('option', { name: option }).click();
    };
    await filtered('Failed setting', 'Firewall');
    await page.getByText('No device matches the filters.').waitFor();
    await filtered('Failed setting', 'Allowed locations');
    await filtered('Policy', /^Everywhere/);
    await devices.filter({ hasText: 'Not met: Allowed locations' }).first().waitFor();
    await look('compliance');
    await page.getByRole('link', { name: 'Show all devices' }).click();
    await devices.filter({ hasText: 'No policy' }).first().waitFor();
    const saved = page.waitForEvent('download');
    await button('Download CSV').click();
    expect((await saved).suggestedFilename()).toBe('compliance.csv');
    const savedJson = page.waitForEvent('download');
    await button('Download JSON').click();
    expect((await savedJson).suggestedFilename()).toBe('compliance.json');
    await seat.goto('/');
    await page.getByRole('heading', { name: 'Compliance' }).waitFor();
    await look('overview compliance');

    await seat.goto('/policies');
    await page.getByRole('link', { name: /^Everywhere/ }).click();
    await page.getByRole('link', { name: 'Create version' }).click();
    await page.getByLabel('Allowed locations', { exact: true }).click();
    await button('Create version 2').click();
    await button('Compare with newest: version 1').click();
    await page.getByRole('dialog').getByText('Not managed').waitFor();
    await glance('policy compare');
    await page.keyboard.press('Escape');
    await dialog('Roll out version…', 'Roll out version');
    await page.getByLabel(/^Share of the devices/).fill('30');
    await button('Roll out version 2').click();
    await main.getByText('Version 2 for 30 %').waitFor();
    await dialog('Roll back to version 1', 'Roll back policy');
    await glance('policy roll back');
    await button('Roll back to version 1').last().click();
    await main.getByText('Version 3 applies to all devices of the groups.').waitFor();
  });
}

/** A Wi-Fi network with 802.1X, WireGuard and a VPN. The form shows errors beside the fields. */
async function networkConnections({ page, look, button }: ConsoleTour): Promise<void> {
  await page.getByLabel('Network connections', { exact: true }).click();
  const connection = (number: number) =>
    page.getByRole('group', { name: `Network connections: value, connection ${number}` });
  const choose = async (number: number, field: string, option: string | RegExp) => {
    await connection(number).getByRole('combobox', { name: field, exact: true }).click();
    await page.getByRole('option', { name: option }).click();
  };
  const fill = (number: number, field: string, text: string) =>
    connection(number).getByRole('textbox', { name: field, exact: true }).fill(text);
  await fill(1, 'Name', `Campus ${SCRIPT}`);
  await fill(1, 'Network (SSID)', 'eduroam');
  await choose(1, 'Security', /^WPA enterprise/);
  await choose(1, 'Method', /^PEAP/);
  await fill(1, 'Domain of the authentication server', 'radius example');
  await connection(1).getByText('Must be a host name such as radius.example.org.').waitFor();
  await button('Add connection').click();
  await choose(2, 'Type', 'WireGuard');
  await button('Add connection').click();
  await choose(3, 'Type', 'VPN');
  await connection(3).getByRole('button', { name: 'Add value' }).click();
  await button('Create policy').click();
  await page.getByText('Network connections: Correct the marked fields of connection 1.').waitFor();
  await connection(2).getByText('Must name at least one address.').waitFor();
  await connection(2).scrollIntoViewIfNeeded();
  await look('policy network connections');

  await fill(1, 'Domain of the authentication server', 'radius.example.org');
  await fill(2, 'Name', 'Tunnel');
  await connection(2).getByRole('combobox', { name: 'Addresses of the device' }).fill('10.1.0.2/32');
  await page.keyboard.press('Enter');
  await fill(2, 'Public key of the peer', 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=');
  await fill(2, 'Endpoint', 'vpn.example.org:51820');
  await connection(2).getByRole('combobox', { name: 'Networks behind the peer' }).fill('10.0.0.0/8');
  await page.keyboard.press('Enter');
  await fill(3, 'Name', 'Head quarters');
  await fill(3, 'Value of remote', 'vpn.example.org');
  await choose(3, 'Key 2', 'connection-type');
  await fill(3, 'Value of connection-type', 'password');
  await page.getByText('Correct these entries first').waitFor({ state: 'hidden' });
}
