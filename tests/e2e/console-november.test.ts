/**
 * November 2015 in Pakistan, carried out in the console by three people in three browsers. The order is proposed, approved by two people,
 * extended on the effective day, paused at the new date, resumed, and withdrawn. Real agents enforce it, and the pages update by
 * themselves.
 */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { approverKeyList, approverSetView } from '../../shared/api/approvers.ts';
import { demoJumped } from '../../shared/api/demo.ts';
import type { RolloutState } from '../../shared/order/rollout-states.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { RESIDENTS } from '../support/console-fleet.ts';
import { approve, makeKey, signList } from '../support/console-people.ts';
import { type ConsoleWorld, officesOf, openConsoleWorld } from '../support/console-world.ts';
import { newOrganization } from '../support/organization.ts';
import { firstOwner, invite, type Person } from '../support/people.ts';
import { rolloutCount } from '../support/rollout-rows.ts';
import { PATIENCE, type Seat, takeSeat, textOf } from '../support/seat.ts';

const ORDER = '2015-001';
const STATEMENT =
  'Service ends on 30 November by order of the regulator. Nobody has been given access to what you wrote.';
const SPOKEN = 'سروس 30 نومبر کو ریگولیٹر کے حکم پر ختم ہو جائے گی۔';
/** Number of devices known to be in Pakistan, visitors included. */
const REACHED = RESIDENTS.filter(({ spot: { label } }) => ['karachi', 'visiting'].includes(label)).length;
const DAY = 86_400_000;
const WAIT = { timeout: PATIENCE };

