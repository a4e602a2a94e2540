/**
 * Every page and dialog of the console, over a fleet, people and orders whose names would run if they could (case 51): axe finds nothing, at a
 * desk and on a phone, in light and in dark, and no page is wider than its window.
 */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { invitedAccount } from '../../shared/api/accounts.ts';
import { devicePage } from '../../shared/api/devices.ts';
import { createdToken } from '../../shared/api/session.ts';
import type { Resident } from '../demo/population.ts';
import { browser as chromium, openBrowser } from '../support/browser.ts';
import { RAN, RESIDENTS } from '../support/console-fleet.ts';
import { BEGIN, type ConsoleWorld, officesOf, openConsoleWorld } from '../support/console-world.ts';
import { KNOWN_PLACES, writeMmdb } from '../support/mmdb-writer.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { invite } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';

const HOUR = 3_600_000;
const SCRIPT = `<script>document.title='${RAN}'</script>`;
/** On disputed ground. */
const SRINAGAR: Resident = {
  ...{
    index: 0,
    user: 'Noor حسین',
    machine: { hostname: 'KHI-srinagar-1', distro: 'Debian GNU/Linux', release: '13' },
  },
  spot: {
    ...{ label: 'srinagar', office: { name: 'Karachi office', country: 'PK', code: 'KHI' }, online: true, weight: 1 },
    evidence: { ip: 'IN', position: [34.08, 74.79, 80] },
  },
};
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
    [browser, world] = await Promise.all([
      openBrowser(),
      openConsoleWorld({ residents: [...RESIDENTS, SRINAGAR], demo: false }),
    ]);
    operator = await setUp(world.url, world.firstOwnerLink);
    const { owner, as } = operator;
    await world.settle(await officesOf(owner));
    const people = [`Zeynep <b>Öz</b> ${SCRIPT}`, 'د. محمد الأحمد', '👩🏽‍⚖️ Ngozi'.padEnd(100, ' Adaeze')];
    for (const [at, name] of people.entries()) {
      const grants = [{ role: 'helpdesk', area: 'PK' }];
      await owner.browser.call('POST', '/accounts', invitedAccount, {
        email: `person-${at}@example.org`,
        name,
        grants,
      });
    }
    await owner.browser.call('POST', '/tokens', createdToken, { name: SCRIPT }).catch(() => undefined);
    await operator.adopt(await operator.propose(terms(`Germany ${SCRIPT}`, 'DE', world.now() + 10_000)));
    await operator.propose({
      ...terms('پاکستان: پیغامات', 'PK', BEGIN + 240 * HOUR),
      ...{ receivedOn: '2015-11-20', answerBy: '2015-12-01T12:00', provenance: 'disputed', answers: '2015-001' },
      ...{
        publication: { law: `Act 5 ${SCRIPT}` },
        notice: { ur: 'پیغامات رک جائیں گے' },
        noticePlan: ['P7D', 'entry'],
      },
      decision: { considered: `Whether to appeal. ${SCRIPT}`, by: 'Zeynep', reasons: 'We have people there.' },
    });
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
    await page.getByRole('row', { name: /Weiß/ }).getByRole('checkbox').click();
    await page.getByText('1 chosen').waitFor();
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
    await page.getByText(/^Located by bundled, built/).waitFor();
    await look('device');
    await seat.goto(`/devices/${device}?at=${world.now() - 1_000}`);
    const then = page.getByRole('article', { name: /^The device at/ });
    await then.getByRole('heading', { name: 'Services then' }).waitFor();
    await then.getByText(SCRIPT).first().waitFor();
    await then
      .getByText(/^Located by bundled, built/)
      .first()
      .waitFor();
    await look('device explained');
    await page.getByLabel(/^Day and time/).fill('2030-01-01T00:00:00');
    await button('Explain').click();
    await page.getByText('This time has not come yet').waitFor();
    seat.expecting(/status of 410 .*\/explanation/);
    await page.getByLabel(/^Day and time/).fill('2013-01-01T00:00:00');
    await button('Explain').click();
    await page.getByText(/Evidence is kept for explanations of 400 days/).waitFor();
    await glance('device explained no more');
    await seat.goto(`/devices/${device}`);
    await heading(/img/);
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
    for (const name of [/^How it came/, /^What people on devices/, /^What the public/, /^Why, for your own/]) {
      await page.getByRole('button', { name }).click();
    }
    await page.getByRole('radio', { name: /^Kept from the public until/ }).check();
    await page.getByRole('radio', { name: 'At these moments' }).check();
    await page.getByRole('button', { name: 'Add a language to: Notice to people on devices' }).click();
    await page.keyboard.type('Urdu');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Notice in Urdu' }).waitFor();
    const direction = "getComputedStyle(document.getElementById('order-notice')).direction";
    expect(await page.evaluate<string>(direction)).toBe('rtl');
    const letter = { name: 'letter <b>.pdf', mimeType: 'application/pdf', buffer: Buffer.from('the letter') };
    await page.locator('input[type=file]').setInputFiles(letter);
    await page.getByText('letter <b>.pdf (PDF, 10 bytes)').waitFor();
    await look('form more');
  });

  it('a rehearsal', async () => {
    await operator.act('2015-001', { act: 'revise', areas: ['DE', 'PK'] });
    await seat.goto('/orders/2015-001');
    await page.getByRole('link', { name: 'Rehearse', exact: true }).click();
    await heading('Rehearsal of order 2015-001');
    await page.getByText(/^For .*: of \d+ devices, it takes service from \d+\./).waitFor();
    await page.getByRole('heading', { name: 'What it changes against revision 1' }).waitFor();
    // The map marks where the revision would be, and not only where the approved one is.
    expect(await page.locator('svg path[data-order]').count()).toBe(2);
    await look('rehearsal');
    const rows = () => page.getByRole('list', { name: 'Devices' }).getByRole('listitem');
    const before = await rows().count();

    // By the keyboard: what comes in, of them whom nobody has told, in one place.
    await button(/Comes in/).press('Enter');
    await page.getByText('Comes in: This revision takes').waitFor();
    await button(/^Never told of it/).press('Space');
    await page.getByText('Never told of it: It loses service').waitFor();
    // A device that has not found its position yet is in Pakistan, and in no part of it.
    await button('Pakistan, Sindh').press('Enter');
    await page.getByText('In Pakistan, Sindh, or perhaps there.').waitFor();
    await expect.poll(() => page.url()).toMatch(/change=in.*class=uninformed.*area=PK-SD/);
    // The one that is switched off; it has said where it is before.
    await expect.poll(() => rows().count()).toBe(1);
    await glance('rehearsal filtered');

    const [table] = await Promise.all([page.waitForEvent('download'), button('Table by handle').click()]);
    expect(table.suggestedFilename()).toBe('2015-001-2-rehearsal.csv');
    const lines = readFileSync(await table.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(lines).toHaveLength(1 + (await rows().count()));
    expect(lines.join()).not.toContain('<img');

    await dialog('Names, sealed…', 'Names for one recipient');
    await page.getByLabel('For whom').fill('General counsel');
    await page.getByLabel('Their age recipient').fill('age1nonsense');
    seat.expecting(/status of 400 .*names/);
    await button('Seal the names').click();
    await page.getByText(/This is no age recipient/).waitFor();
    await glance('rehearsal names');
    await page.getByLabel('Their age recipient').fill('age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p');
    const [names] = await Promise.all([page.waitForEvent('download'), button('Seal the names').click()]);
    expect(names.suggestedFilename()).toBe('2015-001-2-names.csv.age');
    expect(readFileSync(await names.path(), 'latin1')).toMatch(/^age-encryption.org\/v1\n-> X25519 /);

    await button('Show all').press('Enter');
    await expect.poll(() => rows().count()).toBe(before);
    await page.getByLabel('Held against').selectOption('none');
    await page.getByRole('heading', { name: /^What it changes/ }).waitFor({ state: 'hidden' });
    await seat.goto('/orders/2015-003/rehearsal?at=now');
    await page.getByRole('heading', { name: 'Rehearsal of order 2015-003' }).waitFor();
    const { order } = await operator.propose({
      ...terms('Nobody is there', 'IS', BEGIN + 300 * HOUR),
      nexus: ['home'],
    });
    await seat.goto(`/orders/${order}/rehearsal`);
    await page.getByRole('heading', { name: 'It touches no device' }).waitFor();
    await glance('rehearsal of nobody');
  });

  it('enrolment', async () => {
    await seat.goto('/enrol');
    await button('Make an activation link').click();
    await page.getByText('Choose a group.').waitFor();
    await look('enrol');
    await seat.goto(`/enrol?device=${device}`);
    await page.getByText('The same device, once more').waitFor();
    await look('enrol again');
    await seat.goto('/enrol');
    // The page looks again and again whether the device has come.
    seat.expecting(/status of 404 .*\/api\/v1\/devices\//);
    await button('Add a person').click();
    const adding = page.getByRole('dialog', { name: 'Add a person' });
    await adding.getByLabel('Name').fill(SCRIPT);
    await adding.getByRole('combobox', { name: 'Groups' }).fill('Berlin');
    await page.getByRole('option', { name: /Berlin/ }).click();
    await page.keyboard.press('Tab');
    await adding.getByRole('button', { name: 'Add the person' }).click();
    await adding.waitFor({ state: 'hidden' });
    await page.getByRole('combobox', { name: 'Person' }).click();
    await glance('enrol person');
    await page.keyboard.press('Escape');
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
    await seat.goto('/people?tab=people');
    await page.getByLabel('Search').fill('noor');
    await page.getByRole('link', { name: /Noor/ }).first().waitFor();
    await look('persons');
    await dialog('Add a person', 'Add a person');
    await glance('persons add');
    await close();
    await page.getByRole('link', { name: /Noor/ }).first().click();
    await page.getByText('Identifier').waitFor();
    await look('person');
    await dialog('Change the person', 'Change the person');
    await glance('person change');
    await close();
    await seat.goto('/people?tab=groups');
    await page.getByText('Karachi office').waitFor();
    await look('groups');
    await dialog('Add a group', 'Add a group');
    await glance('groups add');
    await close();
    await dialog('Remove Karachi office', 'Remove this group?');
    await glance('groups remove');
  });

  it('legal holds', async () => {
    await seat.goto('/holds');
    await page.getByRole('heading', { name: 'No hold stands' }).waitFor();
    await look('holds none');
    await dialog('Place a hold…', 'Place a legal hold');
    await page.getByRole('combobox', { name: 'Person' }).fill('nobody at all');
    await page.getByText('No person found').waitFor();
    await page.keyboard.press('Tab');
    await glance('holds place');
    await close();

    await seat.goto(`/devices/${device}`);
    await heading(/img/);
    await dialog('Place a hold…', 'Place a legal hold');
    await page.getByRole('radio', { name: /^All devices of/ }).check();
    await page.getByLabel('Reason').fill(`Keep all that concerns the tender. ${SCRIPT}\nAnd its annex.`);
    await page.getByLabel('Reference').fill('قضیہ 12/2015');
    await glance('device hold');
    await button('Place the hold').click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page
      .getByText(/Keep all that concerns the tender/)
      .first()
      .waitFor();
    await expect.poll(() => button('Wipe…').count()).toBe(0);
    await look('device held');

    await seat.goto('/devices?text=img');
    await page.getByText('Legal hold', { exact: true }).waitFor();
    await look('devices held');
    await page.getByRole('row', { name: /img/ }).getByRole('checkbox').click();
    await page.getByText('1 chosen').waitFor();
    await dialog('Command…', 'A command for many devices');
    await page.getByRole('radio', { name: 'Wipe the workspace' }).check();
    await page.getByLabel(/to confirm$/).fill('1');
    await button('Wipe 1 device').click();
    await page.getByText('1 device was left out: a legal hold stands').waitFor();
    await glance('devices command held');
    await button('Close').last().click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    const grants = [{ role: 'helpdesk' as const, group: null, area: null }];
    const helper = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Helper', grants),
    });
    await helper.goto(`/devices/${device}`);
    await helper.page.getByText('Why, and since when, owners, legal and auditors can read.').waitFor();
    expect.soft(await helper.page.getByText('tender').count()).toBe(0);
    expect.soft(await helper.page.getByRole('link', { name: 'Legal holds' }).count()).toBe(0);
    expect.soft(await helper.faults('device held helpdesk', BOTH_LOOKS)).toEqual([]);
    await helper.context.close();

    await seat.goto('/holds');
    await page.getByText(/: 1 now, and later ones/).waitFor();
    await look('holds');
    await dialog(/^Release the hold on/, 'Release this legal hold?');
    await page.getByLabel('Why it need not stand any more').fill('The case is settled.');
    await glance('holds release');
    await button('Release the hold').last().click();
    await page.getByRole('heading', { name: 'No hold stands' }).waitFor();
    await page.getByText('Released', { exact: true }).click();
    await page.getByText('The case is settled.').waitFor();
    await look('holds released');
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

    // The server of a ledger that is shorter than what this browser saw.
    const detail = 'a tree of 1000 leaves is no beginning of one of 900: ask with 1 to 900';
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
    await page.getByText('This is not the ledger that this browser saw before').waitFor();
    await look('ledger cut short');
    await page.unroute('**/api/v1/ledger/consistency*');
    await seat.goto('/settings');
    await page.getByText('Issuing authority').waitFor();

    await page.getByText('None yet.').waitFor();
    await button('Make a group').click();
    await page.getByLabel('Title').fill(`Sales ${SCRIPT}`);
    await page.getByLabel('Name in orders').fill('sales');
    await page.getByRole('combobox', { name: 'Members' }).fill('Central Asia');
    await page.getByRole('option', { name: 'Central Asia (UN-143)' }).click();
    await page.keyboard.press('Tab');
    await glance('make a group');
    await button('Make the group').click();
    await page.getByText('XG-sales, version 1').waitFor();
    await button('Import a polygon').click();
    await page.getByLabel('Title').fill('Lahore');
    await page.getByLabel('Name in orders').fill('lahore');
    const outline = (...corners: [number, number][]) => ({
      name: 'lahore.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(JSON.stringify({ type: 'Polygon', coordinates: [corners] })),
    });
    const chooseFile = page.getByLabel('A GeoJSON file');
    seat.expecting(/status of 400 .*\/areas\/polygons/);
    await chooseFile.setInputFiles(outline([74, 31], [75, 32], [75, 31], [74, 32.5], [74, 31]));
    await button('Import the polygon').click();
    await page.getByText(/it crosses itself near/).waitFor();
    await glance('a polygon refused');
    await chooseFile.setInputFiles(outline([74.2, 31.4], [74.45, 31.4], [74.45, 31.65], [74.2, 31.4]));
    await button('Import the polygon').click();
    await page.getByText('3 points, in Pakistan').waitFor();
    const limited = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Lawyer', [{ role: 'legal', group: null, area: 'PK' }]),
    });
    await limited.goto('/settings');
    await limited.page.getByText('Your role is limited to Pakistan.').waitFor();
    expect.soft(await limited.page.getByRole('button', { name: 'Remove XZ-lahore' }).count()).toBe(1);
    expect.soft(await limited.page.getByRole('button', { name: 'Remove XG-sales' }).count()).toBe(0);
    expect.soft(await limited.faults('settings of a limited role', BOTH_LOOKS)).toEqual([]);
    await limited.page.getByRole('button', { name: 'Make a group' }).click();
    const members = limited.page.getByRole('combobox', { name: 'Members' });
    await members.fill('Pakistan');
    await limited.page.getByRole('option', { name: 'Pakistan (PK)' }).waitFor();
    expect.soft(await limited.page.getByRole('option').count()).toBe(1);
    await members.fill('India');
    await limited.page.getByRole('option', { name: 'Pakistan (PK)' }).waitFor({ state: 'hidden' });
    expect.soft(await limited.page.getByRole('option').count()).toBe(0);
    expect.soft(await limited.faults('make a group within a limited role', BOTH_LOOKS)).toEqual([]);
    await limited.context.close();
    await dialog('Remove XG-sales', 'Remove XG-sales?');
    await glance('remove an area');
    await button('Remove it').click();
    await page.getByText('XG-sales, version 1').waitFor({ state: 'hidden' });
    const moved = writeMmdb({ ...Object.fromEntries(KNOWN_PLACES.map(([at, country]) => [at, { country }])) }, BEGIN);
    await page.getByLabel('An .mmdb file').setInputFiles({
      ...{ name: 'another.mmdb', mimeType: 'application/octet-stream', buffer: moved },
    });
    await page.getByText('see first what it would do').waitFor();
    await look('settings');
    await button('Compare another.mmdb').click();
    await page.getByText(/^\d+ of \d+ devices whose address counts now would be somewhere else/).waitFor();
    await look('settings comparison');
    await button('Use it').click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await dialog(/^Go back/, 'Go back to the one before?');
    await glance('settings back');
    await button('Go back').last().click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    seat.expecting(/status of 422/);
    await page.getByLabel('An .mmdb file').setInputFiles({
      ...{ name: 'broken.mmdb', mimeType: 'application/octet-stream', buffer: moved.subarray(0, 900) },
    });
    await page.getByText(/This is no country database in MMDB format/).waitFor();
    await glance('settings broken');
  });

  it('disputed ground, from a policy’s file to the form of an order', async () => {
    const doubted = await operator.propose(terms(`Kashmir in doubt ${SCRIPT}`, 'PK', world.now() + 200 * HOUR));
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
    await page.getByText('No policy was imported yet').waitFor();
    await page.getByRole('heading', { name: 'Disputed ground' }).scrollIntoViewIfNeeded();
    await look('disputed ground');
    const chooseFile = page.getByLabel('A policy file');
    seat.expecting(/status of (409|422) .*\/disputed-policies/);
    await chooseFile.setInputFiles(policy({ features: { kashmir: { choice: 'RU', note: 'x' } } }));
    await page.getByText('RU does not claim kashmir: write CN, IN, PK or contested.').waitFor();
    await chooseFile.setInputFiles({ ...policy({}), buffer: Buffer.from('{') });
    await page.getByText('This file is no JSON.').waitFor();
    await glance('disputed ground refused');
    await chooseFile.setInputFiles(policy({}));
    await page.getByText('stands once you take it').waitFor();
    await button('Compare: policy version 1').click();
    const told = page.getByRole('dialog', { name: 'What this policy would do' });
    await told.getByText('Kashmir: contested now, Pakistan then').waitFor();
    const order = await textOf(told.getByRole('row', { name: /Kashmir in doubt/ }));
    expect(order).toMatch(/Kashmir: contested as signed, Pakistan by this policy10$/);
    await look('disputed ground comparison');
    await button('Take it').click();
    await told.waitFor({ state: 'hidden' });
    await page
      .getByRole('row', { name: /Kashmir/ })
      .getByText('Pakistan', { exact: true })
      .waitFor();
    await page.getByRole('heading', { name: 'Disputed ground' }).evaluate((there) => there.scrollIntoView());
    await look('disputed ground taken');
    await page.getByText('Which stood when').scrollIntoViewIfNeeded();
    await look('disputed ground history');
    await dialog('Go back to the policy before', 'Go back to the one before?');
    await glance('disputed ground back');
    await close();
    await dialog('What says otherwise: policy version 1', 'Orders that say otherwise');
    await page.getByText('An order says otherwise').waitFor();
    await close();

    const { devices } = await operator.as(operator.owner, 'GET', '/devices?text=Noor', devicePage);
    await seat.goto(`/devices/${devices[0]?.id}`);
    await page.getByText('By your policy it counts as Pakistan; each order says for itself.').scrollIntoViewIfNeeded();
    await look('device on disputed ground');

    // The form begins with the policy's word, and sends what is seen.
    await page.evaluate('sessionStorage.clear()');
    await seat.goto('/orders/new');
    await page.getByRole('combobox', { name: 'Areas' }).fill('Pak');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    const kashmir = page.getByRole('combobox', { name: 'Kashmir' });
    await page.getByText('As your policy says.').waitFor();
    expect(await kashmir.inputValue()).toBe('As Pakistan');
    await kashmir.scrollIntoViewIfNeeded();
    await look('form ground');
    await kashmir.click();
    await glance('form ground choosing');
    await page.keyboard.press('Escape');
    await kashmir.click();
    await page.getByRole('option', { name: /^Contested: China, India,? and Pakistan$/ }).click();
    await page.getByText('Your policy says otherwise: it counts as Pakistan.').waitFor();
    // An order that was signed in doubt stays so when it is revised.
    await seat.goto(`/orders/${doubted.order}/revise`);
    await page.getByText('Your policy says otherwise: it counts as Pakistan.').waitFor();
    expect(await page.getByRole('combobox', { name: 'Kashmir' }).inputValue()).toMatch(/^Contested: /);
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
    const { owner } = operator;
    const account = { email: 'late@example.org', name: 'Late', grants: [] };
    const { link } = await owner.browser.call('POST', '/accounts', invitedAccount, account);
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
