/** Test of the texts on the device page about a policy that the device does not meet. */
import { expect, it } from 'vitest';
import { BOTH_LOOKS, takeSeat } from '../../support/seat.ts';
import type { OpenedPage } from './order-texts.ts';

const HOUR = 3_600_000;

export function policyBanner(opened: () => OpenedPage): void {
  it('shows the failed settings of a policy, its restriction and each countdown, in the user’s language', async () => {
    const { browser, stand, page, look, choose } = opened();
    await choose('group');
    const now = Date.now();
    const failing = ['firewall.enabled', 'software.forbidden'];
    const at = (hours: number) => now + hours * HOUR;
    const countdown = [
      { action: 'lock-workspace', at: at(24) },
      { action: 'wipe-workspace', at: at(96) },
    ];
    const settings = [
      { setting: 'firewall.enabled', value: 'true', status: 'not-met' as const, detail: 'nftables has no chain.' },
      { setting: 'software.forbidden', value: '["telnet"]', status: 'not-met' as const, detail: 'Installed: telnet.' },
    ];
    const taken = [{ action: 'restrict-services', at: at(-1) }];
    stand.policy({ settings, compliance: { state: 'not-compliant', failing, countdown, taken } });
    const banner = page.getByRole('region', { name: 'This device does not meet a policy of your organization' });
    await banner.getByText(/^Messages and mail have been stopped since/).waitFor();
    await banner.getByText(/^The workspace is locked at/).waitFor();
    await banner.getByText(/^The workspace is wiped at/).waitFor();
    await banner.getByText('Firewall: nftables has no chain.').waitFor();
    await look('policy banner');

    const reader = await takeSeat(browser, stand.page.url, { locale: 'ar' });
    await reader.page.goto(stand.page.link());
    await reader.page.getByRole('region', { name: 'لا يستوفي هذا الجهاز سياسة مؤسستك' }).waitFor();
    expect.soft(await reader.faults('page policy banner ar', BOTH_LOOKS)).toEqual([]);
    await reader.context.close();

    stand.policy({ settings, compliance: { state: 'compliant', failing: [], countdown: [], taken: [] } });
    await banner.waitFor({ state: 'detached' });
  });
}
