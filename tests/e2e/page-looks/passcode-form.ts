/** Test of the passcode of the workspace on the device page. The workspace and its keys are real. */
import { expect, it } from 'vitest';
import { PASSCODE_WORDS_IN } from '../../../shared/workspace/notice-words/passcode-words.ts';
import { Keyboard } from '../../support/keyboard.ts';
import { BOTH_LOOKS, takeSeat } from '../../support/seat.ts';
import type { OpenedPage } from './order-texts.ts';

const words = PASSCODE_WORDS_IN.en;
const PASSCODE = 'correct horse';
const SETTING = { minimumLength: 8, autoLockMinutes: 15, attempts: 3 };

export function passcodeForm(opened: () => OpenedPage): void {
  it('asks for a passcode, waits for it, counts wrong ones, and changes it, by keyboard', async () => {
    const { browser, stand, seat, page, look, glance, button, choose } = opened();
    seat.expecting(/status of 40[03] /);
    const { passcode, mail } = stand;
    await choose('group');
    passcode.require(SETTING);
    stand.changed();
    const banner = page.getByRole('region', { name: words.title });
    await banner.getByText(words.mustSet).waitFor();
    await glance('passcode banner');
    const keyboard = new Keyboard(page);
    await keyboard.to(banner.getByRole('button', { name: words.set }), 'Shift+Tab');
    const dialog = page.getByRole('dialog', { name: words.title });
    await keyboard.open(dialog);
    const submit = dialog.getByRole('button', { name: words.set });
    const field = (name: string) => page.getByLabel(name, { exact: true });
    await keyboard.at(field(words.passcode));
    await keyboard.type('short');
    await keyboard.press('Tab');
    await keyboard.type('shorter');
    await dialog.getByText(words.different).waitFor();
    expect(await submit.isDisabled()).toBe(true);
    await glance('passcode dialog');
    await field(words.repeat).fill('short');
    await field(words.repeat).press('Enter');
    await dialog.getByText('The passcode must have at least 8 characters.', { exact: false }).waitFor();
    await field(words.passcode).fill(PASSCODE);
    await field(words.repeat).fill(PASSCODE);
    await field(words.repeat).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await banner.waitFor({ state: 'detached' });
    expect(mail.device.workspace.passcode.isSet()).toBe(true);

    await passcode.wait(SETTING.autoLockMinutes * 60_000);
    await page.getByRole('heading', { name: words.waits }).waitFor();
    await look('passcode waits');
    await keyboard.at(field(words.passcode));
    await keyboard.type('wrong passcode');
    await keyboard.press('Enter');
    await page.getByText(`${words.wrong} Remaining attempts: 2.`).waitFor();
    await glance('passcode wrong');
    const reader = await takeSeat(browser, stand.page.url, { locale: 'ar' });
    await reader.page.goto(stand.page.link());
    await reader.page.getByRole('heading', { name: PASSCODE_WORDS_IN.ar.waits }).waitFor();
    expect.soft(await reader.faults('page passcode waits ar', BOTH_LOOKS)).toEqual([]);
    await reader.context.close();
    await field(words.passcode).fill(PASSCODE);
    await field(words.passcode).press('Enter');
    await page.getByRole('heading', { name: words.waits }).waitFor({ state: 'detached' });

    await button(/^Menu/).click();
    await button(words.title).click();
    await dialog.getByText(words.isOpen).waitFor();
    await glance('passcode change');
    await field(words.current).fill(PASSCODE);
    await field(words.next).fill('battery staple');
    await field(words.repeat).fill('battery staple');
    await dialog.getByRole('button', { name: words.change }).click();
    await dialog.waitFor({ state: 'detached' });

    await passcode.work.lock();
    for (const left of ['2', '1']) {
      await field(words.passcode).fill(PASSCODE);
      await field(words.passcode).press('Enter');
      await page.getByText(`Remaining attempts: ${left}.`).waitFor();
    }
    await field(words.passcode).fill(PASSCODE);
    await field(words.passcode).press('Enter');
    await page.getByText(words.closed).waitFor();
    await glance('passcode closed');
    await mail.device.workspace.unlock(passcode.shares, { resetPasscode: true });
    passcode.require(null);
    stand.changed();
    await page.getByText(words.closed).waitFor({ state: 'detached' });
    expect(keyboard.complaints).toEqual([]);
  });
}
