/** Actions that need a second person, in the console: who can confirm, what the second person reads, and the decision on the proposer's page. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONSOLE_FOLDER, ensureConsole } from '../../server/console/build.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { invite, type Person } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';
import { FLEET, secondPersonWorld } from '../support/second-person-world.ts';

describe.skipIf(!chromium.present)('a second person in the console', { timeout: 120_000 }, () => {
  let browser: Browser;
  let world: Awaited<ReturnType<typeof secondPersonWorld>>;
  const seats: Seat[] = [];

  async function sit(as: Person): Promise<Seat> {
    const seat = await takeSeat(browser, world.api.url, { as });
    // Responses for the modules that this server lacks, and refused requests.
    for (const status of [/status of 503/, /status of 404/, /status of 409/]) seat.expecting(status);
    seats.push(seat);
    return seat;
  }

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    [browser, world] = await Promise.all([openBrowser(), secondPersonWorld({ consoleFolder: CONSOLE_FOLDER })]);
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.api.close();
  });

  async function state(page: Page, area: string) {
    await page.getByRole('button', { name: 'Set location…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set location' });
    await dialog.getByRole('combobox', { name: 'Possible areas' }).fill(area);
    await page
      .getByRole('option', { name: new RegExp(area) })
      .first()
      .click();
    await dialog.getByLabel('Reason').fill('Called in');
    return dialog;
  }

  it('tells the owner beforehand that nobody can confirm a statement, and whom to invite', async () => {
    const seat = await sit(world.olivia);
    await seat.goto(`/devices/${world.inKenya}`);
    const dialog = await state(seat.page, 'Germany');
    await dialog.getByText('Nobody can confirm this action').waitFor();
    await dialog.getByText(/Invite another person .* Ben can then propose the action/).waitFor();
    await dialog.getByText(/messaging from suspended to allowed/).waitFor();
    expect(await dialog.getByRole('button', { name: 'Set location' }).isDisabled()).toBe(true);
    expect.soft(await seat.faults('second person nobody', BOTH_LOOKS)).toEqual([]);
  });

  it('names the second person, describes the effect to her, and shows her decision to the proposer', async () => {
    const sana = await invite(world.api.url, world.olivia, 'Sana', FLEET);
    const proposer = await sit(world.ben);
    await proposer.goto(`/devices/${world.inSweden}`);
    const dialog = await state(proposer.page, 'Kenya');
    await dialog.getByText(/Sana can confirm this action/).waitFor();
    await dialog.getByText(/messaging from allowed to suspended/).waitFor();
    expect.soft(await proposer.faults('second person named', BOTH_LOOKS)).toEqual([]);
    await dialog.getByRole('button', { name: 'Set location' }).click();
    await dialog.getByText('Action pending confirmation').waitFor();
    await dialog.getByText(/Sana can confirm this action/).waitFor();

    const confirmer = await sit(sana);
    const { page } = confirmer;
    await confirmer.goto('/actions');
    await page.getByRole('button', { name: 'Review action…' }).click();
    const review = page.getByRole('dialog', { name: 'Confirmation by a second person' });
    await review.getByText(/Order .* on 1 device: messaging from allowed to suspended/).waitFor();
    expect(await review.getByText(/no longer affects|cannot undo/).count()).toBe(0);
    expect.soft(await confirmer.faults('second person review', BOTH_LOOKS)).toEqual([]);
    await review.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Decline action…' }).click();
    const declining = page.getByRole('dialog', { name: 'Decline action' });
    await declining.getByLabel('Reason').fill('Not in Kenya');
    await declining.getByRole('button', { name: 'Decline action' }).click();
    await declining.waitFor({ state: 'hidden' });

    await dialog.getByText('Action declined').waitFor();
    await dialog.getByText(/Sana declined the action: Not in Kenya/).waitFor();
    expect.soft(await proposer.faults('second person declined', BOTH_LOOKS)).toEqual([]);
    expect(seats.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
