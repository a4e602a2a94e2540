/** Tests of the pages of groups in the console: editor with completions, errors and preview, members, trust and deletion. */
import { expect, it } from 'vitest';
import type { ConsoleTour } from '../../support/console-tour.ts';

export function groupPages(tour: () => ConsoleTour): void {
  it('dynamic group', async () => {
    const { seat, page, look, glance, heading, stepUp, button } = tour();
    await stepUp();
    await seat.goto('/people?tab=groups');
    await page.getByRole('link', { name: 'Add dynamic group' }).click();
    await heading('New dynamic group');
    await page.getByLabel('Name').fill('Karachi hosts');
    const editor = page.getByRole('textbox', { name: 'Expression' });
    const preview = page.getByRole('status');

    // The keyboard alone completes a name, and leaves the editor.
    await editor.focus();
    await editor.pressSequentially('hostn');
    await page.getByRole('option', { name: /^hostname/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    expect(await editor.getAttribute('aria-activedescendant')).toBe(
      await page.getByRole('option', { selected: true }).getAttribute('id'),
    );
    await glance('group completions');
    await page.keyboard.press('Enter');
    await editor.pressSequentially('.sta');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    expect(await editor.inputValue()).toBe('hostname.startsWith(');
    await editor.pressSequentially('"KHI") && os.platfrm == "simulated"');
    await preview.getByText('Line 1, column 34: There is no fact os.platfrm. Choose a fact from the list.').waitFor();
    await look('group expression error');
    await button('Select the error').click();
    const selected = await editor.evaluate((area) => {
      const { value, selectionStart, selectionEnd } = area as unknown as Record<
        'selectionStart' | 'selectionEnd',
        number
      > &
        Record<'value', string>;
      return value.slice(selectionStart, selectionEnd);
    });
    expect(selected).toBe('platfrm');
    await page.keyboard.type('platform');
    await preview.getByText(/^\d+ of \d+ devices match\.$/).waitFor();
    const [, matching = '', examined = ''] =
      /^(\d+) of (\d+)/.exec((await preview.getByText(/devices match\.$/).textContent()) ?? '') ?? [];
    expect(Number(matching)).toBeGreaterThan(0);
    expect(Number(matching)).toBeLessThan(Number(examined));
    await look('group new');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    await button('Create group').click();

    await heading('Karachi hosts');
    await page.getByText('Show in the device list').waitFor();
    const members = page.getByRole('link', { name: /Khan/ });
    await members.first().waitFor();
    await look('group dynamic');
    await button('Trust group').click();
    await page.getByText('Devices can enter this group by a false report').waitFor();
    await glance('group trust');
    await page.getByRole('dialog').getByRole('button', { name: 'Trust group' }).click();
    await page.getByText('Roles and order exemptions may use this group.').waitFor();
    await button('Withdraw trust').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw trust' }).click();
    await button('Trust group').waitFor();

    // The device says why it is a member.
    await members.first().click();
    await page.getByText('(matches the expression)').waitFor();
    await page.getByText('(primary group)').waitFor();
    await seat.goto('/people?tab=groups');
    await button('Remove group Karachi hosts').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove group' }).click();
    await page.getByRole('link', { name: 'Karachi hosts' }).waitFor({ state: 'hidden' });
  });

  it('static group', async () => {
    const { seat, page, look, glance, heading, button } = tour();
    await seat.goto('/people?tab=groups');
    await button('Add group').click();
    const dialog = page.getByRole('dialog', { name: 'Add group' });
    await dialog.getByLabel('Name').fill('Pilots');
    await dialog.getByRole('button', { name: 'Add group' }).click();
    await page.getByRole('link', { name: 'Pilots' }).click();
    await heading('Pilots');
    await page.getByText('Nothing uses this group.').waitFor();
    await look('group static empty');
    await page.getByRole('combobox', { name: 'Add a device' }).fill('Omar');
    await page.getByRole('option', { name: /Omar/ }).click();
    await button('Add device').click();
    const remove = page.getByRole('button', { name: /^Remove .* from the group$/ });
    await remove.waitFor();
    await glance('group static');
    await remove.click();
    await page.getByRole('heading', { name: 'No devices' }).waitFor();
  });
}
