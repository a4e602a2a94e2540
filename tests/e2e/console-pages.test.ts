/**
 * Every page and dialog of the console. Names of devices, people and orders contain scripts, which must never run (case 51).
 * Axe must find no fault, on desktop and phone, in light and dark, and no page may be wider than its window.
 */
import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { invitedAccount } from '../../shared/api/accounts.ts';
import { groupList } from '../../shared/api/groups.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import { proxyV1 } from '../replay/proxy-header.ts';
import { browser as chromium } from '../support/browser.ts';
import { createCodes } from '../support/codes.ts';
import { RAN, RESIDENTS } from '../support/console-fleet.ts';
import { type ConsoleTour, openConsoleTour, SCRIPT } from '../support/console-tour.ts';
import { csrFor } from '../support/enrollment.ts';
import { invite } from '../support/people.ts';
import { BOTH_LOOKS, takeSeat } from '../support/seat.ts';
import { deskPages } from './console-pages/desk-pages.ts';
import { deviceListPages } from './console-pages/device-list-pages.ts';
import { groupPages } from './console-pages/group-pages.ts';
import { orderPages } from './console-pages/order-pages.ts';
import { policyPages } from './console-pages/policy-pages.ts';
import { reassignmentPages } from './console-pages/reassignment-pages.ts';
import { rolePages } from './console-pages/role-pages.ts';
import { settingsPages } from './console-pages/settings-pages.ts';
import { softwarePages } from './console-pages/software-pages.ts';

