/** Cards, badges and health issues of the overview open the list of the devices that they count. A checklist leads through the setup. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { issuedToMany } from '../../shared/api/commands.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { RESIDENTS } from '../support/console-fleet.ts';
import { type ConsoleWorld, officesOf, openConsoleWorld } from '../support/console-world.ts';
import { adoptApproverSet, firstOwner, inviteApprover, type Person } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';

const DAY = 86_400_000;
const WAIT = { timeout: 30_000, interval: 250 };

describe.skipIf(!chromium.present)('links of the overview', { timeout: 180_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let owner: Person;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: RESIDENTS, demo: false })]);
    owner = await firstOwner(world.url, world.firstOwnerLink);
    seat = await takeSeat(browser, world.url, { as: owner });
    page = seat.page;
  }, 180_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture(`failed-links-${task.name.replaceAll(/\W+/g, '-')}`);
  });

  const steps = async () => {
    await page.getByRole('heading', { name: 'Setup checklist' }).waitFor();
    const items = page.locator('[data-step]');
    const found: Record<string, boolean> = {};
    for (const item of await items.all()) {
      found[(await item.getAttribute('data-step')) ?? ''] = (await item.getAttribute('data-done')) === 'true';
    }
    return found;
  };
  const open = async (opener: () => Promise<void>, path: RegExp) => {
    await opener();
    await expect.poll(() => page.url(), WAIT).toMatch(path);
  };
  /** Total that the device list displays. */
  const listed = () =>
    expect.poll(async () => (await textOf(page.locator('main'))).match(/([\d,]+) devices?( match)?/)?.[1], WAIT);

  it('a checklist names each step of a new installation, and what does not work before', async () => {
    await seat.goto('/');
    expect(await steps()).toEqual({
      owner_secured: true,
      second_person: false,
      approver_set: false,
      activation_code: false,
      device_connected: false,
      backup_scheduled: false,
    });
    await page.getByText('Without an activation code, no device can enroll.').waitFor();
    expect.soft(await seat.faults('first run')).toEqual([]);
    await page.getByRole('link', { name: 'Create code' }).click();
    await page.getByText('No approver set adopted').waitFor();
    await page.getByText(/cannot exchange messages or accept orders before an approver set/).waitFor();
    expect.soft(await seat.faults('early enroll')).toEqual([]);
  });

  it('one admin enrolls devices before approvers exist, and the approver set is adopted afterward', async () => {
    await world.settle(await officesOf(owner));
    await seat.goto('/');
    await expect
      .poll(steps, WAIT)
      .toMatchObject({ activation_code: true, device_connected: true, approver_set: false });
    const approvers = [await inviteApprover(world.url, owner, 'ada'), await inviteApprover(world.url, owner, 'ben')];
    await adoptApproverSet(owner, approvers);
    world.follow(owner);
    await seat.goto('/');
    await expect.poll(steps, WAIT).toMatchObject({ second_person: true, approver_set: true });
    await page.getByRole('button', { name: 'Dismiss checklist' }).click();
    await page.getByRole('heading', { name: 'Setup checklist' }).waitFor({ state: 'hidden' });
    await seat.goto('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Setup checklist' }).count()).toBe(0);
  });

  it('each card opens the list that it counts', async () => {
    await world.jump(world.now() + 8 * DAY);
    for (const [label, path] of [
      ['Active devices', /\/devices\?status/],
      ['Connected devices', /connected=true/],
    ] as const) {
      await seat.goto('/');
      const card = page.locator('main a', { hasText: new RegExp(`^${label}$`) });
      const count = await textOf(card.locator('xpath=../following-sibling::*[1]'));
      await open(() => card.click(), path);
      await listed().toBe(count);
    }
    await seat.goto('/');
    const issues = page.locator('#health-issues li');
    await issues.first().waitFor();
    const card = page.locator('main a', { hasText: /^Health issues$/ });
    const count = Number(await textOf(card.locator('xpath=../following-sibling::*[1]')));
    await open(() => card.click(), /#health-issues$/);
    expect(await issues.count()).toBe(count);
    expect.soft(await seat.faults('overview with issues')).toEqual([]);
  });

  it('each health issue opens the list that it counts', async () => {
    await seat.goto('/');
    await page.locator('[data-issue]').first().waitFor();
    const codes: string[] = [];
    for (const issue of await page.locator('[data-issue]').all()) {
      codes.push((await issue.getAttribute('data-issue')) ?? '');
    }
    expect(codes).toEqual(expect.arrayContaining(['devices_silent', 'devices_behind']));
    let compared = 0;
    for (const code of codes) {
      await seat.goto('/');
      const issue = page.locator(`[data-issue="${code}"]`);
      const badge = issue.locator('.mantine-Badge-label');
      const link = issue.getByRole('link');
      await issue.waitFor();
      expect([code, await link.count()]).toEqual([code, 1]);
      const count = (await badge.count()) > 0 ? await textOf(badge) : null;
      const words = await textOf(link);
      await link.click();
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor({ state: 'hidden' });
      if (words === 'Show devices') await listed().toBe(count);
      else if (words === 'Show alerts') {
        await expect.poll(async () => String(await page.locator('main ul > li').count()), WAIT).toBe(count);
      } else {
        const { hash } = new URL(page.url());
        if (hash !== '') await page.locator(hash).getByRole('heading').first().waitFor();
        continue;
      }
      compared += 1;
      if (words === 'Show devices') expect.soft(await seat.faults(`list ${code}`)).toEqual([]);
    }
    expect(compared).toBeGreaterThanOrEqual(2);
  });

  it('a command for many devices can be found again with its progress', async () => {
    const command = { kind: 'message', text: 'Please restart your computer today.' };
    const sent = await owner.api.call('POST', '/commands', issuedToMany, { command, filter: { connected: true } });
    await seat.goto('/jobs');
    const row = page.getByRole('list', { name: 'Jobs' }).getByRole('listitem');
    await row.getByText(`Show message, ${sent.queued} devices`).waitFor();
    await expect.poll(() => textOf(row), WAIT).toContain(`${sent.queued} of ${sent.queued} completed`);
    await expect.poll(() => textOf(row), WAIT).toContain('Finished');
    expect.soft(await seat.faults('jobs')).toEqual([]);
    await row.getByRole('link', { name: `Show message, ${sent.queued} devices` }).click();
    await page.getByRole('heading', { level: 1, name: `Show message, ${sent.queued} devices` }).waitFor();
    await page.getByText('Please restart').waitFor();
    expect(page.url()).toContain(`/jobs/${sent.id}`);
    await page.getByRole('table', { name: 'Devices of the job' }).getByText('Completed').first().waitFor();
    expect.soft(await seat.faults('job', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'Failed' }).click();
    await page.getByText('No device of the job is in this state.').waitFor();
  });

  it('a job in waves can be paused, resumed and aborted', async () => {
    const sent = await owner.api.call('POST', '/commands', issuedToMany, {
      command: { kind: 'restart-agent' },
      filter: { connected: true },
      name: 'Restart at night',
      waves: [{ count: 1 }],
      gate: 100,
      // The window opens tomorrow, so that no device runs the command during the test.
      window: { from: '03:00', to: '03:01', days: [(new Date().getDay() + 1) % 7 || 7] },
    });
    await seat.goto(`/jobs/${sent.id}`);
    await page.getByText('Waits for the previous wave').waitFor();
    await page.getByText('from 03:00 to 03:01 in their local time').waitFor();
    const act = async (button: string, reason: string) => {
      await page.getByRole('button', { name: button, exact: true }).click();
      const dialog = page.getByRole('dialog', { name: button });
      await dialog.getByLabel('Reason (optional)').fill(reason);
      expect.soft(await seat.faults(button, BOTH_LOOKS)).toEqual([]);
      await dialog.getByRole('button', { name: button, exact: true }).click();
      await dialog.waitFor({ state: 'hidden' });
    };
    await act('Pause job', 'Too many calls');
    await page.getByText('Too many calls').waitFor();
    expect.soft(await seat.faults('paused job', BOTH_LOOKS)).toEqual([]);
    await act('Resume job', 'Calls answered');
    await page.getByText('The job is paused').waitFor({ state: 'hidden' });
    await act('Abort job', 'Wrong night');
    await page.getByText('Wrong night').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Abort job' }).count(), WAIT).toBe(0);
    await seat.goto('/jobs?state=aborted');
    await page.getByRole('link', { name: 'Restart at night' }).waitFor();
    await page.getByRole('textbox', { name: 'Search' }).fill('Mars');
    await page.getByRole('heading', { name: 'No matching jobs' }).waitFor();
    await page.getByRole('textbox', { name: 'Search' }).fill('agent NIGHT');
    await page.getByRole('link', { name: 'Restart at night' }).waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get('text'), WAIT).toBe('agent NIGHT');
    expect.soft(await seat.faults('jobs search', BOTH_LOOKS)).toEqual([]);
  });

  it('each area opens its devices, and the connected devices among them', async () => {
    await seat.goto('/');
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Pakistan', exact: true }) });
    await row.waitFor();
    const [devices, connected] = (await row.getByRole('cell').allInnerTexts()).slice(-2);
    await row.getByRole('link', { name: 'Pakistan', exact: true }).click();
    await listed().toBe(devices);
    await seat.goto('/');
    await row.getByRole('link', { name: /connected in Pakistan/ }).click();
    await listed().toBe(connected);
    await seat.goto('/');
    const unknown = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'Location unknown' }) });
    await unknown.waitFor();
    const [nowhere] = await unknown.getByRole('cell').allInnerTexts();
    await unknown.getByRole('link').click();
    await listed().toBe(nowhere);
    await page.getByRole('button', { name: 'Remove filter: Location unknown' }).click();
    await expect.poll(() => page.url(), WAIT).not.toContain('located');
  });
});
