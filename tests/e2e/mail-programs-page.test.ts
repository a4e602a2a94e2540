/** Switch for other mail programs on the device page, in Chromium: by keyboard, accessible by axe, with a real port and a real Maildir. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { createMemoryTalk } from '../support/memory-talk.ts';
import { type PageStand, standPage } from '../support/page-stand.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';

describe.skipIf(!chromium.present)('switch for other mail programs on the device page', { timeout: 180_000 }, () => {
  let browser: Browser;
  let stand: PageStand;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    [browser, stand] = await Promise.all([openBrowser(), standPage(createMemoryTalk({ per_ada: 'Ada' }), 'per_ada')]);
    seat = await takeSeat(browser, stand.page.url, { locale: 'en-GB' });
    page = seat.page;
    await page.goto(stand.page.link());
  }, 180_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await stand?.page.close();
  });

  it('switches other mail programs on and off by keyboard, and shows the password once', async () => {
    const dialog = page.getByRole('dialog', { name: 'Other mail programs' });
    const press = async (name: string) => {
      await page.getByRole('dialog').getByRole('button', { name }).last().focus();
      await page.keyboard.press('Enter');
    };
    await page.getByRole('button', { name: /^Menu/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Other mail programs' }).focus();
    await page.keyboard.press('Enter');
    await dialog.getByText('Your organization does not allow other mail programs').waitFor();
    expect(await dialog.getByRole('button', { name: 'Switch on mail programs' }).count()).toBe(0);
    expect.soft(await seat.faults('mail programs not allowed', BOTH_LOOKS)).toEqual([]);
    stand.programs.allow(true);
    stand.changed();
    const port = dialog.getByLabel('Port for outgoing mail');
    expect(await port.inputValue()).toBe('8587');
    await dialog.getByText('in plain text on the disk of this device').waitFor();
    await port.fill('70000');
    expect(await dialog.getByRole('button', { name: 'Switch on mail programs' }).isDisabled()).toBe(true);
    seat.expecting(/status of 409/);
    await port.fill(new URL(stand.page.url).port);
    await port.press('Enter');
    await dialog.getByText(/Another program uses port \d+\. Choose another port\./).waitFor();
    expect.soft(await seat.faults('mail programs off', BOTH_LOOKS)).toEqual([]);
    const free = String(await freePort());
    await port.fill(free);
    await port.press('Enter');
    await dialog.getByText('Copy the password now.').waitFor();
    expect(await textOf(dialog)).toContain(`${free}`);
    expect(stand.programs.service.status()).toMatchObject({ on: true, port: Number(free), problem: null });
    expect.soft(await seat.faults('mail programs on')).toEqual([]);
    const first = await textOf(dialog.locator('code').nth(1));
    expect(first).toMatch(/^[\w-]{27}$/);
    const saved = page.waitForEvent('download');
    await press('Save Dovecot configuration');
    expect((await saved).suggestedFilename()).toBe('dovecot.conf.example');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: /^Menu/ }).click();
    await page.getByRole('button', { name: 'Other mail programs' }).click();
    await dialog.getByText('The password was shown only once.').waitFor();
    expect(await textOf(dialog)).not.toContain(first);
    await press('Create new password');
    await dialog.getByText('Copy the password now.').waitFor();
    expect(await textOf(dialog)).not.toContain(first);
    await press('Switch off mail programs');
    await page.getByRole('dialog').getByText('deletes the copy of your mail').waitFor();
    expect.soft(await seat.faults('mail programs switch off', BOTH_LOOKS)).toEqual([]);
    await press('Switch off mail programs');
    await dialog.getByText('Switched off', { exact: true }).waitFor();
    expect(stand.programs.service.status()).toMatchObject({ on: false, port: null });
    await page.keyboard.press('Escape');
  });
});
