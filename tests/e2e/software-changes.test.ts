/** Changes of software on real agents, with their system helper, the real apt, and a local repository. */

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandView, issuedToMany } from '../../shared/api/commands.ts';
import { deviceSoftware } from '../../shared/api/inventory.ts';
import { jobView } from '../../shared/api/jobs.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { SoftwareChange } from '../../shared/software/software-change.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { aptMachines } from '../support/apt-machine.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { invite } from '../support/people.ts';
import { SystemHelper } from '../support/system-helper.ts';
import { until } from '../support/until.ts';

const test = it.skipIf(!aptMachines.present);

let world: World;
const helpers: SystemHelper[] = [];
const agents: AgentProcess[] = [];

beforeAll(async () => {
  world = await openWorld();
  for (const _ of ['first', 'second']) {
    const helper = new SystemHelper();
    helpers.push(helper);
    helper.allow();
    for (const version of ['1.0', '2.0']) helper.machine.publish('cordon-demo', version);
    await helper.start();
    const agent = await world.enrolled({ ...helper.machine.env, CORDON_AGENT_SYSTEM_SOCKET: helper.socket });
    agents.push(agent);
    agent.run();
  }
  for (const agent of agents) await agent.connected();
}, 120_000);
afterAll(async () => {
  await world?.remove();
  for (const helper of helpers) await helper.remove();
});

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`there is no item ${index}`);
  return found;
};

const change = (action: SoftwareChange['action'], name: string, version?: string) =>
  ({
    kind: 'change-software',
    change: randomUUID(),
    manager: 'apt',
    action,
    packages: [{ name, ...(version !== undefined && { version }) }],
  }) satisfies Command;

async function job(command: Command) {
  const { as, owner } = world.operator;
  const devices = agents.map(({ device }) => device);
  const { id } = await as(owner, 'POST', '/commands', issuedToMany, { command, devices });
  return until(async () => {
    const found = await as(owner, 'GET', `/jobs/${id}`, jobView);
    expect(found.state).toBe('finished');
    return found;
  }, 30_000);
}

async function softwareOf(device: string): Promise<string[]> {
  const { as, owner } = world.operator;
  const { software } = await as(owner, 'GET', `/devices/${device}/software`, deviceSoftware);
  return (software ?? []).filter(({ source }) => source === 'dpkg').map(({ name, version }) => `${name} ${version}`);
}

test('case: an admin installs a package on two devices from a repository, updates it, and rolls the job back', async () => {
  const [first, second] = [at(helpers, 0).machine, at(helpers, 1).machine];
  const versions = () => [first.version('cordon-demo'), second.version('cordon-demo')];
  expect((await world.send(at(agents, 0).device, change('install', 'cordon-demo', '1.0'))).state).toBe('queued');
  await until(() => expect(versions()).toEqual(['1.0', null]), 20_000);

  const update = change('install', 'cordon-demo', '2.0');
  expect((await job(update)).counts).toMatchObject({ done: 2, failed: 0 });
  expect(versions()).toEqual(['2.0', '2.0']);
  await until(async () => expect(await softwareOf(at(agents, 0).device)).toEqual(['cordon-demo 2.0']));

  // Each device returns to its own earlier state.
  const rollback = { kind: 'roll-back-software', change: randomUUID(), of: update.change } as const;
  expect((await job(rollback)).counts).toMatchObject({ done: 2, failed: 0 });
  expect(versions()).toEqual(['1.0', null]);
  await until(async () => expect(await softwareOf(at(agents, 0).device)).toEqual(['cordon-demo 1.0']));
}, 120_000);

test('after kill -9 of the agent during an installation, the device installs once and reports the result', async () => {
  const [agent, { machine }] = [at(agents, 0), at(helpers, 0)];
  const [started, go] = [machine.path('started'), machine.path('go')];
  machine.publish('cordon-slow', '1.0', { postinst: `touch ${started}; while [ ! -e ${go} ]; do sleep 0.05; done` });
  const sent = await world.send(agent.device, change('install', 'cordon-slow'));
  await until(() => expect(machine.has('started')).toBe(true), 20_000);
  // Other commands do not wait for the installation.
  expect(await world.finished((await world.send(agent.device, { kind: 'lock-workspace' })).id)).toMatchObject({
    state: 'done',
  });
  await agent.kill();
  agent.run();
  await agent.connected();
  expect((await world.command(sent.id)).state).toBe('stored');
  writeFileSync(go, '');
  expect(await world.finished(sent.id)).toMatchObject({ state: 'done', detail: 'cordon-slow 1.0 installed.' });
  expect(machine.log('cordon-slow')).toEqual(['install <none> 1.0']);
}, 120_000);

test('the user sees an update of the operating system, delays it, and starts it; the choice survives kill -9', async () => {
  const [agent, { machine }] = [at(agents, 0), at(helpers, 0)];
  expect(machine.version('cordon-demo')).toBe('1.0');
  const sent = await world.send(agent.device, {
    kind: 'update-os',
    change: randomUUID(),
    scope: 'all',
    deferral: { hours: 4, times: 1 },
  });
  const text = async (...args: string[]) => (await agent.cli(['update', ...args])).out;
  await until(async () => expect(await text()).toMatch(/installs updates of the operating system/), 20_000);
  expect(await text()).toMatch(/You can delay it once by 4 hours/);
  expect(await text('--delay')).toMatch(/You cannot delay it again/);
  await agent.kill();
  agent.run();
  await agent.connected();
  expect(await text()).toMatch(/You cannot delay it again/);
  expect((await agent.cli(['update', '--delay'])).err).toMatch(/You cannot delay this update again/);
  expect([(await world.command(sent.id)).state, machine.version('cordon-demo')]).toEqual(['stored', '1.0']);
  await text('--now');
  expect(await world.finished(sent.id, 30_000)).toMatchObject({
    state: 'done',
    detail: expect.stringMatching('cordon-demo 1.0 → 2.0'),
  });
  expect(await text()).toMatch(/No update of the operating system waits/);
}, 120_000);

test('without a system helper, the device changes nothing and says how to allow it', async () => {
  const [agent, helper] = [at(agents, 1), at(helpers, 1)];
  await helper.kill();
  const { state, detail } = await world.finished((await world.send(agent.device, change('install', 'cordon-demo'))).id);
  expect(state).toBe('failed');
  expect(detail).toMatch(/^not_permitted: The agent may not change software .*Nothing was changed.*README/);
  expect(helper.machine.version('cordon-demo')).toBeNull();
});

test('an admin of the role helpdesk may not change software', async () => {
  const { as, owner, admin } = world.operator;
  const helpdesk = await invite(admin, owner, 'hana', [{ role: 'helpdesk' }]);
  const path = `/devices/${at(agents, 0).device}/commands`;
  const send = (command: Command) => as(helpdesk, 'POST', path, commandView, { command });
  await expect(send(change('install', 'cordon-demo'))).rejects.toMatchObject({ code: 'forbidden' });
  expect((await send({ kind: 'refresh-inventory' })).state).toBe('queued');
});
