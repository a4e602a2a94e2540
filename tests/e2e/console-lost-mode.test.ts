/** Lost mode and the name of a device in the console, with a real server, agent and browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { BOTH_LOOKS, type Seat, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';

describe.skipIf(!chromium.present)('a lost device in the console', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-lost-console-'));
  let browser: Browser;
  let world: World;
  let agent: AgentProcess;
  let seat: Seat;
  let page: Page;

  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    const sensors = join(folder, 'sensors.json');
    writeFileSync(sensors, JSON.stringify({ position: { latitude: 33.684, longitude: 73.047, accuracy: 12.4 } }));
    browser = await openBrowser();
    world = await openWorld();
    agent = await world.enrolled({ CORDON_AGENT_SENSOR_FILE: sensors });
    agent.run();
    await agent.connected();
    seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    page = seat.page;
  }, 120_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const section = () => page.locator('main section', { has: page.getByRole('heading', { name: 'Lost mode' }) });
  const look = async (name: string) => expect(await seat.faults(`lost ${name}`, BOTH_LOOKS)).toEqual([]);

  it('gives the device a name, which list, search and page show', async () => {
    await seat.goto(`/devices/${agent.device}`);
    await button('Rename device…').click();
    const dialog = page.getByRole('dialog', { name: 'Rename device' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Reception, Lahore');
    await look('rename');
    await dialog.getByRole('button', { name: 'Save name' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('Reception, Lahore').first().waitFor();
    await until(async () => expect((await agent.status()).displayName).toBe('Reception, Lahore'), 20_000);
    await seat.goto('/devices');
    await page.getByRole('textbox', { name: /Search/ }).fill('lahore');
    await page.waitForURL(/text=lahore/);
    await page.locator('[data-waiting="false"]').waitFor();
    await page.getByText('Reception, Lahore').waitFor();
    await look('list with name');
  });

  it('starts lost mode, shows positions on request, and sees that the user ended it', async () => {
    await seat.goto(`/devices/${agent.device}`);
    await section().getByText('The server has no coordinates of this device.').waitFor();
    await button('Start lost mode…').click();
    const dialog = page.getByRole('dialog', { name: 'Start lost mode' });
    const start = dialog.getByRole('button', { name: 'Start lost mode' });
    expect(await start.isDisabled()).toBe(true);
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Left in a train');
    await dialog.getByRole('textbox', { name: 'Text for a finder' }).fill('Please call +44 20 7946 0000.');
    await look('start');
    await start.click();
    await dialog.waitFor({ state: 'hidden' });
    await section().getByText('Lost mode on').waitFor();
    await section()
      .getByText(/^1 position, the newest/)
      .waitFor();
    await section().getByRole('button', { name: 'Show positions' }).click();
    const place = section().getByRole('link', { name: '33.68400, 73.04700' });
    await place.waitFor();
    expect(await place.getAttribute('href')).toBe('geo:33.684,73.047;u=13');
    await section()
      .getByText(/within 13 m/)
      .waitFor();
    await look('positions');
    await agent.cli(['lost-mode', '--end']);
    await section()
      .getByText(/^Lost mode is off\. The user ended it on the device/)
      .waitFor();
    expect(await section().getByRole('link').count()).toBe(0);
  });

  it('ends lost mode', async () => {
    await button('Start lost mode…').click();
    const dialog = page.getByRole('dialog', { name: 'Start lost mode' });
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Left in a taxi');
    await dialog.getByRole('textbox', { name: 'Text for a finder' }).fill('Please call us.');
    await dialog.getByRole('button', { name: 'Start lost mode' }).click();
    await section().getByText('Lost mode on').waitFor();
    await section().getByRole('button', { name: 'End lost mode…' }).click();
    const confirm = page.getByRole('dialog', { name: 'End lost mode' });
    await look('end');
    await confirm.getByRole('button', { name: 'End lost mode' }).click();
    await section()
      .getByText(/^Lost mode is off\. An admin ended it/)
      .waitFor();
    await until(async () => expect((await agent.status()).lostMode).toBeNull(), 20_000);
    expect(seat.complaints).toEqual([]);
  });
});
