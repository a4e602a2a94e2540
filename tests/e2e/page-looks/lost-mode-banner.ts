/** Test of lost mode and of the name of the device on the device page. */
import { expect, it } from 'vitest';
import { newLostModeId } from '../../../shared/protocol/ids.ts';
import { BOTH_LOOKS, takeSeat } from '../../support/seat.ts';
import type { OpenedPage } from './order-texts.ts';

const DAY = 86_400_000;

export function lostModeBanner(opened: () => OpenedPage): void {
  it('shows lost mode above every area in the user’s language, and the user ends it', async () => {
    const { browser, stand, page, look, button, choose } = opened();
    await choose('group');
    const startedAt = Date.now();
    stand.lose({
      id: newLostModeId(),
      reason: 'The user reported a loss on the night train.',
      contact: 'Please call +44 20 7946 0000, or bring the device to the station.',
      startedAt,
      until: startedAt + 7 * DAY,
    });
    const banner = page.getByRole('region', { name: 'Lost mode is on' });
    await banner.getByText('Your organization receives the position of this device.').waitFor();
    await banner.getByText('If you have found this device: Please call').waitFor();
    await look('lost mode');
    await page.getByRole('link', { name: 'Mail' }).click();
    await banner.waitFor();

    const reader = await takeSeat(browser, stand.page.url, { locale: 'fa' });
    await reader.page.goto(stand.page.link());
    await reader.page.getByRole('region', { name: 'حالت گم‌شده روشن است' }).waitFor();
    expect.soft(await reader.faults('page lost mode fa', BOTH_LOOKS)).toEqual([]);
    await reader.context.close();

    await button('End lost mode').click();
    await banner.waitFor({ state: 'detached' });
    expect(stand.lostMode()).toBeNull();
    await page.getByRole('link', { name: 'Messages' }).click();
  });

  it('shows the name that an admin gave the device', async () => {
    const { stand, page, button, glance } = opened();
    stand.rename('Reception, Lahore');
    await button(/^Menu of/).click();
    await page.getByText('Reception, Lahore').waitFor();
    await glance('menu with name');
    await page.keyboard.press('Escape');
    stand.rename(null);
  });
}
