/** The command `collect-logs` on a real agent: upload, download, console, command line, and refusal of other uploads. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { activityList } from '../../shared/api/activity.ts';
import { deviceLogList } from '../../shared/api/device-logs.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { BOTH_LOOKS, PATIENCE, takeSeat } from '../support/seat.ts';

let world: World;
let agent: AgentProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-logs-'));
  world = await openWorld();
  agent = await world.enrolled();
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(async () => {
  await world.remove();
  rmSync(folder, { recursive: true, force: true });
});

it('the agent sends its log, and the admin downloads it on the command line', async () => {
  const { owner, as } = world.operator;
  const { id } = await world.send(agent.device, { kind: 'collect-logs' });
  expect(await world.finished(id)).toMatchObject({
    state: 'done',
    detail: expect.stringMatching(/^The agent sent \d+ lines/),
  });
  const { logs } = await as(owner, 'GET', `/devices/${agent.device}/logs`, deviceLogList);
  expect(logs).toMatchObject([{ command: id, size: expect.any(Number) }]);

  const cli = (...args: string[]) =>
    runInProcess(['devices', 'logs', agent.device, ...args], {
      CORDON_SERVER: world.server.admin,
      CORDON_TOKEN: owner.token,
    });
  expect((await cli()).out).toContain(id);
  const file = join(folder, 'log.gz');
  expect(await cli('--command', id, '--to', file)).toMatchObject({ code: 0 });
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ msg: 'link', state: 'connected' }),
  );
  const { entries } = await as(owner, 'GET', `/activity?device=${agent.device}`, activityList);
  expect(entries).toContainEqual(expect.objectContaining({ action: 'device-logs.download', kind: 'read' }));
  expect((await cli('--command', id)).err).toContain('needs both options');

  // Another device's path shows nothing of this log.
  const other = await world.enrolled();
  const url = `/api/v1/devices/${other.device}/logs/${id}`;
  const response = await fetch(world.server.admin + url, { headers: { authorization: `Bearer ${owner.token}` } });
  expect(response.status).toBe(404);
});

it.skipIf(!chromium.present)(
  'the admin collects and downloads a log in the console',
  { timeout: 240_000 },
  async () => {
    await ensureConsole((line) => console.log(line));
    const browser = await openBrowser();
    onTestFinished(() => closeBrowser(browser));
    const seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    const { page } = seat;
    page.setDefaultTimeout(PATIENCE);
    await seat.goto(`/devices/${agent.device}`);
    await page.getByRole('button', { name: 'Collect log…' }).click();
    await page.getByText('The log contains no messages and no keys.', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Collect log', exact: true }).click();
    const downloads = page.getByRole('button', { name: 'Download log' });
    await expect.poll(() => downloads.count(), { timeout: PATIENCE }).toBe(2);
    const [download] = await Promise.all([page.waitForEvent('download'), downloads.first().click()]);
    expect(download.suggestedFilename()).toMatch(/^dev_.*-cmd_.*\.log\.gz$/);
    expect(gunzipSync(readFileSync(await download.path())).toString()).toContain('"msg":"link"');
    expect.soft(await seat.faults('device logs', BOTH_LOOKS)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  },
);
