/** In the demo, displayed times and the end of a session agree with the demo's clock, also after a jump of the clock. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { groupView } from '../../shared/api/groups.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { createCodes } from '../support/codes.ts';
import { TWO_RESIDENTS } from '../support/console-fleet.ts';
import { type ConsoleWorld, openConsoleWorld } from '../support/console-world.ts';
import { firstOwner } from '../support/people.ts';
import { type Seat, takeSeat, textOf } from '../support/seat.ts';

const DAY = 86_400_000;
const DATE = /\d{1,2} \w{3,4} \d{4}, \d{2}:\d{2}/;
const WAIT = { timeout: 20_000, interval: 250 };
/** Sessions and codes end within a week. */
const isInWeek = (left: number) => left > 0 && left < 8 * DAY;

describe.skipIf(!chromium.present)('the clock of the demo', { timeout: 120_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: TWO_RESIDENTS, demo: true })]);
    const owner = await firstOwner(world.url, world.firstOwnerLink);
    const { id: group } = await owner.api.call('POST', '/groups', groupView, { name: 'first' });
    await createCodes(owner.api)({ user: 'Zoe', group, home: 'SE' });
    seat = await takeSeat(browser, world.url, { as: owner });
    page = seat.page;
  }, 180_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });

  /** The first date in this text, in the page's time zone. */
  const dateIn = (text: string): number =>
    Date.parse(`${DATE.exec(text)?.[0].replace('Sept', 'Sep').replace(',', '')} UTC`);
  const header = async () => dateIn(await textOf(page.locator('header')));

  it.each([0, 30])('times are right %i days ahead', async (days) => {
    await world.jump(world.now() + days * DAY);
    await seat.goto('/account');
    await expect.poll(header, WAIT).toBeGreaterThan(world.now() - DAY);
    const end = async () => dateIn((await page.getByText(/^Your session ends/).textContent()) ?? '');
    // Until the page knows that this server is a demo, it shows the end of the session by the system clock.
    await expect.poll(async () => (await end()) - (await header()), WAIT).toSatisfy(isInWeek);

    await seat.goto('/enroll');
    const times = page.locator('table time');
    await times.first().waitFor();
    const dateOf = async (place: number) => Date.parse((await times.nth(place).getAttribute('datetime')) ?? '');
    await expect.poll(async () => (await dateOf(1)) - world.now(), WAIT).toSatisfy(isInWeek);
    const made = await dateOf(0);
    expect(made).toBeGreaterThan(world.now() - DAY);
    expect(await textOf(times.first())).toMatch(/just now|minute|second/);
    expect((await dateOf(1)) - made).toBeGreaterThan(0);
  });
});
