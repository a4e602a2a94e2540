/** Live queries to real agents: processes, open ports and files of this machine, and what the user of the device sees. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { ensureConsole } from '../../server/console/build.ts';
import { activityList } from '../../shared/api/activity.ts';
import { inventorySections } from '../../shared/api/inventory.ts';
import { answerPage, liveQueryList, liveQueryView } from '../../shared/api/live-queries.ts';
import { COLUMNS, type LiveQuery } from '../../shared/live-query/live-query.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { browser as chromium, closeBrowser, openBrowser } from '../support/browser.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { BOTH_LOOKS, EVERY_LOOK, PATIENCE, takeSeat } from '../support/seat.ts';
import { until } from '../support/until.ts';

let world: World;
let agent: AgentProcess;
let offline: AgentProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-query-'));
  world = await openWorld();
  agent = await world.enrolled();
  offline = await world.enrolled();
  agent.run();
  await agent.connected();
  // The agent answers after it has stored the list of sections. It then reports its inventory.
  await until(async () => expect((await world.device(agent.device)).inventory?.system).toBeDefined(), 30_000);
}, 120_000);
afterAll(async () => {
  await world.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(query: LiveQuery, devices: readonly string[] = [agent.device]) {
  const { owner, as } = world.operator;
  const { id } = await as(owner, 'POST', '/queries', liveQueryView, { query, devices, seconds: 60 });
  await until(async () =>
    expect((await as(owner, 'GET', `/queries/${id}`, liveQueryView)).counts.waiting).toBeUndefined(),
  );
  const { answers } = await as(owner, 'GET', `/queries/${id}/answers`, answerPage);
  const own = answers.find(({ device }) => device === agent.device);
  const names = COLUMNS[query.kind].map(({ name }) => name);
  const rows = own?.rows.map((row) => Object.fromEntries(row.map((cell, index) => [names[index], cell])));
  return { id, answers, state: own?.state, rows: rows ?? [] };
}

it('lists processes without arguments, and reports an offline device as not connected', async () => {
  const { answers, rows, id } = await ask({ kind: 'processes', name: 'node' }, [agent.device, offline.device]);
  expect(answers.find(({ device }) => device === offline.device)).toMatchObject({ state: 'not-connected', rows: [] });
  const pid = Number(readFileSync('/proc/self/stat', 'utf8').split(' ')[0]);
  expect(rows).toContainEqual(
    expect.objectContaining({
      pid,
      program: process.execPath,
      memory: expect.any(Number),
      started: expect.any(Number),
    }),
  );
  // `run` is an argument of the agent's process.
  expect(rows.flatMap((row) => Object.values(row)).filter((cell) => String(cell).includes(' run'))).toEqual([]);

  // The user of the device sees the query, and the activity log names the device and the admin.
  expect((await agent.cli(['privacy'])).out).toMatch(
    /Live queries: answered when an admin asks.*asked Running processes with “node” in the name/s,
  );
  const { owner, as } = world.operator;
  const { entries } = await as(owner, 'GET', `/activity?device=${agent.device}`, activityList);
  const entry = entries.find(({ action }) => action === 'live-queries.ask');
  expect(entry).toMatchObject({ outcome: 'ok', targetCount: 3 });

  // Another account cannot read the answers, whatever its role.
  const { proposer } = world.operator;
  await expect(as(proposer, 'GET', `/queries/${id}/answers`, answerPage)).rejects.toMatchObject({ code: 'forbidden' });
});

it('finds the port and the process of a listening socket', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { rows } = await ask({ kind: 'open-ports', port });
  expect(rows).toMatchObject([{ protocol: 'tcp', address: '127.0.0.1', port, process: expect.any(String) }]);
});

it('finds a file by its hash, follows no symbolic link, and exports the answer as CSV', async () => {
  const file = join(folder, '=evil.bin');
  writeFileSync(file, 'malware');
  writeFileSync(join(folder, 'other.bin'), 'harmless');
  symlinkSync(file, join(folder, 'link.bin'));
  const sha256 = createHash('sha256').update('malware').digest('hex');
  const { owner, as } = world.operator;
  const cli = (...args: string[]) =>
    runInProcess(['query', ...args], { CORDON_SERVER: world.server.admin, CORDON_TOKEN: owner.token });
  const shown = await cli('files', '--device', agent.device, '--sha256', sha256, '--in', folder);
  expect(shown).toMatchObject({ code: 0 });
  expect(shown.out).toContain(`${file}  7`);
  expect(shown.out).not.toMatch(/link\.bin|other\.bin/);

  const { queries } = await as(owner, 'GET', '/queries', liveQueryList);
  const id = queries[0]?.id ?? '';
  const target = join(folder, 'answers.csv');
  expect(await cli('export', id, target)).toMatchObject({ code: 0 });
  const [head, row] = readFileSync(target, 'utf8').split('\r\n');
  expect(head).toBe('device,user,host,state,detail,path,size,modified,sha256');
  expect(row).toMatch(new RegExp(`^${agent.device},Zoe,.*,answered,,${file},7,\\d{4}-[^,]*Z,${sha256}$`));
  expect(await cli('delete', id)).toMatchObject({ code: 0 });
  expect((await cli('show', id)).err).toContain('There is no such live query');
});

it.skipIf(!chromium.present)(
  'asks several devices in the console, and shows the answers as a table',
  { timeout: 240_000 },
  async () => {
    await ensureConsole((line) => console.log(line));
    const browser = await openBrowser();
    onTestFinished(() => closeBrowser(browser));
    const seat = await takeSeat(browser, world.server.admin, { as: world.operator.owner });
    const { page } = seat;
    page.setDefaultTimeout(PATIENCE);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await seat.goto('/devices');
    await page.getByRole('row', { name: /Zoe/ }).first().waitFor();
    await page.getByRole('checkbox', { name: /^Select all/ }).click();
    await button('Ask…').click();
    await page.getByText('2 devices are selected.', { exact: false }).waitFor();
    await page.getByRole('radio', { name: 'Files by hash' }).click();
    await page.getByLabel('SHA-256 hashes').fill('no hash');
    await page.getByLabel('Folders').fill('/tmp');
    await page.getByText('Line 1 must be a SHA-256 hash', { exact: false }).waitFor();
    expect(await button('Ask query').isDisabled()).toBe(true);
    expect.soft(await seat.faults('queries ask files', BOTH_LOOKS)).toEqual([]);
    await page.getByRole('radio', { name: 'Running processes' }).click();
    await page.getByLabel('Part of the name').fill('node');
    await button('Ask query').click();
    await page.getByRole('heading', { name: 'Running processes with “node” in the name' }).waitFor();
    await page.getByText(/1 not connected/).waitFor();
    await page.getByRole('cell', { name: process.execPath }).first().waitFor();
    await page.getByRole('row', { name: /Not connected\./ }).waitFor();
    expect.soft(await seat.faults('query', EVERY_LOOK)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button('Download CSV of the answers').click(),
    ]);
    expect(readFileSync(await download.path(), 'utf8')).toContain('not-connected');
    await button('Delete answers').click();
    await page.getByRole('heading', { name: 'Live queries', exact: true }).waitFor();
    expect.soft(await seat.faults('queries', BOTH_LOOKS)).toEqual([]);
    await seat.goto(`/devices/${agent.device}`);
    await button('Ask live query…').click();
    await page.getByText('The device is connected.', { exact: false }).waitFor();
    expect.soft(await seat.faults('queries ask device', BOTH_LOOKS)).toEqual([]);
    expect(seat.complaints).toEqual([]);
  },
);

it('answers nothing while live queries are off, or on again without the user having seen it', async () => {
  const { owner, as } = world.operator;
  const switchOff = (off: string[]) => as(owner, 'POST', '/inventory-sections', inventorySections, { off });
  const stateOnDevice = async () => {
    const { sections } = JSON.parse((await agent.cli(['privacy', '--json'])).out);
    return sections.find(({ section }: { section: string }) => section === 'queries').state;
  };
  await switchOff(['queries']);
  await until(async () => expect(await stateOnDevice()).toBe('off'));
  await expect(ask({ kind: 'services' })).rejects.toMatchObject({ code: 'conflict' });

  await switchOff([]);
  await until(async () => expect(await stateOnDevice()).toBe('not-displayed'));
  expect(await ask({ kind: 'open-ports' })).toMatchObject({ state: 'not-displayed', rows: [] });
  // The command displays the list to the user.
  expect((await agent.cli(['privacy'])).out).toMatch(/Open ports \(not answered\)/);
  expect(await ask({ kind: 'open-ports' })).toMatchObject({ state: 'answered' });
});