describe.skipIf(!chromium.present)('every page of the console', { timeout: 120_000 }, () => {
  let opened: ConsoleTour;
  const tour = () => opened;

  beforeAll(async () => {
    opened = await openConsoleTour();
  }, 120_000);
  afterAll(() => opened?.remove());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await opened.seat.picture(`failed-pages-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  it('overview, account and menu', async () => {
    const { seat, page, look, glance, heading, button, dialog, close } = tour();
    await seat.goto('/');
    await page.getByRole('link', { name: 'Pakistan', exact: true }).waitFor();
    await page.getByRole('link', { name: /Germany <script>/ }).waitFor();
    await look('overview');
    await button(/^Your account/).click();
    await glance('overview account');
    await page.getByRole('link', { name: 'Your account' }).click();
    await heading('Your account');
    await look('account');
    await dialog('Create token', 'Create API token');
    await glance('account token');
    await page.getByLabel('Purpose').fill('backup');
    await button('Create token').last().click();
    await page.getByText('Copy the token now. It is shown only once.').waitFor();
    await glance('account token made');
    await close();
    await dialog('Revoke token backup', 'Revoke API token');
    await glance('account token end');
  });

  it('device list', async () => {
    const { seat, page, look, glance, dialog, close } = tour();
    await seat.goto('/devices');
    await page.getByRole('link', { name: /Weiß/ }).waitFor();
    await look('devices');
    await page.getByRole('row', { name: /Weiß/ }).getByRole('checkbox').click();
    await page.getByText('1 selected').waitFor();
    await dialog('Choose action…', 'Bulk action');
    await glance('devices command');
    await page.getByRole('button', { name: 'Show job options' }).click();
    await page.getByLabel('Supersede key').fill('Nightly refresh');
    await page.getByText('Use up to 64 lowercase letters').waitFor();
    await page.getByLabel('Supersede key').fill('nightly-refresh');
    await page.getByLabel('After job').scrollIntoViewIfNeeded();
    await glance('devices job options');
    await page.getByText('Records', { exact: true }).click();
    await page.getByRole('radio', { name: 'Retire device' }).check();
    await page.getByText('1 device affected').waitFor();
    await page.getByLabel(/^Type the number of devices/).waitFor();
    await glance('devices records');
    await close();
    await seat.goto('/devices?text=nobody+at+all');
    await page.getByRole('heading', { name: 'No matching devices' }).waitFor();
    await glance('devices none');
  });

  it('device page', async () => {
    const { world, seat, page, device, look, glance, heading, button, dialog, close } = tour();
    await seat.goto(`/devices/${device}`);
    await heading(/img/);
    await page.getByText('Call us.').first().waitFor();
    await page.getByText(/^Located by bundled, built/).waitFor();
    await look('device');
    await seat.goto(`/devices/${device}?at=${world.now() - 1_000}`);
    const then = page.getByRole('article', { name: /^Device at/ });
    await then.getByRole('heading', { name: 'Services' }).waitFor();
    await then.getByText(SCRIPT).first().waitFor();
    await then
      .getByText(/^Located by bundled, built/)
      .first()
      .waitFor();
    await look('device explained');
    await page.getByLabel(/^Date and time/).fill('2030-01-01T00:00:00');
    await button('Show state').click();
    await page.getByText('The time is in the future').waitFor();
    seat.expecting(/status of 410 .*\/explanation/);
    await page.getByLabel(/^Date and time/).fill('2013-01-01T00:00:00');
    await button('Show state').click();
    await page.getByText(/Evidence is stored for explanations of the last 400 days/).waitFor();
    await glance('device explained no more');
    await seat.goto(`/devices/${device}`);
    await heading(/img/);
    for (const [opener, name] of [
      ['Send message…', 'Show message'],
      ['Lock workspace…', /Lock/],
      ['Wipe workspace…', /Wipe/],
      ['Revoke device…', /Revoke/],
      ['Unenroll device…', /Unenroll/],
      ['Edit details…', /./],
      ['Edit labels…', 'Change labels'],
      ['Mark as missing…', 'Mark as missing'],
      ['Retire device…', 'Retire device'],
    ] as const) {
      await dialog(opener, name);
      await glance(`device ${opener}`);
      await close();
    }
    await dialog(/^Set location/, 'Set location');
    await glance('device statement');
    await button('Set location').last().click();
    await glance('device statement wrong');
    await close();
  });

  softwarePages(tour);
  deviceListPages(tour);
  orderPages(tour);
  policyPages(tour);

  it('enrollment', async () => {
    const { operator, seat, page, device, look, glance, button, dialog } = tour();
    await seat.goto('/enroll');
    await button('Create activation link').click();
    await page.getByText('The group is missing. Select a group.').waitFor();
    await look('enroll');
    await seat.goto(`/enroll?device=${device}`);
    await page.getByText('Re-enrollment of a device').waitFor();
    await look('enroll again');
    await seat.goto('/enroll');
    // The page polls until the device has enrolled.
    seat.expecting(/status of 404 .*\/api\/v1\/devices\//);
    await button('Add person').click();
    const adding = page.getByRole('dialog', { name: 'Add person' });
    await adding.getByLabel('Name').fill(SCRIPT);
    await adding.getByRole('combobox', { name: 'Groups' }).fill('Berlin');
    await page.getByRole('option', { name: /Berlin/ }).click();
    await page.keyboard.press('Tab');
    await adding.getByRole('button', { name: 'Add person' }).click();
    await adding.waitFor({ state: 'hidden' });
    await page.getByRole('combobox', { name: 'Person' }).click();
    await glance('enroll person');
    await page.keyboard.press('Escape');
    await button('Create activation link').click();
    await page.getByRole('img', { name: 'QR code of the activation link' }).waitFor();
    await glance('enroll waiting');
    await dialog(/^Cancel/, 'Cancel activation link');
    await glance('enroll cancel');

    const [group] = (await operator.as(operator.owner, 'GET', '/groups', groupList)).groups;
    const make = createCodes(operator.owner.browser);
    for (let made = 0; made < 21; made++) await make({ user: 'Ida', group: group?.id });
    await seat.goto('/enroll');
    const links = page.getByRole('region', { name: 'Activation links' }).getByRole('row');
    await button('Next page').click();
    await page.getByText('Page 2', { exact: true }).waitFor();
    await expect.poll(() => links.filter({ hasText: 'Used' }).count()).toBe(RESIDENTS.length + 1);
    expect(await links.count()).toBeLessThanOrEqual(21);
    await glance('enroll page 2');
    await page.getByText('Expired', { exact: true }).click();
    await page.getByText('No expired links').waitFor();
    await glance('enroll expired');
  });

  reassignmentPages(tour);

  it('people', async () => {
    const { seat, page, look, glance, button, dialog, close } = tour();
    await seat.goto('/people');
    await page.getByText('Zeynep').waitFor();
    await look('people');
    await dialog('Invite person', 'Invite person');
    await glance('people invite');
    await close();
    const menu = button(/^Actions for Zeynep/);
    await menu.click();
    await glance('people menu');
    for (const [item, name] of [
      ['Grant role', /^Grant role to Zeynep/],
      [/^Remove role/, 'Remove role'],
      [/invitation link|Reset password/, 'Invitation link'],
      ['Disable account', 'Disable account'],
    ] as const) {
      if ((await page.getByRole('menu').count()) === 0) await menu.click();
      await page.getByRole('menuitem', { name: item }).click();
      await page.getByRole('dialog', { name }).waitFor();
      await glance(`people ${item}`);
      await close();
    }
    await seat.goto('/people?tab=approvers');
    await page.getByText('Create approver key').waitFor();
    await look('approvers');
    await dialog('Propose approver set', 'Propose approver set');
    await glance('approvers propose');
    await seat.goto('/people?tab=people');
    await page.getByLabel('Search').fill('noor');
    await page.getByRole('link', { name: /Noor/ }).first().waitFor();
    await look('persons');
    await dialog('Add person', 'Add person');
    await glance('persons add');
    await close();
    await page.getByRole('link', { name: /Noor/ }).first().click();
    await page.getByText('Person ID').waitFor();
    await look('person');
    await dialog('Edit person', 'Edit person');
    await glance('person change');
    await close();
    await seat.goto('/people?tab=groups');
    await page.getByText('Karachi office').waitFor();
    await look('groups');
    await dialog('Add group', 'Add group');
    await page.getByRole('checkbox', { name: 'Allow other mail programs' }).check();
    await page.getByText('Mail in plain text on disk').waitFor();
    await glance('groups add');
    await close();
    await dialog('Remove group Karachi office', 'Remove group');
    await glance('groups remove');
  });

  it('mail', async () => {
    const { operator, seat, page, look, glance } = tour();
    await seat.goto('/mail');
    await page.getByRole('heading', { name: 'No mail connector' }).waitFor();
    await look('mail none');
    await tour().stepUp();
    const [group] = (await operator.as(operator.owner, 'GET', '/groups', groupList)).groups;
    const create = createCodes(operator.owner.browser);
    const { link } = await create({ user: `Mail ${SCRIPT}`, group: group?.id, mailConnector: true });
    await redeem(link);
    await page.getByText('Never connected').waitFor();
    await look('mail');
    await seat.goto('/devices?text=Mail');
    await page.getByText('Mail connector', { exact: true }).waitFor();
    await glance('devices mail connector');
  });

  it('legal holds', async () => {
    const { browser, world, operator, seat, page, device, look, glance, heading, button, dialog, close } = tour();
    await seat.goto('/holds');
    await page.getByRole('heading', { name: 'No active legal holds' }).waitFor();
    await look('holds none');
    await dialog('Place legal hold…', 'Place legal hold');
    await page.getByRole('combobox', { name: 'Person' }).fill('nobody at all');
    await page.getByText('No person found').waitFor();
    await page.keyboard.press('Tab');
    await glance('holds place');
    await close();

    await seat.goto(`/devices/${device}`);
    await heading(/img/);
    await dialog('Place legal hold…', 'Place legal hold');
    await page.getByRole('radio', { name: /^All current and future devices of/ }).check();
    await page.getByLabel('Reason').fill(`Keep all that concerns the tender. ${SCRIPT}\nAnd its annex.`);
    await page.getByLabel('Reference').fill('قضیہ 12/2015');
    await glance('device hold');
    await button('Place legal hold').last().click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page
      .getByText(/Keep all that concerns the tender/)
      .first()
      .waitFor();
    await expect.poll(() => button('Wipe workspace…').count()).toBe(0);
    await look('device held');

    await seat.goto('/devices?text=img');
    await page.getByText('Legal hold', { exact: true }).waitFor();
    await look('devices held');
    await page.getByRole('row', { name: /img/ }).getByRole('checkbox').click();
    await page.getByText('1 selected').waitFor();
    await dialog('Choose action…', 'Bulk action');
    await page.getByRole('radio', { name: 'Wipe workspace' }).check();
    await page.getByLabel(/to confirm$/).fill('1');
    await button('Wipe 1 device').click();
    await page.getByText('The server skipped 1 device because of a legal hold').waitFor();
    await glance('devices command held');
    await button('Close').last().click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    const grants = [{ role: 'helpdesk' as const, group: null, area: null }];
    const helper = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Helper', grants),
    });
    await helper.goto(`/devices/${device}`);
    await helper.page
      .getByText('Only admins with the role owner, legal or auditor can read the reason and the start date.')
      .waitFor();
    expect.soft(await helper.page.getByText('tender').count()).toBe(0);
    expect.soft(await helper.page.getByRole('link', { name: 'Legal holds' }).count()).toBe(0);
    expect.soft(await helper.faults('device held helpdesk', BOTH_LOOKS)).toEqual([]);
    await helper.context.close();

    await seat.goto('/holds');
    await page.getByText(/1 now, and future devices/).waitFor();
    await look('holds');
    await dialog(/^Release legal hold on/, 'Release legal hold');
    await page.getByLabel('Reason for the release').fill('The case is settled.');
    await glance('holds release');
    await button('Release legal hold').last().click();
    await page.getByRole('heading', { name: 'No active legal holds' }).waitFor();
    await page.getByText('Released', { exact: true }).click();
    await page.getByText('The case is settled.').waitFor();
    await look('holds released');
  });

  groupPages(tour);
  rolePages(tour);
  settingsPages(tour);
  deskPages(tour);

  it('errors: unknown page, unavailable server and account without a role', async () => {
    const { browser, world, operator, seat, page, look, glance, stepUp } = tour();
    seat.expecting(/status of (404|503) /);
    await seat.goto('/nowhere');
    await page.getByRole('heading', { name: 'This page does not exist' }).waitFor();
    await look('nowhere');
    await seat.goto('/devices/dev_aaaaaaaaaaaaaaaa');
    await page.getByRole('heading', { name: 'Device not found' }).waitFor();
    await glance('no device');
    await seat.goto('/orders/2015-999');
    await page.getByRole('alert').waitFor();
    await glance('no order');
    await page.route('**/api/v1/overview', (route) => route.fulfill({ status: 503, body: 'gone' }));
    await seat.goto('/');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await glance('overview failed');
    await page.unroute('**/api/v1/overview');
    await stepUp();
    const nobody = await takeSeat(browser, world.url, { as: await invite(world.url, operator.owner, 'Nobody', []) });
    nobody.expecting(/status of 403 /);
    await nobody.goto('/');
    await nobody.page.getByRole('heading', { name: 'Your account has no role' }).waitFor();
    expect.soft(await nobody.faults('nobody')).toEqual([]);
    expect.soft(nobody.complaints).toEqual([]);
    await nobody.context.close();
  });

  it('loads at most 240 kB of files, map included, in a browser that supports only gzip', async () => {
    const { browser, world, operator } = tour();
    const newcomer = await takeSeat(browser, world.url, {
      as: operator.owner,
      extraHTTPHeaders: { 'accept-encoding': 'gzip' },
    });
    const devtools = await newcomer.context.newCDPSession(newcomer.page);
    const urls = new Map<string, string>();
    const loaded = new Map<string, number>();
    devtools.on('Network.requestWillBeSent', ({ requestId, request }) => urls.set(requestId, request.url));
    devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const url = urls.get(requestId) ?? '';
      // A change of a device makes the page request data again. A repeated request is not part of the first load.
      if (url.includes('/api/') && loaded.has(url)) return;
      loaded.set(url, (loaded.get(url) ?? 0) + encodedDataLength);
    });
    const encodings = new Set<string | undefined>();
    newcomer.page.on('response', (response) => {
      if (response.url().endsWith('.js')) encodings.add(response.headers()['content-encoding']);
    });
    await devtools.send('Network.enable');
    await newcomer.goto('/');
    await newcomer.page.locator('figure svg path').first().waitFor();
    // The list of orders is the slowest response of the overview.
    await expect.poll(() => [...loaded.keys()].some((url) => url.endsWith('/api/v1/orders'))).toBe(true);
    expect([...encodings].filter((one) => one !== undefined)).toEqual(['gzip']);
    const bytesOf = (api: boolean) =>
      [...loaded].filter(([url]) => url.includes('/api/') === api).reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(bytesOf(false)).toBeGreaterThan(100_000);
    expect(bytesOf(false)).toBeLessThanOrEqual(240_000);
    // API responses grow with orders and areas. This installation has 3 orders.
    expect(bytesOf(true)).toBeLessThanOrEqual(20_000);
    await newcomer.context.close();
  });

  it('sign-in and invitation', async () => {
    const { browser, world, operator, stepUp } = tour();
    const stranger = await takeSeat(browser, world.url);
    stranger.expecting(/status of 401 /);
    await stranger.goto('/');
    await stranger.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await stranger.page.getByText('The password is missing. Enter your password.').waitFor();
    expect.soft(await stranger.faults('sign in')).toEqual([]);
    await stepUp();
    const account = { email: 'late@example.org', name: 'Late', grants: [] };
    const { link } = await operator.owner.browser.call('POST', '/accounts', invitedAccount, account);
    await stranger.page.goto(link ?? '');
    await stranger.page.getByRole('heading', { name: 'Accept invitation' }).waitFor();
    expect.soft(await stranger.faults('invitation')).toEqual([]);
    await stranger.page.getByRole('textbox', { name: 'Password', exact: true }).fill('long enough for every policy');
    await stranger.page.getByLabel('Repeat password').fill('long enough for every policy');
    await stranger.page.getByRole('button', { name: 'Continue' }).click();
    await stranger.page.getByRole('heading', { name: 'Authenticator app' }).waitFor();
    expect.soft(await stranger.faults('authenticator')).toEqual([]);
    expect.soft(stranger.complaints).toEqual([]);
    await stranger.context.close();
  });

  it('case 51: no script of a name ran, and no page sent a request to another server', async () => {
    const { seat, page } = tour();
    expect(await page.title()).not.toBe(RAN);
    expect(seat.complaints).toEqual([]);
  });
});

/** Enrolls a device that never connects. The server expects the PROXY header of a load balancer. */
async function redeem(link: string): Promise<void> {
  const { publicUrl, code } = parseActivationLink(link);
  const { hostname, port } = new URL(publicUrl);
  const socket = connect(Number(port), hostname);
  socket.write(proxyV1('192.0.2.1', Number(port)));
  const sent = request(new URL('/.well-known/est/simpleenroll', publicUrl), {
    method: 'POST',
    createConnection: () => connectTls({ socket, rejectUnauthorized: false }),
    auth: `${code.id}:${code.secret}`,
    headers: { 'content-type': 'application/pkcs10' },
  });
  sent.end(csrFor(code.id).toString('base64'));
  const [response] = await once(sent, 'response');
  expect(response.statusCode).toBe(200);
  response.resume();
}
