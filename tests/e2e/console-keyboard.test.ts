/** An order proposed with only a keyboard, from the order list to the order's page, with mistakes and corrections on the way. */
import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exemptionList } from '../../shared/api/affected-devices.ts';
import { orderView } from '../../shared/api/orders.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { TWO_RESIDENTS } from '../support/console-fleet.ts';
import { type ConsoleWorld, officesOf, openConsoleWorld } from '../support/console-world.ts';
import { Keyboard } from '../support/keyboard.ts';
import { adoptApproverSet, firstOwner, invite, inviteApprover, type Person } from '../support/people.ts';
import { BOTH_LOOKS, type Seat, takeSeat, textOf } from '../support/seat.ts';

describe.skipIf(!chromium.present)('an order by keyboard alone', { timeout: 90_000 }, () => {
  let browser: Browser;
  let world: ConsoleWorld;
  let sana: Person;
  let seat: Seat;
  let keys: Keyboard;

  beforeAll(async () => {
    [browser, world] = await Promise.all([openBrowser(), openConsoleWorld({ residents: TWO_RESIDENTS, demo: false })]);
    const owner = await firstOwner(world.url, world.firstOwnerLink);
    await adoptApproverSet(owner, [
      await inviteApprover(world.url, owner, 'Ada'),
      await inviteApprover(world.url, owner, 'Ben'),
    ]);
    sana = await invite(world.url, owner, 'Sana');
    await world.settle(await officesOf(owner));
    seat = await takeSeat(browser, world.url, { as: sana });
    keys = new Keyboard(seat.page);
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await seat.picture('failed-keyboard');
  });

  const field = (name: string | RegExp) => seat.page.getByRole('textbox', { name });
  const choice = (name: string | RegExp): Locator => seat.page.getByRole('combobox', { name });
  const box = (name: string) => seat.page.getByRole('checkbox', { name, exact: true });
  const button = (name: string | RegExp) => seat.page.getByRole('button', { name });

  /** Whether no other element covers the middle of the element. */
  const seenAt = (there: Locator): Promise<boolean> =>
    there.evaluate((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const top = element.ownerDocument.elementFromPoint(x + width / 2, y + height / 2);
      return top !== null && (element === top || element.contains(top));
    });

  /** Types in a combobox, and moves down to the option that Enter then selects. */
  async function choose(text: string, option: string | RegExp): Promise<void> {
    await keys.type(text);
    const wanted = seat.page.getByRole('option', { name: option });
    await wanted.waitFor();
    const id = await wanted.getAttribute('id');
    const field = seat.page.locator(':focus');
    for (let step = 0; (await field.getAttribute('aria-activedescendant')) !== id; step++) {
      if (step === 10) throw new Error(`the arrows do not lead to ${option}`);
      await keys.press('ArrowDown');
    }
    await keys.press('Enter');
  }

  it('goes from the order list to the form', async () => {
    await seat.goto('/orders');
    await seat.page.getByRole('link', { name: 'Propose order' }).first().waitFor();
    await keys.press('Tab');
    await keys.at(seat.page.getByRole('link', { name: 'Skip to content' }));
    await seat.picture('keyboard-1-skip');
    await keys.press('Enter');
    await keys.to(seat.page.getByRole('link', { name: 'Propose order' }).first(), 'Tab', 2);
    await keys.press('Enter');
    await seat.page.getByRole('heading', { level: 1, name: 'Propose order' }).waitFor();
    await keys.to(choice('Areas'), 'Tab', 2);
  });

  it('accepts areas, services and nexus', async () => {
    // Palau was selected by mistake.
    await choose('Palau', 'Palau (PW)');
    await keys.press('Backspace');
    expect(await seat.page.getByText('Palau (PW)').count()).toBe(0);
    await choose('Pakistan', 'Pakistan (PK)');
    await keys.press('Escape');
    await keys.to(choice('Kashmir'), 'Tab', 3);
    await keys.press('ArrowDown');
    await choose('', /^Pakistan$/);
    await keys.to(box('Messaging'), 'Tab', 3);
    await keys.press('Space');
    await keys.to(box('Mail'), 'Tab', 1);
    await keys.press('Space');
    await keys.to(box('Management'), 'Tab', 2);
    await keys.press('Space');
    await seat.page.getByText('This order suspends management').waitFor();
    await seat.picture('keyboard-2-management');
    await keys.press('Space');
    await keys.to(box('Device is located in the area'), 'Tab', 1);
    expect(await box('Device is located in the area').isChecked()).toBe(true);
    await keys.to(box('Device uses a mobile network of the area'), 'Tab', 3);
    await keys.press('Space');
  });

  it('displays an error beside a past time, and accepts a later time', async () => {
    await keys.to(choice('Time zone'), 'Tab', 2);
    expect(await choice('Time zone').inputValue()).toBe('Asia/Karachi');
    await keys.to(field('Date'), 'Tab', 2);
    await keys.type('1 Nov 2015');
    const [hours, minutes] = ['hours', 'minutes'].map((part) =>
      seat.page.getByRole('spinbutton', { name: `Takes effect: ${part}` }),
    ) as [Locator, Locator];
    await keys.to(hours, 'Tab', 3);
    await keys.type('0000');
    await keys.at(minutes);
    await keys.to(seat.page.getByRole('checkbox', { name: 'Set an end time' }), 'Tab', 3);
    await seat.page.getByText('has passed').or(seat.page.getByText('in the past')).first().waitFor();
    await seat.picture('keyboard-3-in-the-past');
    await keys.to(field('Date'), 'Shift+Tab', 4);
    expect(await keys.tied()).toMatch(/passed|past/);
    await keys.press('Control+A');
    await keys.type('1 Dec 2015');
    await keys.to(hours, 'Tab', 3);
    await seat.page.getByText('1 Dec 2015, 00:00 (Asia/Karachi, GMT+5)').first().waitFor();
    const ends = seat.page.getByRole('checkbox', { name: 'Set an end time' });
    await keys.to(ends, 'Tab', 3);
    await keys.press('Space');
    await seat.page.getByRole('group', { name: 'Ends' }).waitFor();
    await keys.press('Space');
  });

  it('accepts rules by arrow keys, and exempt devices by name', async () => {
    const kind = seat.page.getByRole('radio', { name: 'Suspension: suspend services and restore them later' });
    await keys.to(kind, 'Tab', 2);
    await keys.press('ArrowDown');
    expect(await seat.page.getByRole('radio', { name: 'Exit: wipe work data and end enrollments' }).isChecked()).toBe(
      true,
    );
    await keys.press('ArrowUp');
    expect(await kind.isChecked()).toBe(true);
    await keys.to(field('Grace period for visitors'), 'Tab', 4);
    await keys.press('Control+A');
    await keys.type('10');
    await keys.to(choice('Unit of the grace period for visitors'), 'Tab', 1);
    expect(await choice('Unit of the grace period for visitors').inputValue()).toBe('Days');
    await keys.to(choice('Devices'), 'Tab', 6);
    await choose('Zoë', TWO_RESIDENTS.at(-1)?.user ?? '');
    await keys.press('Escape');
    const spared = seat.page.getByRole('group', { name: /^Exempt: Zoë/ });
    await keys.to(spared.getByRole('textbox', { name: 'Reason' }), 'Tab', 2);
    await keys.type('A foreign mission.');
    await keys.to(spared.getByRole('checkbox', { name: 'Set an end time' }), 'Tab', 1);
    await keys.press('Space');
    await keys.to(spared.getByRole('textbox', { name: 'Date' }), 'Tab', 1);
    await keys.type('31 Dec 2015');
    await keys.to(spared.getByRole('spinbutton', { name: /hours$/ }), 'Tab', 3);
    await keys.type('1800');
    await keys.at(spared.getByRole('spinbutton', { name: /minutes$/ }));
    await seat.picture('keyboard-4-exempt');
  });

  it('accepts texts in two languages, and moves the focus to a missing field at submission', async () => {
    await keys.to(field('Title'), 'Tab', 3);
    await keys.type('Pakistan');
    await keys.press('Tab');
    await keys.type('Telecommunication Authority');
    await keys.press('Tab');
    await keys.type('operators');
    // The field for the instrument stays empty.
    await keys.press('Tab');
    await keys.at(field('Instrument'));
    await keys.to(field('Statement in English'), 'Tab', 2);
    await keys.type('Messages end.');
    await keys.to(button('Add language'), 'Tab', 2);
    await keys.press('Enter');
    await keys.at(seat.page.getByRole('combobox', { name: 'Language', exact: true }).last());
    await choose('Urdu', 'Urdu');
    await keys.to(field('Statement in Urdu'), 'Tab', 2);
    await keys.type('پیغامات بند');
    await keys.to(choice('Authoritative language'), 'Tab', 4);
    // Language of the first statement.
    expect(await choice('Authoritative language').inputValue()).toBe('English');
    await keys.to(field('Appeal contact'), 'Tab', 2);
    await keys.to(button('Propose order'), 'Tab', 32);
    await keys.press('Enter');
    await keys.at(field('Instrument'));
    expect([await field('Instrument').getAttribute('aria-invalid'), await keys.tied()]).toEqual([
      'true',
      expect.stringContaining('The legal instrument is missing. Enter the law, court order, decree or letter.'),
    ]);
    await seat.picture('keyboard-5-missing');
    await keys.type('directive, July 2015');
    await keys.to(button('Propose order'), 'Tab', 32);
    await keys.press('Enter');
    await seat.page.waitForURL(`${world.url}/orders/2015-001`);
    await seat.page.getByRole('heading', { level: 1, name: 'Pakistan' }).waitFor();
    await seat.picture('keyboard-6-proposed');
  });

  it('proposed the typed terms, and the focus was visible at every step', async () => {
    const { terms } = await sana.api.call('GET', '/orders/2015-001', orderView);
    expect(terms).toMatchObject({
      title: 'Pakistan',
      areas: ['PK'],
      services: ['messaging', 'mail'],
      nexus: ['present', 'network'],
      effective: '2015-11-30T19:00:00.000Z',
      until: null,
      zone: 'Asia/Karachi',
      mode: 'suspend',
      visitors: 'P10D',
      disputed: { kashmir: 'PK' },
      authority: 'Telecommunication Authority',
      instrument: 'directive, July 2015',
      statement: { en: 'Messages end.', ur: 'پیغامات بند' },
      authoritativeLanguage: 'en',
    });
    expect([keys.complaints, seat.complaints]).toEqual([[], []]);
  });

  it('lists the exemptions on the order’s page, and begins a change with the exempt devices', async () => {
    const { exemptions } = await sana.api.call('GET', '/orders/2015-001/revisions/1/exemptions', exemptionList);
    expect(exemptions).toMatchObject([
      { until: Date.parse('2015-12-31T13:00:00Z'), reason: 'A foreign mission.', approvedBy: [] },
    ]);
    const row = seat.page.getByRole('table', { name: 'Exempt devices' }).getByRole('row').nth(1);
    const words = await textOf(row);
    for (const word of ['31 Dec 2015, 18:00 (Asia/Karachi, GMT+5)', 'A foreign mission.', 'Sana', 'Not approved yet']) {
      expect(words).toContain(word);
    }
    await row.scrollIntoViewIfNeeded();
    expect(await seat.faults('keyboard-7-spared', BOTH_LOOKS)).toEqual([]);
    await seat.page.getByRole('link', { name: 'Change terms' }).click();
    await seat.page.getByRole('radio', { name: 'Replace with the list below' }).click();
    await button('Add 1 device with a current exemption').click();
    const again = seat.page.getByRole('group', { name: `Exempt: ${exemptions[0]?.device}` });
    expect(await again.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('A foreign mission.');
    expect(await again.getByRole('textbox', { name: 'Date' }).inputValue()).toBe('31 Dec 2015');
    await again.scrollIntoViewIfNeeded();
    expect(await seat.faults('keyboard-8-exempt', BOTH_LOOKS)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  });

  it('shows the error of the areas uncovered, and accepts the first matching area by Enter', async () => {
    await seat.goto('/orders/new');
    await choice('Areas').focus();
    const error = seat.page.locator(`[id="${await choice('Areas').getAttribute('id')}-error"]`);
    await keys.press('Enter');
    await error.waitFor();
    expect(await seenAt(error)).toBe(true);
    await seat.picture('keyboard-0-error');
    await keys.type('Pala');
    await seat.page.getByRole('option', { name: 'Palau (PW)' }).waitFor();
    expect(await seenAt(error)).toBe(true);
    await seat.picture('keyboard-0-list');
    await keys.press('Enter');
    await seat.page.getByText('Palau (PW)').waitFor();
    await keys.press('Escape');
    await keys.press('Backspace');
    await expect.poll(() => seat.page.getByText('Palau (PW)').count()).toBe(0);
    await error.waitFor();
    await keys.at(choice('Areas'));
  });
});
