/** Tests of the disclosure desk in the console. Names contain scripts, which must never run (case 51). `desk.test.ts` tells its story. */
import { expect, it } from 'vitest';
import { authorityView, refusalView } from '../../../shared/api/disclosures.ts';
import { type ConsoleTour, SCRIPT } from '../../support/console-tour.ts';
import { Keyboard } from '../../support/keyboard.ts';
import { invite } from '../../support/people.ts';
import { BOTH_LOOKS, EVERY_LOOK, takeSeat } from '../../support/seat.ts';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

export function deskPages(tour: () => ConsoleTour): void {
  it('transparency, as an owner sees it', async () => {
    const { seat, page, look, glance } = tour();
    await seat.goto('/disclosures');
    await page.getByText('No statement', { exact: true }).waitFor();
    await look('transparency');
    await page.getByLabel('First month (UTC)').fill('2015-01');
    await page.getByLabel('Last month (UTC)').fill('2015-06');
    await page.getByRole('button', { name: 'Show period' }).click();
    await page.getByText('Demands received').waitFor();
    await glance('transparency period');
    expect(await page.getByRole('tab').allTextContents()).toEqual(['Transparency']);
  });

  it('disclosure desk: authorities, form and refusals', async () => {
    const { browser, world, operator } = tour();
    const lawyer = await invite(world.url, operator.owner, 'Desk lawyer');
    const { id } = await lawyer.browser.call('POST', '/authorities', authorityView, {
      name: `Authority ${SCRIPT}`,
      recipient: RECIPIENT,
      verifiedBy: `A call ${SCRIPT}`,
    });
    await lawyer.browser.call('POST', '/disclosures/refusals', refusalView, {
      reason: 'wholesale',
      authority: `پاکستان ${SCRIPT}`,
      reference: 'without-a-space'.repeat(10),
      receivedOn: '2015-11-20',
      note: SCRIPT,
    });
    await world.ageRefusals();
    const seat = await takeSeat(browser, world.url, { as: lawyer });
    const { page } = seat;
    const look = async (name: string) => expect.soft(await seat.faults(name, EVERY_LOOK)).toEqual([]);
    const glance = async (name: string) => expect.soft(await seat.faults(name, BOTH_LOOKS)).toEqual([]);
    await seat.goto('/disclosures?tab=refusals');
    await page.getByRole('table', { name: 'Refusals by reason' }).waitFor();
    await look('refusals');
    await seat.goto('/disclosures?tab=authorities');
    await page.getByText(/You added this key/).waitFor();
    await look('authorities');
    await page.getByRole('button', { name: /^Revoke key of/ }).click();
    await page.getByRole('dialog', { name: 'Revoke key of authority' }).waitFor();
    await glance('authority revoke');
    await page.keyboard.press('Escape');
    await seat.goto('/disclosures');
    await page.getByRole('heading', { name: 'No requests' }).waitFor();
    await glance('requests none');
    await page.getByRole('link', { name: 'New request' }).click();
    await page.getByRole('radio', { name: 'Anything else' }).check();
    await page.getByRole('checkbox', { name: 'The law forbids the notice for now' }).check();
    await page.getByRole('checkbox', { name: 'The demand asks for other data' }).check();
    await page.getByRole('button', { name: 'Draft request' }).click();
    await page.getByText('The persons or accounts are missing. Enter them in the words of the demand.').waitFor();
    await look('request form');
    seat.expecting(/status of 404 /);
    await seat.goto('/disclosures/dsc_aaaaaaaaaaaaaaaa');
    await page.getByRole('alert').waitFor();
    await glance('no request');
    expect(id).toMatch(/^aut_/);
    expect.soft(seat.complaints).toEqual([]);
    await seat.context.close();
  });

  it('disclosure desk, by keyboard alone', async () => {
    const { browser, world, operator } = tour();
    const seat = await takeSeat(browser, world.url, {
      as: await invite(world.url, operator.owner, 'Keyboard lawyer'),
    });
    const { page } = seat;
    const keys = new Keyboard(page);
    await seat.goto('/disclosures/new');
    const account = page.getByRole('combobox', { name: 'Account' });
    await keys.to(account);
    await keys.press('Escape');
    await keys.to(page.getByRole('button', { name: 'Draft request' }), 'Tab', 60);
    await keys.press('Enter');
    await keys.at(account);
    expect(await keys.tied()).toContain('The account is missing. Select a person.');
    await seat.goto('/disclosures?tab=refusals');
    const opener = page.getByRole('button', { name: 'Record demand…' });
    await keys.to(opener);
    const dialog = page.getByRole('dialog', { name: 'Record demand' });
    await keys.open(dialog);
    await keys.to(dialog.getByRole('combobox', { name: 'Reason of the refusal' }), 'Tab', 5);
    await keys.press('ArrowDown', 'Enter');
    await keys.to(dialog.getByLabel('Authority'), 'Tab', 3);
    await keys.type('Ministry');
    await keys.press('Tab');
    await keys.type('Letter 1');
    await keys.leave(dialog, opener);
    expect([keys.complaints, seat.complaints]).toEqual([[], []]);
    await seat.context.close();
  });
}
