/** Tests of orders in the console: list, order page, form and rehearsal. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type ConsoleTour, HOUR, scriptedTerms } from '../../support/console-tour.ts';
import { BEGIN } from '../../support/console-world.ts';
import { rolloutTotals } from '../../support/rollout-rows.ts';

export function orderPages(tour: () => ConsoleTour): void {
  it('order list and order pages', async () => {
    const { seat, page, look, glance, dialog, close } = tour();
    await seat.goto('/orders');
    await page.getByRole('link', { name: /Germany/ }).waitFor();
    await page.getByText('All (3)').click();
    await look('orders');
    await seat.goto('/orders/2015-001');
    await page.getByRole('heading', { name: 'Affected devices' }).waitFor();
    await page.getByText('Active', { exact: true }).first().waitFor();
    await page.getByRole('table', { name: 'Rollout' }).waitFor();
    const { total, sum } = await rolloutTotals(page);
    expect([total > 0, sum]).toEqual([true, total]);
    await look('active order');
    for (const [opener, name] of [
      ['Extend order', /^Extend order/],
      ['Pause order', /^Pause order/],
      ['Withdraw order', /^Withdraw order/],
    ] as const) {
      await dialog(opener, name);
      await glance(`order ${opener}`);
      await close();
    }
    await seat.goto('/orders/2015-002');
    await page.getByRole('heading', { name: 'Pending approval' }).waitFor();
    await page.getByRole('list', { name: 'Devices' }).waitFor();
    await look('order waiting');
    await dialog('Review content', /./);
    await page.getByRole('button', { name: 'Exact text, line by line' }).click();
    await page.getByText(/^Order 2015-002, revision 1 \(propose\)/).waitFor();
    await glance('order to be signed');
    await seat.goto('/orders/2015-003');
    await page.getByText('Withdrawn', { exact: true }).first().waitFor();
    await glance('order withdrawn');
  });

  it('order form', async () => {
    const { seat, page, look, glance, button } = tour();
    await seat.goto('/orders/new');
    await page.getByRole('combobox', { name: 'Areas' }).waitFor();
    await look('form');
    await page.getByRole('combobox', { name: 'Areas' }).fill('Pak');
    await glance('form choosing');
    await page.getByRole('option', { name: 'Pakistan (PK)' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'Management' }).check();
    await button('Propose order').click();
    await page.getByText('The title is missing. Enter a title.').waitFor();
    await glance('form wrong');
    await page.getByRole('textbox', { name: 'Date' }).click();
    await glance('form calendar');
    await seat.goto('/orders/2015-001/revise');
    await button('Propose change').waitFor();
    await look('form revise');
    for (const name of [/^Date of receipt/, /^User notices/, /^Publication/, /^Decision record/]) {
      await page.getByRole('button', { name }).click();
    }
    await page.getByRole('radio', { name: /^Delayed: until/ }).check();
    await page.getByRole('radio', { name: 'Only at selected times' }).check();
    await page.getByRole('button', { name: 'Add language to: Notice to users' }).click();
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

  it('rehearsal', async () => {
    const { operator, seat, page, look, glance, heading, button, dialog } = tour();
    await operator.act('2015-001', { action: 'revise', areas: ['DE', 'PK'] });
    await seat.goto('/orders/2015-001');
    await page.getByRole('link', { name: 'Rehearse order', exact: true }).click();
    await heading('Rehearsal of order 2015-001');
    await page.getByText(/^At .*: \d+ of \d+ devices lose services\./).waitFor();
    await page.getByRole('heading', { name: 'Changes from revision 1' }).waitFor();
    // The map marks the areas of the proposed revision as well as those of the approved revision.
    expect(await page.locator('svg path[data-order]').count()).toBe(2);
    await look('rehearsal');
    const rows = () => page.getByRole('list', { name: 'Devices' }).getByRole('listitem');
    const before = await rows().count();

    // The keyboard sets three filters: newly affected, order never delivered, one area.
    await button(/Newly affected/).press('Enter');
    await page.getByText('Newly affected: This revision suspends').waitFor();
    await button(/^Order not delivered yet/).press('Space');
    await page.getByText('Order not delivered yet: The device loses services').waitFor();
    // A device without a position is located in Pakistan, but in none of its provinces.
    await button('Pakistan, Sindh').press('Enter');
    await page.getByText('Located or possibly located in Pakistan, Sindh.').waitFor();
    await expect.poll(() => page.url()).toMatch(/change=newly_affected.*class=undelivered.*area=PK-SD/);
    // The offline device is left, which has reported its position earlier.
    await expect.poll(() => rows().count()).toBe(1);
    await glance('rehearsal filtered');

    const [table] = await Promise.all([page.waitForEvent('download'), button('Download table').click()]);
    expect(table.suggestedFilename()).toBe('2015-001-2-rehearsal.csv');
    const lines = readFileSync(await table.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(lines).toHaveLength(1 + (await rows().count()));
    expect(lines.join()).not.toContain('<img');

    await dialog('Export names…', 'Export names for one recipient');
    await page.getByLabel('Recipient name').fill('General counsel');
    await page.getByLabel('Recipient’s age public key').fill('age1nonsense');
    seat.expecting(/status of 400 .*names/);
    await button('Export names').last().click();
    await page.getByText(/This is not a valid age recipient/).waitFor();
    await glance('rehearsal names');
    await page
      .getByLabel('Recipient’s age public key')
      .fill('age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p');
    const [names] = await Promise.all([page.waitForEvent('download'), button('Export names').last().click()]);
    expect(names.suggestedFilename()).toBe('2015-001-2-names.csv.age');
    expect(readFileSync(await names.path(), 'latin1')).toMatch(/^age-encryption.org\/v1\n-> X25519 /);

    await button('Show all devices').press('Enter');
    await expect.poll(() => rows().count()).toBe(before);
    await page.getByLabel('Compared with').selectOption('none');
    await page.getByRole('heading', { name: /^Changes from/ }).waitFor({ state: 'hidden' });
    await seat.goto('/orders/2015-003/rehearsal?at=now');
    await page.getByRole('heading', { name: 'Rehearsal of order 2015-003' }).waitFor();
    const { order } = await operator.propose({
      ...scriptedTerms('Nobody is there', 'IS', BEGIN + 300 * HOUR),
      nexus: ['home'],
    });
    await seat.goto(`/orders/${order}/rehearsal`);
    await page.getByRole('heading', { name: 'No affected devices' }).waitFor();
    await glance('rehearsal of nobody');
  });
}
