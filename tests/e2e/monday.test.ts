/**
 * An admin's Monday in a real browser, with real agents, a real mail server and a receiver of webhooks: the admin finds a user's laptop and
 * the devices that an advisory affects, builds a group, assigns a policy in stages, watches a drift and its repair, exports reports, gets
 * the notifications, and reads in the activity log who did all this.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { startMailServer, type TestMailServer } from '../support/mail-server.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { openPackageRoot, type PackageRoot, packageRoots } from '../support/package-root.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const LIBRARY = 'cordon-test-library';
const FORBIDDEN = 'cordon-test-forbidden';
const ADVISORY = {
  id: 'DSA-6000-1',
  modified: '2026-11-20T00:00:00Z',
  summary: `${LIBRARY} - security update`,
  affected: [
    {
      package: { ecosystem: 'Debian', name: LIBRARY },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2' }] }],
    },
  ],
};

describe.skipIf(!packageRoots.present || !chromium.present)("an admin's Monday", { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-monday-'));
  const requests: string[] = [];
  let browser: Browser;
  let mailServer: TestMailServer;
  let receiver: Server;
  let server: ServerProcess;
  let operator: Operator;
  let packages: PackageRoot;
  let laptop: AgentProcess;
  let other: AgentProcess;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    browser = await openBrowser();
    mailServer = await startMailServer(folder);
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        requests.push(body);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
    server = await startServerProcess({ CORDON_PRIVATE_RECEIVERS: '127.0.0.1' });
    operator = await setUp(server.admin, server.firstOwner);
    // Only now with a mail server, because the test reads the links of invitations from the responses.
    await server.stop();
    await server.start({
      CORDON_MAIL_URL: mailServer.url(),
      CORDON_MAIL_FROM: 'cordon@example.org',
      NODE_EXTRA_CA_CERTS: mailServer.authorityFile,
    });
    packages = openPackageRoot();
    packages.install(LIBRARY);
    const group = await operator.group('Sales');
    laptop = new AgentProcess(packages.env);
    other = new AgentProcess();
    for (const [agent, user] of [[laptop, 'Amina'] as const, [other, 'Omar'] as const]) {
      await agent.enroll((await operator.code({ user, group, home: 'SE' })).link);
      agent.run();
      await agent.connected();
    }
    seat = await takeSeat(browser, server.admin, { as: operator.owner });
    page = seat.page;
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await laptop?.remove();
    await other?.remove();
    await server?.remove();
    await mailServer?.stop();
    receiver?.closeAllConnections();
    receiver?.close();
    packages?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const look = async (name: string) => expect(await seat.faults(`monday ${name}`, BOTH_LOOKS)).toEqual([]);
  const saved = async (click: () => Promise<void>): Promise<string> => {
    const waiting: Promise<Download> = page.waitForEvent('download');
    await click();
    const file = join(folder, 'download');
    await (await waiting).saveAs(file);
    return readFileSync(file, 'utf8');
  };
  const refresh = async () => {
    await seat.goto(`/devices/${laptop.device}`);
    await button('Refresh inventory…').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refresh inventory' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  };
  const policySection = () =>
    page.locator('main section', { has: page.getByRole('heading', { name: 'Policy and compliance' }) });

  it('finds the laptop of a user', async () => {
    await seat.goto('/devices');
    await page.getByRole('textbox', { name: /Search/ }).fill('amina');
    await page.getByRole('link', { name: /Amina/ }).first().click();
    await page.getByRole('heading', { name: /Amina/ }).waitFor();
    expect(page.url()).toContain(laptop.device);
    await look('device');
  });

  it('finds the devices that lack a security update', async () => {
    const file = join(folder, 'osv.json');
    writeFileSync(file, JSON.stringify([ADVISORY]));
    await seat.goto('/software?tab=advisories');
    const chooser = page.waitForEvent('filechooser');
    await button('Import advisories…').click();
    await (await chooser).setFiles(file);
    await page.getByRole('link', { name: ADVISORY.id }).click();
    await page.getByText(`${LIBRARY} 1`).first().waitFor();
    expect(await page.getByRole('link', { name: /Omar/ }).count()).toBe(0);
    await look('advisory');
  });

  it('builds a group', async () => {
    await seat.goto('/people?tab=groups');
    await page.getByRole('link', { name: 'Add dynamic group' }).click();
    await page.getByLabel('Name').fill('Linux laptops');
    await page.getByRole('textbox', { name: 'Expression' }).fill('os.platform == "linux" && status == "active"');
    await page.getByText('2 of 2 devices match.').waitFor();
    await look('group');
    await page.keyboard.press('Escape');
    await button('Create group').click();
    await page.getByRole('link', { name: /Amina/ }).first().waitFor();
  });

  it('rehearses a policy and rolls it out in stages', async () => {
    await seat.goto('/policies/new');
    await page.getByLabel('Name').fill('No forbidden software');
    await page.getByLabel('Forbidden software', { exact: true }).click();
    await page.getByRole('combobox', { name: 'Forbidden software: value' }).fill(FORBIDDEN);
    await page.keyboard.press('Enter');
    await page.getByLabel('Grace period in hours').fill('0');
    await button('Create policy').click();
    await page.locator('main').getByText('Not rolled out').waitFor();
    await button('Roll out version…').click();
    await page.getByLabel(/^Share of the devices/).fill('50');
    await button('Roll out version 1').click();
    await page.locator('main').getByText('Version 1 for 50 %').waitFor();
    await button('Assign to groups…').click();
    await page.getByRole('combobox', { name: 'Groups' }).fill('Linux');
    await page.getByRole('option', { name: /Linux laptops/ }).click();
    await page.keyboard.press('Tab');
    // The device may not belong to the half of the devices that get the version first.
    await page.getByText(/of (the )?\d+ devices would get other settings/).waitFor();
    await look('rehearsal');
    await button('Assign policy').click();
    await page
      .locator('main')
      .getByRole('link', { name: /Linux laptops/ })
      .waitFor();
    await button('Roll out version…').click();
    await page.getByLabel(/^Share of the devices/).fill('100');
    await button('Roll out version 1').click();
    await page.locator('main').getByText('Version 1 applies to all devices of the groups.').waitFor();
  });

  it('asks for notifications by mail and webhook', async () => {
    const { port } = receiver.address() as AddressInfo;
    for (const [name, type, field, value] of [
      ['Mail to Olivia', 'Mail', 'E-mail address', 'olivia@example.org'],
      ['Pager', 'Webhook', 'URL', `http://127.0.0.1:${port}/hook`],
    ] as const) {
      await seat.goto('/notifications?tab=channels');
      await button('Add channel').first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByRole('combobox', { name: 'Type' }).click();
      await page.getByRole('option', { name: type }).click();
      await dialog.getByLabel(field).fill(value);
      await dialog.getByRole('button', { name: 'Add channel' }).click();
      if (type === 'Webhook')
        await page
          .getByRole('dialog', { name: 'Webhook secret' })
          .getByRole('button', { name: 'Close' })
          .last()
          .click();
      await dialog.waitFor({ state: 'hidden' });
    }
    await seat.goto('/notifications');
    await button('Add rule').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Forbidden software');
    await dialog.getByRole('combobox', { name: 'Condition' }).click();
    await page.getByRole('option', { name: 'Device not compliant' }).click();
    await dialog.getByRole('combobox', { name: 'Channels' }).focus();
    await page.keyboard.press('ArrowDown');
    for (const channel of ['Mail to Olivia', 'Pager']) await page.getByRole('option', { name: channel }).click();
    await page.keyboard.press('Escape');
    await dialog.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('Forbidden software').first().waitFor();
    await look('rule');
  });

  it('sees a drift, is notified, and sees its repair', async () => {
    packages.install(FORBIDDEN);
    await refresh();
    await policySection().getByText('Not met').waitFor();
    await policySection().getByText(`Installed: ${FORBIDDEN}.`).waitFor();
    await look('drift');
    await until(() => {
      expect(requests.join()).toContain('compliant');
      expect(mailServer.received.filter(({ to }) => to.includes('olivia@example.org'))).not.toEqual([]);
    }, 90_000);
    packages.uninstall(FORBIDDEN);
    await refresh();
    await policySection().getByText('Not met').waitFor({ state: 'hidden' });
    await policySection().getByText('Compliant', { exact: true }).first().waitFor();
  });

  it('exports the reports of compliance and devices', async () => {
    await seat.goto('/compliance');
    const compliance = await saved(() => button('Download CSV').click());
    expect(compliance).toContain(laptop.device);
    await seat.goto('/devices');
    const devices = await saved(() => button('Download CSV').click());
    expect(devices.split('\n').filter((line) => /dev_/.test(line))).toHaveLength(2);
  });

  it('reads who did all this', async () => {
    await seat.goto('/ledger');
    await page.getByRole('heading', { name: 'Audit & ledger' }).waitFor();
    const log = page.getByRole('listitem');
    for (const entry of [/policy/i, /notification rule/i, /Command “Refresh inventory” to a device/])
      await log.filter({ hasText: entry }).first().waitFor();
    await look('activity');
    expect(seat.complaints).toEqual([]);
  });
});