describe.skipIf(!chromium.present)('November 2015 through the console', { timeout: 90_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let owner: Person;
  let stopCountersigning: () => Promise<void>;
  let sana: Seat;
  let ada: Seat;
  let ben: Seat;

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: RESIDENTS, demo: true })]);
    owner = await firstOwner(world.url, world.firstOwnerLink);
    world.follow(owner);
    // Invitations run one after the other, because the hash of each password takes a lot of CPU.
    const sit = async (name: string, timezoneId: string) =>
      takeSeat(browser, world.url, { as: await invite(world.url, owner, name), timezoneId });
    sana = await sit('Sana Malik', 'Asia/Karachi');
    ada = await sit('Ada Okafor', 'Europe/London');
    ben = await sit('Ben Weber', 'America/New_York');
    const codes = await officesOf(owner);
    for (const seat of [ada, ben]) {
      // The demo can send no message before its devices exist.
      seat.expecting(/status of 503 .*\/api\/v1\/demo\b/);
      await seat.goto('/people?tab=approvers');
      await makeKey(seat);
    }
    const organization = newOrganization(owner);
    const { keys } = await owner.api.call('GET', '/approver-keys', approverKeyList);
    await owner.api.call('POST', '/approvers', approverSetView, {
      keyids: keys.map(({ keyid }) => keyid),
      threshold: 2,
      organizationKeys: [organization.publicKey],
    });
    await signList(ada);
    await signList(ben);
    stopCountersigning = organization.keepCountersigning();
    await world.settle(codes);
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stopCountersigning?.();
    await world?.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const [at, seat] of [sana, ada, ben].entries()) await seat.picture(`failed-november-${at}`);
  });

  /** Clicks the badge of the order's state at a time such as `20 Nov 2015, 09:00`. */
  const phase = ({ page }: Seat, words: string) => page.getByText(words, { exact: true }).first().waitFor();

  const reaches = ({ page }: Seat, states: readonly RolloutState[], count: number) =>
    expect.poll(() => rolloutCount(page, ...states), WAIT).toBe(count);

  async function propose(
    act: 'Pause order' | 'Resume order' | 'Withdraw order',
    verb: string,
    picture: string,
  ): Promise<void> {
    const { page } = sana;
    await page.getByRole('button', { name: act, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await sana.picture(picture);
    await dialog.getByRole('button', { name: verb }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
  }

  async function send(picture: string): Promise<string> {
    const { page } = sana;
    const bar = page.getByRole('region', { name: 'Demo' });
    await bar.getByRole('button', { name: /^Send message/ }).click();
    const notice = bar.getByRole('alert');
    await notice.waitFor();
    const said = await textOf(notice);
    await sana.picture(picture);
    await notice.getByRole('button', { name: 'Close' }).click();
    return said;
  }

  /** Moves the clock with the demo's button. */
  async function jump(button: string | RegExp): Promise<void> {
    const ahead = sana.page.getByRole('region', { name: 'Demo' }).getByRole('button', { name: button });
    const answered = sana.page.waitForResponse((response) => response.url().endsWith('/demo/clock'), {
      timeout: 20_000,
    });
    await ahead.click();
    expect((await answered).status()).toBe(200);
  }

  it('the order is proposed for 30 November by a person who cannot approve it', async () => {
    const { page } = sana;
    await sana.goto('/orders');
    await page.getByRole('link', { name: 'Propose order' }).first().click();
    const areas = page.getByRole('combobox', { name: 'Areas' });
    await areas.fill('Pakistan');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'Messaging' }).check();
    await page.getByRole('checkbox', { name: 'Mail' }).check();
    await page.getByRole('checkbox', { name: 'Device is located in the area' }).check();
    await page.getByRole('checkbox', { name: 'Device uses a mobile network of the area' }).check();
    expect(await page.getByRole('combobox', { name: 'Time zone' }).inputValue()).toBe('Asia/Karachi');
    await page.getByRole('textbox', { name: 'Date' }).fill('1 Dec 2015');
    await page.getByRole('textbox', { name: 'Date' }).press('Tab');
    await page.getByRole('spinbutton', { name: 'Takes effect: hours' }).fill('00');
    await page.getByRole('spinbutton', { name: 'Takes effect: minutes' }).fill('00');
    await page.getByLabel('Title').fill('Pakistan: enterprise messaging');
    await page.getByRole('textbox', { name: 'Authority' }).fill('Pakistan Telecommunication Authority');
    await page.getByLabel('Addressee').fill('mobile network operators');
    await page.getByLabel('Instrument').fill('directive, July 2015');
    await page.getByLabel('Statement in English').fill(STATEMENT);
    await page.getByRole('button', { name: 'Add language' }).click();
    await page.getByRole('combobox', { name: 'Language', exact: true }).last().fill('Urdu');
    await page.getByRole('option', { name: /Urdu/ }).click();
    await page.getByRole('textbox', { name: 'Statement in Urdu' }).fill(SPOKEN);
    await page.getByText('No problems found.').waitFor();
    await sana.picture('november-01-form');
    await page.getByRole('button', { name: 'Propose order' }).click();
    await page.waitForURL(`${world.url}/orders/${ORDER}`);
    await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
    await page.getByText('Two approvers are needed').waitFor();
    expect(await page.getByRole('button', { name: 'Review and approve' }).count()).toBe(0);
    await sana.picture('november-02-proposed');
    expect(await send('november-03-delivered-before')).toContain('Message delivered');
  });

  it('two people approve it, who see the same text and sign it with their own keys', async () => {
    await ada.goto(`/orders/${ORDER}`);
    const first = await approve(ada, 'november-04-ada-approves');
    expect(first.answer).toContain('recorded');
    // The order is not adopted yet. The second approver's page, opened before, has updated.
    await ben.goto('/');
    await ben.page
      .getByRole('link', { name: /Pakistan: enterprise messaging/ })
      .first()
      .click();
    await ben.picture('november-05-half-approved');
    const second = await approve(ben, 'november-06-ben-approves');
    expect([second.answer, second.digest]).toEqual([expect.stringContaining('Order approved'), first.digest]);
    for (const seat of [sana, ada, ben]) await phase(seat, 'Announced');
    await reaches(sana, ['delivered', 'displayed'], REACHED);
    await sana.picture('november-07-approved');
  });

  it('it is extended on the effective day, and service continues', async () => {
    const { page } = sana;
    await owner.api.call('POST', '/demo/clock', demoJumped, { to: world.now() + 9 * DAY });
    await jump('+1 day');
    await page.getByRole('button', { name: 'Extend order' }).click();
    const dialog = page.getByRole('dialog', { name: /^Extend order/ });
    await dialog.getByRole('textbox', { name: 'Date' }).fill('31 Dec 2015');
    await dialog.getByRole('textbox', { name: 'Date' }).press('Tab');
    await sana.picture('november-08-new-date');
    await dialog.getByRole('button', { name: 'Propose new dates' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await approve(ada, 'november-09-ada-approves-date');
    await approve(ben, 'november-10-ben-approves-date');
    await page.getByText(/^Takes effect in 30 days/).waitFor();
    await jump('+1 day');
    await phase(sana, 'Announced');
    expect(await send('november-11-delivered-after-old-date')).toContain('Message delivered');
    await reaches(sana, ['enforced'], 0);
  });

  it('it is paused at the new date, for 72 hours by one person, and without an end by two', async () => {
    const { page } = sana;
    await propose('Pause order', 'Propose pause', 'november-12-hold');
    const brief = await approve(ada, 'november-13-ada-holds');
    expect(brief.answer).toContain('Order approved');
    for (const seat of [sana, ben]) await phase(seat, 'Paused');
    await page.getByText(/^Pause ends in/).waitFor();
    await sana.picture('november-14-held-for-72-hours');
    await approve(ben, 'november-15-ben-holds');
    await page.getByText(/^Pause ends in/).waitFor({ state: 'hidden' });
    await jump('Pakistan: enterprise messaging 2015-001 takes effect');
    await phase(sana, 'Paused');
    await reaches(sana, ['enforced'], 0);
    expect(await send('november-16-delivered-while-held')).toContain('Message delivered');
  });

  it('it resumes after its effective time: messages are refused, and the rollout updates by itself', async () => {
    await propose('Resume order', 'Propose resumption', 'november-17-release');
    await approve(ada, 'november-18-ada-releases');
    await approve(ben, 'november-19-ben-releases');
    for (const seat of [sana, ada, ben]) await phase(seat, 'Active');
    await reaches(sana, ['enforced'], REACHED);
    await sana.page.getByText('1 warning').waitFor({ state: 'hidden' });
    const refused = await send('november-20-refused');
    expect(refused).toContain('Message blocked');
    expect(refused).toContain(ORDER);
    // The overview displays the order as active too.
    await ben.goto('/');
    await ben.page
      .getByRole('link', { name: /Pakistan: enterprise messaging/ })
      .first()
      .waitFor();
    await ben.picture('november-21-overview');
  });

  it('two people withdraw it on the next day, and service returns without a new enrollment', async () => {
    await jump('+1 hour');
    await propose('Withdraw order', 'Propose withdrawal', 'november-22-withdraw');
    await approve(ada, 'november-23-ada-withdraws');
    await ben.goto(`/orders/${ORDER}`);
    await approve(ben, 'november-24-ben-withdraws');
    for (const seat of [sana, ada, ben]) await phase(seat, 'Withdrawn');
    await reaches(sana, ['restored'], REACHED);
    await sana.picture('november-25-restored');
    expect(await send('november-26-delivered-after')).toContain('Message delivered');
    const history = sana.page.getByRole('list', { name: 'History, newest first' });
    const acts = (await textOf(history)).match(
      /(Proposal|Extension|Pause|Resumption|Withdrawal) \(revision|Order took effect|Order no longer active/g,
    );
    expect(acts?.reverse()).toEqual([
      'Proposal (revision',
      'Extension (revision',
      'Pause (revision',
      'Resumption (revision',
      'Order took effect',
      'Withdrawal (revision',
      'Order no longer active',
    ]);
  });

  it('no page sent a request to another server or violated its content security policy', () => {
    expect([sana, ada, ben].map(({ complaints }) => complaints)).toEqual([[], [], []]);
  });
});
