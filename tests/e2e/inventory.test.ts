/** Inventory of real agents on a real server: packages of this machine, differences, switched-off sections, and what the user sees. */

import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { deviceSoftware, inventorySections } from '../../shared/api/inventory.ts';
import { advisoryDevicePage, advisoryImport, softwarePage } from '../../shared/api/software.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { type DpkgMachine, dpkgMachine } from '../support/dpkg-machine.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const test = it.skipIf(!tool('dpkg', 'run the tests on Debian').present);

let world: World;
let machine: DpkgMachine;
beforeAll(async () => {
  machine = dpkgMachine();
  world = await openWorld();
});
afterAll(async () => {
  await world.remove();
  machine.remove();
});

async function connected(env: NodeJS.ProcessEnv = {}): Promise<AgentProcess> {
  const agent = await world.enrolled(env);
  onTestFinished(() => agent.remove());
  agent.run();
  await agent.connected();
  return agent;
}

async function softwareOf(device: string): Promise<string[]> {
  const { owner, as } = world.operator;
  const { software } = await as(owner, 'GET', `/devices/${device}/software`, deviceSoftware);
  return (software ?? []).filter(({ source }) => source === 'dpkg').map(({ name, version }) => `${name} ${version}`);
}

const refresh = async (device: string) =>
  void (await world.finished((await world.send(device, { kind: 'refresh-inventory' })).id));

/** Reports of the inventory that wait in the agent's outbox. */
const waiting = (agent: AgentProcess) => agent.query("select item from outbox where type = 'inventory'");

test('reports the real packages of this machine, and finds them by version', async () => {
  const agent = await connected();
  const fields = ['db:Status-Abbrev', 'Package', 'Version', 'Architecture'];
  const format = `${fields.map((field) => `\${${field}}`).join('|')}\\n`;
  const native = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim();
  const installed = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([status = '']) => status[1] === 'i')
    .map(([, name, version, architecture]) =>
      architecture === native || architecture === 'all' ? `${name} ${version}` : `${name}:${architecture} ${version}`,
    );
  await until(async () => expect((await softwareOf(agent.device)).sort()).toEqual(installed.sort()), 30_000);
  const { inventory } = await world.device(agent.device);
  expect(inventory?.system.os).toMatchObject({ platform: 'linux', id: 'debian' });
  expect(inventory?.users?.map(({ name }) => name)).toContain('root');
  expect(inventory?.updates?.pending).toBeGreaterThanOrEqual(0);

  const { owner, as } = world.operator;
  const { titles } = await as(owner, 'GET', '/software?name=dpkg', softwarePage);
  expect(titles).toMatchObject([{ source: 'dpkg', name: 'dpkg', devices: 1 }]);
  const text = (await agent.cli(['privacy'])).out;
  expect(text).toMatch(/Software: reported\n {2}Name and version of each installed package/);
  expect(text).toMatch(/Local users: reported/);
  const json = JSON.parse((await agent.cli(['privacy', '--json'])).out);
  const software = json.sections.find(({ section }: { section: string }) => section === 'software');
  expect(software.values.length).toBeGreaterThanOrEqual(installed.length);
});

test('reports only the difference after packages were installed, upgraded and removed', async () => {
  machine.install('cordon-example', '1.0-1');
  machine.install('cordon-library', '2.9-1', 'cordon-source');
  const agent = await connected(machine.env);
  await until(async () =>
    expect(await softwareOf(agent.device)).toEqual(['cordon-example 1.0-1', 'cordon-library 2.9-1']),
  );
  await until(() => expect(waiting(agent)).toEqual([]));

  const id = 'DSA-1-1';
  const { id: distribution, version } = (await world.device(agent.device)).inventory?.system.os ?? {};
  expect(distribution).toBe('debian');
  const events = [{ introduced: '0' }, { fixed: '2.10-1' }];
  const affected = [
    { package: { ecosystem: `Debian:${version}`, name: 'cordon-source' }, ranges: [{ type: 'ECOSYSTEM', events }] },
  ];
  const { owner, as } = world.operator;
  const advisory = { id, modified: '2026-09-04T00:00:00Z', affected };
  expect(await as(owner, 'POST', '/advisories', advisoryImport, advisory)).toMatchObject({ read: 1, changed: 1 });
  const marked = () => as(owner, 'GET', `/advisories/${id}/devices`, advisoryDevicePage);
  expect(await marked()).toMatchObject({ total: 1, devices: [{ versions: ['cordon-library 2.9-1'] }] });

  machine.install('cordon-library', '2.10-1', 'cordon-source');
  machine.purge('cordon-example');
  machine.install('cordon-new', '1:0.1~rc1');
  await refresh(agent.device);
  await until(async () =>
    expect(await softwareOf(agent.device)).toEqual(['cordon-library 2.10-1', 'cordon-new 1:0.1~rc1']),
  );
  expect((await marked()).total).toBe(0);
  expect(await world.alerts(agent.device)).toEqual([]);
});

test('never reads a section that is switched off, and reports one that is on again after the user has seen it', async () => {
  const { owner, as } = world.operator;
  const switchOff = (off: string[]) => as(owner, 'POST', '/inventory-sections', inventorySections, { off });
  const agent = await connected();
  const inventory = async () => (await world.device(agent.device)).inventory;
  await until(async () => expect((await inventory())?.users).toBeDefined());

  await switchOff(['users']);
  await until(async () => expect((await inventory())?.missing).toMatchObject({ users: 'off' }));
  expect(await inventory()).not.toHaveProperty('users');
  // Without `--json` the command would display the list to the user.
  const stateOf = async () => {
    const { sections } = JSON.parse((await agent.cli(['privacy', '--json'])).out);
    return sections.find(({ section }: { section: string }) => section === 'users');
  };
  expect(await stateOf()).toMatchObject({ state: 'off', values: null });

  await switchOff([]);
  await until(async () => expect((await inventory())?.missing).toMatchObject({ users: 'not-displayed' }));
  await refresh(agent.device);
  expect(await inventory()).not.toHaveProperty('users');
  const text = (await agent.cli(['privacy'])).out;
  expect(text).toMatch(/Local users: switched on by your organization[^\n]*, on since \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  await until(async () => expect((await inventory())?.users).toBeDefined());
  expect(await stateOf()).toMatchObject({ state: 'reported', widenedAt: expect.any(Number) });
});
