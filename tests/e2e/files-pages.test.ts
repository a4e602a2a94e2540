/** Files in the console and on the device page, with a real agent. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePage } from '../../agent/page/build.ts';
import { ensureConsole } from '../../server/console/build.ts';
import { FILE_WORDS } from '../../shared/files/notice-words/file-words.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { BOTH_LOOKS, PATIENCE, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';

describe.skipIf(!chromium.present)('files in a browser', { timeout: 240_000 }, () => {
  let world: World;
  let agent: AgentProcess;
  let browser: Browser;
  beforeAll(async () => {
    await ensureConsole((line) => console.log(line));
    await ensurePage((line) => console.log(line));
    browser = await openBrowser();
    world = await openWorld();
    agent = await world.enrolled();
    agent.run();
    await agent.connected();
  }, 240_000);
  afterAll(async () => {
    await closeBrowser(browser);
    await world?.remove();
  });

  it('the admin uploads and sends a file, the user answers with another one, and the admin fetches it', async () => {
    const seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    const { page } = seat;
    page.setDefaultTimeout(PATIENCE);
    await seat.goto('/software?tab=files');
    await page.getByText('No files', { exact: true }).waitFor();
    const chosen = { name: 'travel rules.pdf', mimeType: 'application/pdf', buffer: Buffer.from('the rules') };
    await page.getByLabel('Upload file', { exact: true }).setInputFiles(chosen);
    await page.getByLabel('Note (optional)').fill('New rules for travel');
    expect.soft(await seat.faults('upload of a file', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Upload file', exact: true }).last().click();
    await page.getByText('New rules for travel').waitFor();
    expect.soft(await seat.faults('files for devices', BOTH_LOOKS)).toEqual([]);

    await seat.goto(`/devices/${agent.device}`);
    await page.getByRole('button', { name: 'Send file…' }).click();
    await page.getByRole('combobox', { name: 'File' }).click();
    await page.getByRole('option', { name: 'travel rules.pdf' }).click();
    await page.getByRole('button', { name: 'Send file', exact: true }).click();
    await page.getByText('The device stored "travel rules.pdf"', { exact: false }).first().waitFor();

    const { out } = await agent.cli(['open']);
    const link = /^http\S+/m.exec(out)?.[0] ?? 'none';
    const user = await takeSeat(browser, new URL(link).origin, { locale: 'de-DE' });
    await user.page.goto(link);
    user.page.setDefaultTimeout(PATIENCE);
    const openFiles = async () => {
      await user.page.getByRole('button', { name: /^Menu/ }).click();
      await user.page.getByRole('button', { name: FILE_WORDS.de.title }).click();
    };
    await openFiles();
    const [download] = await Promise.all([
      user.page.waitForEvent('download'),
      user.page.getByRole('button', { name: /^Speichern/ }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('travel rules.pdf');
    expect(readFileSync(await download.path(), 'utf8')).toBe('the rules');
    const answer = { name: 'expenses.csv', mimeType: 'text/csv', buffer: Buffer.from('fair;120') };
    await user.page.getByLabel('Datei hinzufügen').setInputFiles(answer);
    await user.page.getByText('expenses.csv').waitFor();

    await page.getByRole('button', { name: 'Fetch file…' }).click();
    await page.getByLabel('Name of the file').fill('expenses.csv');
    await page.getByRole('textbox', { name: 'Reason' }).fill('Expenses of the fair');
    expect.soft(await seat.faults('fetch a file', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('button', { name: 'Fetch file', exact: true }).click();
    const [fetched] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download file' }).click(),
    ]);
    expect(fetched.suggestedFilename()).toBe('expenses.csv');
    expect(readFileSync(await fetched.path(), 'utf8')).toBe('fair;120');
    expect.soft(await seat.faults('device with fetched file', BOTH_LOOKS)).toEqual([]);

    await user.page.getByText(/^Grund: .*Expenses of the fair/).waitFor();
    expect.soft(await user.faults('files of the organization', BOTH_LOOKS)).toEqual([]);
    await user.page.getByRole('button', { name: /^Löschen: .*travel rules/ }).click();
    await user.page.getByRole('button', { name: 'Löschen', exact: true }).last().click();
    await until(async () => expect((await agent.cli(['workspace', 'ls'])).out).not.toContain('travel rules'));
    expect(seat.complaints).toEqual([]);
    expect(user.complaints).toEqual([]);
  });
});
