/** Pages of software and advisories, empty and filled, and the software of a device. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ConsoleTour, SCRIPT } from '../../support/console-tour.ts';
import { dpkg, reportOf, testState } from '../../support/inventory-state.ts';

const ADVISORY = {
  id: 'DSA-5764-1',
  modified: '2026-09-04T00:00:00Z',
  summary: `openssl - security update ${SCRIPT}`,
  details: 'A timing side channel could reveal the private key.',
  aliases: ['CVE-2024-6119'],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1~deb12u1' }] }],
    },
  ],
};

export function softwarePages(tour: () => ConsoleTour): void {
  it('software, advisories and collected sections', async () => {
    const { world, seat, page, device, look, glance, heading, button } = tour();
    await seat.goto('/software');
    await page.getByRole('heading', { name: 'No software reported yet' }).waitFor();
    await glance('software none');
    await seat.goto('/software?tab=advisories');
    await page.getByRole('heading', { name: 'No advisories imported' }).waitFor();
    await glance('advisories none');

    const software = [
      dpkg('libssl3', '3.0.14-1~deb12u2', 'openssl'),
      dpkg(`name ${SCRIPT}`, '1.0'),
      ...Array.from({ length: 12 }, (_, index) => dpkg(`package-${index}`, `1.${index}`)),
    ];
    const state = testState('khi-1', software, {
      os: { id: 'debian', version: '12', distro: 'Debian GNU/Linux', release: '12' },
      disks: [{ name: 'nvme0n1', size: 512_110_190_592, encrypted: true }],
      battery: [{ name: 'BAT0', percent: 81, health: 94, cycles: 212, state: 'discharging' }],
      updates: { checkedAt: world.now(), pending: 2, security: 1, restart: true, packages: [] },
      security: { firewall: true, secureBoot: false },
      users: [{ name: `amina ${SCRIPT}`, admin: true }],
      network: [{ name: 'wlan0', mac: '00:00:5e:00:53:01', addresses: ['192.0.2.17'] }],
      certificates: [
        { subject: 'CN=Proxy', issuer: 'CN=Proxy', notAfter: world.now(), sha256: 'a'.repeat(64), use: 'trust' },
      ],
    });
    await world.report(device, reportOf({ ...state, missing: {} }, null, world.now()));

    await seat.goto('/software');
    await page.getByRole('link', { name: 'libssl3' }).waitFor();
    await look('software');
    await page.getByRole('textbox', { name: 'Search software' }).fill('libssl');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await page.getByRole('link', { name: 'libssl3' }).click();
    await heading('libssl3');
    await page.getByRole('textbox', { name: 'Version' }).fill('3.0.15');
    await button('Show devices').click();
    await page.getByText('1 device', { exact: true }).waitFor();
    await look('software title');
    await seat.goto('/software?text=no-such-package');
    await page.getByRole('heading', { name: 'No matching software' }).waitFor();
    seat.expecting(/status of 404 .*\/software\/999999/);
    await seat.goto('/software/999999');
    await page.getByRole('heading', { name: 'Software not found' }).waitFor();
    await glance('software title none');

    const folder = mkdtempSync(join(tmpdir(), 'cordon-advisories-'));
    const file = join(folder, 'osv.json');
    writeFileSync(file, JSON.stringify([ADVISORY]));
    await seat.goto('/software?tab=advisories');
    const chooser = page.waitForEvent('filechooser');
    await button('Import advisories…').click();
    await (await chooser).setFiles(file);
    await page.getByText('1 device affected').waitFor();
    rmSync(folder, { recursive: true });
    await look('advisories');
    await page.getByRole('link', { name: 'DSA-5764-1' }).click();
    await heading('DSA-5764-1');
    await page.getByText('libssl3 3.0.14-1~deb12u2').waitFor();
    await look('advisory');

    await seat.goto(`/devices/${device}`);
    await page.getByRole('link', { name: 'DSA-5764-1' }).waitFor();
    await page.getByText('administers the device').waitFor();
    await look('device software');

    await seat.goto('/software?tab=collection');
    await button('Switch off Local users').click();
    await button('Switch on Local users').waitFor();
    await look('software collection');
    await button('Switch on Local users').click();
    await button('Switch off Local users').waitFor();
  });
}
