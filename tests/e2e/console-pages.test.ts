/**
 * Every page and dialog of the console, over a fleet, people and orders whose names would run if they could (case 51): axe finds nothing, at a
 * desk and on a phone, in light and in dark, and no page is wider than its window.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { invitedAccount } from '../../shared/api/accounts.ts';
import { devicePage } from '../../shared/api/devices.ts';
import { createdToken } from '../../shared/api/session.ts';
import { browser as chromium, openBrowser } from '../support/browser.ts';
import { RAN, RESIDENTS } from '../support/console-fleet.ts';
import { BEGIN, type ConsoleWorld, officesOf, openConsoleWorld } from '../support/console-world.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { invite } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';

const HOUR = 3_600_000;
const SCRIPT = `<script>document.title='${RAN}'</script>`;
const terms = (title: string, area: string, effective: number) => ({
  title,
  areas: [area],
  services: ['messaging', 'mail'],
  nexus: ['present', 'network'],
  effective: new Date(effective).toISOString(),
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travellers: 'allow',
  authority: `The authority ${SCRIPT}`,
  addressee: 'operators',
  instrument: `directive ${'without a space'.replaceAll(' ', '-').repeat(12)}`,
  statement: { en: `Messages end. ${SCRIPT}`, ur: 'پیغامات کی سروس بند ہو جائے گی۔', he: 'השירות יופסק.' },
});

describe.skipIf(!chromium.present)('every page of the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let operator: Operator;
  let seat: Seat;
  let page: Page;
  let device: string;

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: RESIDENTS, demo: false })]);
    operator = await setUp(world.url, world.firstOwnerLink);
    const { owner, as } = operator;
    await world.settle(await officesOf(owner));
    const people = [`Zeynep <b>Öz</b> ${SCRIPT}`, 'د. محمد الأحمد', '👩🏽‍⚖️ Ngozi'.padEnd(100, ' Adaeze')];
    for (const [at, name] of people.entries()) {
      const grants = [{ role: 'helpdesk', area: 'PK' }];
      await as(owner, 'POST', '/accounts', invitedAccount, { email: `person-${at}@example.org`, name, grants });
    }
    await as(owner, 'POST', '/tokens', createdToken, { name: SCRIPT }).catch(() => undefined);
    await operator.adopt(await operator.propose(terms(`Germany ${SCRIPT}`, 'DE', world.now() + 3_000)));
    await operator.propose(terms('پاکستان: پیغامات', 'PK', BEGIN + 240 * HOUR));
    const ended = await operator.propose(terms('Withdrawn long ago', 'AE', BEGIN + 100 * HOUR));
    await operator.adopt(ended);
    await operator.adopt(await operator.act(ended.order, { act: 'withdraw' }));

    const { devices } = await as(owner, 'GET', '/devices?limit=100', devicePage);
    const named = (part: string) => devices.find(({ user }) => user.includes(part))?.id ?? '';
    device = named('<img');
    const message = { kind: 'message', text: `Call us. ${SCRIPT}` };
    await as(owner, 'POST', `/devices/${device}/commands`, z.unknown(), { command: message });
    const statement = { areas: ['PK', 'AE'], reason: SCRIPT, until: BEGIN + 100 * HOUR };
    await as(owner, 'PATCH', `/devices/${device}`, z.unknown(), { statement });
    await as(owner, 'POST', `/devices/${named('HYPERLINK')}/revoke`, z.unknown(), {});

    seat = await takeSeat(browser, world.url, { as: owner });
    page = seat.page;
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await world?.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-pages-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  async function look(name: string): Promise<void> {
    expect.soft(await seat.faults(name)).toEqual([]);
  }
  /** Of what lies over a page that was looked at, or differs from it by a little. */
  async function glance(name: string): Promise<void> {
    expect.soft(await seat.faults(name, BOTH_LOOKS)).toEqual([]);
  }
  const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  async function dialog(opener: string | RegExp, name: string | RegExp, within = page.locator('body')): Promise<void> {
    await within.getByRole('button', { name: opener }).first().click();
    await page.getByRole('dialog', { name }).waitFor();
  }
  async function close(): Promise<void> {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  }

  it('the overview, the account, the menu', async () => {
    await seat.goto('/');
    await page.getByRole('link', { name: 'Pakistan', exact: true }).waitFor();
    await page.getByRole('link', { name: /Germany <script>/ }).waitFor();
    await look('overview');
    await button(/^Your account/).click();
    await glance('overview account');
    await page.getByRole('link', { name: 'Your account' }).click();
    await heading('Your account');
    await look('account');
    await dialog('Make a token', 'Make a token');
    await glance('account token');
    await page.getByLabel('What it is for').fill('backup');
    await button('Make the token').click();
    await page.getByText('It is shown this once.').waitFor();
    await glance('account token made');
    await close();
    await dialog('End the token backup', 'End this token?');
    await glance('account token end');
  });

  it('the devices', async () => {
    await seat.goto('/devices');
    await page.getByRole('link', { name: /Weiß/ }).waitFor();
    await look('devices');
    await page.getByRole('row', { name: /Weiß/ }).getByRole('checkbox').check();
    await dialog('Command…', 'A command for many devices');
    await glance('devices command');
    await close();
    await seat.goto('/devices?text=nobody+at+all');
    await page.getByRole('heading', { name: 'No device matches' }).waitFor();
    await glance('devices none');
  });

  it('one device', async () => {
    await seat.goto(`/devices/${device}`);
    await heading(/img/);
    await page.getByText('Call us.').first().waitFor();
    await look('device');
    for (const [opener, name] of [
      ['Message…', 'Message'],
      ['Lock…', /Lock/],
      ['Wipe…', /Wipe/],
      ['Revoke…', /Revoke/],
      ['Unenrol…', /Unenrol/],
      ['Change…', /./],
    ] as const) {
      await dialog(opener, name);
      await glance(`device ${opener}`);
      await close();
    }
    await dialog(/^State where/, 'State where the device is');
    await glance('device statement');
    await button('State where it is').last().click();
    await glance('device statement wrong');
    await close();
  });

  it('the orders', async () => {
    await seat.goto('/orders');
    await page.getByRole('link', { name: /Germany/ }).waitFor();
    await page.getByText('All (3)').click();
    await look('orders');
    await seat.goto('/orders/2015-001');
    await page.getByRole('heading', { name: 'Whom it touches' }).waitFor();
    await page.getByText('In force', { exact: true }).first().waitFor();
    await page.getByRole('progressbar').first().waitFor();
    await look('order in force');
    for (const [opener, name] of [
      ['New date', /New date/],
      ['Hold', /Hold/],
      ['Withdraw', /Withdrawal/],
    ] as const) {
      await dialog(opener, name);
      await glance(`order ${opener}`);
      await close();
    }
    await seat.goto('/orders/2015-002');
    await page.getByRole('heading', { name: 'Waiting for approval' }).waitFor();
    await page.getByRole('list', { name: 'Devices' }).waitFor();
    await look('order waiting');
    await dialog('Read what is to be signed', /./);
    await page.getByRole('button', { name: 'Line by line, as it is signed' }).click();
    await page.getByText(/^Order 2015-002, revision 1 \(propose\)/).waitFor();
    await glance('order to be signed');
    await seat.goto('/orders/2015-003');
    await page.getByText('Withdrawn', { exact: true }).first().waitFor();
    await glance('order withdrawn');
  });

  it('the form of an order', async () => {
    await seat.goto('/orders/new');
    await page.getByRole('combobox', { name: 'Areas' }).waitFor();
    await look('form');
    await page.getByRole('combobox', { name: 'Areas' }).fill('Pak');
    await glance('form choosing');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'Management' }).check();
    await button('Propose the order').click();
    await page.getByText('Give it a title.').waitFor();
    await glance('form wrong');
    await page.getByRole('textbox', { name: 'Day' }).click();
    await glance('form calendar');
    await seat.goto('/orders/2015-001/revise');
    await button('Propose the change').waitFor();
    await look('form revise');
  });

  it('enrolment', async () => {
    await seat.goto('/enrol');
    await button('Make an activation link').click();
    await page.getByText('Choose a group.').waitFor();
    await look('enrol');
    // The page looks again and again whether the device has come.
    seat.expecting(/status of 404 .*\/api\/v1\/devices\//);
    await page.getByLabel('Who will use it').fill(SCRIPT);
    await page.getByRole('combobox', { name: 'Group' }).fill('Berlin');
    await page.getByRole('option', { name: /Berlin/ }).click();
    await button('Make an activation link').click();
    await page.getByRole('img', { name: 'QR code of the activation link' }).waitFor();
    await glance('enrol waiting');
    await dialog(/^Cancel/, 'Cancel this link?');
    await glance('enrol cancel');
  });

  it('people', async () => {
    await seat.goto('/people');
    await page.getByText('Zeynep').waitFor();
    await look('people');
    await dialog('Invite somebody', 'Invite somebody');
    await glance('people invite');
    await close();
    const menu = button(/^What to do with Zeynep/);
    await menu.click();
    await glance('people menu');
    for (const [item, name] of [
      ['Give a role', /^Give Zeynep/],
      [/^Take away/, 'Take this role away?'],
      [/invitation link|New password/, 'A new invitation'],
      ['Shut out', 'Shut this account out?'],
    ] as const) {
      if ((await page.getByRole('menu').count()) === 0) await menu.click();
      await page.getByRole('menuitem', { name: item }).click();
      await page.getByRole('dialog', { name }).waitFor();
      await glance(`people ${item}`);
      await close();
    }
    await seat.goto('/people?tab=approvers');
    await page.getByText('Make my key in this browser').waitFor();
    await look('approvers');
    await dialog('Propose another list', 'Who shall approve?');
    await glance('approvers propose');
    await seat.goto('/people?tab=groups');
    await page.getByText('Karachi office').waitFor();
    await look('groups');
    await dialog('Add a group', 'Add a group');
    await glance('groups add');
    await close();
    await dialog('Remove Karachi office', 'Remove this group?');
    await glance('groups remove');
  });

  it('the ledger and the settings', async () => {
    await seat.goto('/ledger');
    await page.getByText(/entries, checked in this browser/).waitFor();
    await button(/^Prove entry/)
      .first()
      .click();
    await page.getByText(/^Proved by/).waitFor();
    await button('Show the checkpoint').click();
    await look('ledger');
    await seat.goto('/settings');
    await page.getByText('Issuing authority').waitFor();
    await look('settings');
  });

  it('what is not there, what does not answer, and what is not yours', async () => {
    seat.expecting(/status of (404|503) /);
    await seat.goto('/nowhere');
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await look('nowhere');
    await seat.goto('/devices/dev_aaaaaaaaaaaaaaaa');
    await page.getByRole('heading', { name: 'There is no such device' }).waitFor();
    await glance('no device');
    await seat.goto('/orders/2015-999');
    await page.getByRole('alert').waitFor();
    await glance('no order');
    await page.route('**/api/v1/overview', (route) => route.fulfill({ status: 503, body: 'gone' }));
    await seat.goto('/');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await glance('overview failed');
    await page.unroute('**/api/v1/overview');
    const nobody = await takeSeat(browser, world.url, { as: await invite(world.url, operator.owner, 'Nobody', []) });
    nobody.expecting(/status of 403 /);
    await nobody.goto('/');
    await nobody.page.getByRole('heading', { name: 'You have no role yet' }).waitFor();
    expect.soft(await nobody.faults('nobody')).toEqual([]);
    expect.soft(nobody.complaints).toEqual([]);
    await nobody.context.close();
  });

  it('comes with at most 250 kB, map and all, to a browser that takes no more than gzip', async () => {
    const newcomer = await takeSeat(browser, world.url, {
      as: operator.owner,
      extraHTTPHeaders: { 'accept-encoding': 'gzip' },
    });
    const devtools = await newcomer.context.newCDPSession(newcomer.page);
    let bytes = 0;
    devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const encodings = new Set<string | undefined>();
    newcomer.page.on('response', (response) => {
      if (response.url().endsWith('.js')) encodings.add(response.headers()['content-encoding']);
    });
    await devtools.send('Network.enable');
    await newcomer.goto('/');
    await newcomer.page.locator('figure svg path').first().waitFor();
    expect([...encodings].filter((one) => one !== undefined)).toEqual(['gzip']);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThanOrEqual(250_000);
    await newcomer.context.close();
  });

  it('the ways in', async () => {
    const stranger = await takeSeat(browser, world.url);
    stranger.expecting(/status of 401 /);
    await stranger.goto('/');
    await stranger.page.getByRole('button', { name: 'Sign in' }).click();
    await stranger.page.getByText('Give your password.').waitFor();
    expect.soft(await stranger.faults('sign in')).toEqual([]);
    const { owner, as } = operator;
    const account = { email: 'late@example.org', name: 'Late', grants: [] };
    const { link } = await as(owner, 'POST', '/accounts', invitedAccount, account);
    await stranger.page.goto(link);
    await stranger.page.getByRole('heading', { name: 'You are invited' }).waitFor();
    expect.soft(await stranger.faults('invitation')).toEqual([]);
    await stranger.page.getByRole('textbox', { name: 'Password', exact: true }).fill('long enough for anybody');
    await stranger.page.getByLabel('The same password again').fill('long enough for anybody');
    await stranger.page.getByRole('button', { name: 'Go on' }).click();
    await stranger.page.getByRole('heading', { name: 'Your authenticator app' }).waitFor();
    expect.soft(await stranger.faults('authenticator')).toEqual([]);
    expect.soft(stranger.complaints).toEqual([]);
    await stranger.context.close();
  });

  it('case 51: ran nothing that a name said, and asked nobody else', async () => {
    expect(await page.title()).not.toBe(RAN);
    expect(seat.complaints).toEqual([]);
  });
});
