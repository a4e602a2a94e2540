/** Restart and shutdown of a device: a real server and agent, and a replacement for logind on a private D-Bus. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandView } from '../../shared/api/commands.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { runInProcess } from '../support/in-process-cli.ts';
import { invite } from '../support/people.ts';
import { type PrivateBus, privateBus } from '../support/private-bus.ts';
import { needed, tool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const PYTHON = '/usr/bin/python3';
const mocks = spawnSync(PYTHON, ['-c', 'import dbusmock']).status === 0;
const busctlTool = tool('busctl', 'apt-get install systemd');
const dbusDaemon = tool('dbus-daemon', 'apt-get install dbus');
const dbusmock = needed(
  'python3-dbusmock',
  'apt-get install python3-dbusmock',
  mocks && busctlTool.present && dbusDaemon.present,
);
const RESTART = { kind: 'restart-device', minutes: 10 } as const satisfies Command;

let world: World;
let agent: AgentProcess;
let folder: string;
let bus: PrivateBus;
const ends: (() => void)[] = [];
const log = () => join(folder, 'logind.log');

const busctl = (...args: string[]) => execFileSync('busctl', [`--address=${bus.address}`, ...args]).toString();
/** Replaces a method of the replacement for logind by a line of Python. */
const method = (name: string, takes: string, gives: string, code: string) =>
  busctl(
    ...['call', 'org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.DBus.Mock', 'AddMethod', 'sssss'],
    ...['org.freedesktop.login1.Manager', name, takes, gives, code],
  );
const requests = () => (readFileSync(log(), 'utf8').match(/ (Reboot|PowerOff) /g) ?? []).map((text) => text.trim());
const power = async (...args: string[]) => {
  const { out, err } = await agent.cli(['power', ...args], { env: { LANGUAGE: 'en' } });
  return out + err;
};

beforeAll(async () => {
  if (!dbusmock.present) return;
  folder = mkdtempSync(join(tmpdir(), 'cordon-power-'));
  bus = privateBus(folder);
  const daemon = bus.start();
  ends.push(() => daemon.kill('SIGKILL'));
  world = await openWorld();
  agent = await world.enrolled({ DBUS_SYSTEM_BUS_ADDRESS: bus.address });
  await until(() => expect(existsSync(bus.socket)).toBe(true));
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(async () => {
  await world?.remove();
  for (const end of ends) end();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function startLogind(): Promise<void> {
  const mock = spawn(PYTHON, ['-m', 'dbusmock', '--system', '-l', log(), '--template', 'logind'], {
    stdio: 'ignore',
    env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus.address },
  });
  ends.push(() => mock.kill());
  await until(() => method('Ready', '', '', ''), 20_000);
}

/** Sends the command, and waits until its countdown runs. */
async function counted(command: Command) {
  const sent = await world.send(agent.device, command);
  await until(async () => expect(await power()).toMatch(/Save your work before then/), 20_000);
  return sent.id;
}

it.skipIf(!dbusmock.present)('without logind, the device reports not_supported', { timeout: 120_000 }, async () => {
  const id = await counted(RESTART);
  await power('--now');
  expect(await world.finished(id)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/^not_supported: /),
  });
});

it.skipIf(!dbusmock.present)(
  'the user sees the countdown and delays it once; the device reports the result and asks logind once',
  { timeout: 120_000 },
  async () => {
    await startLogind();
    const id = await counted(RESTART);
    expect(await power('--delay')).toMatch(/You cannot delay it again/);
    expect(await power('--delay')).toMatch(/You cannot delay this again/);
    expect([(await world.command(id)).state, requests()]).toEqual(['stored', []]);
    await power('--now');
    expect(await world.finished(id)).toMatchObject({ state: 'done', detail: 'The machine restarts now.' });
    expect(requests()).toEqual(['Reboot']);
    const off = await counted({ kind: 'shut-down-device', minutes: 1 });
    await power('--now');
    expect(await world.finished(off)).toMatchObject({ state: 'done', detail: 'The machine shuts down now.' });
    expect(requests()).toEqual(['Reboot', 'PowerOff']);
    expect(await power()).toMatch(/No restart or shutdown waits/);
  },
);

it.skipIf(!dbusmock.present)(
  'after kill -9 during the request, the agent never asks again; the boot identifier decides about the result',
  { timeout: 120_000 },
  async () => {
    method('Reboot', 'b', '', 'import time; time.sleep(3)');
    for (const rebooted of [true, false]) {
      const before = requests().length;
      const id = await counted(RESTART);
      await power('--now');
      await until(() => expect(requests()).toHaveLength(before + 1), 20_000);
      await agent.kill();
      if (rebooted) {
        const notice = JSON.parse(readFileSync(agent.path('power.json'), 'utf8'));
        writeFileSync(agent.path('power.json'), JSON.stringify({ ...notice, boot: 'the boot before' }));
      }
      agent.run();
      expect(await world.finished(id)).toMatchObject(
        rebooted
          ? { state: 'done', detail: 'The machine has restarted.' }
          : { state: 'failed', detail: expect.stringMatching(/^interrupted: /) },
      );
      expect(requests()).toHaveLength(before + 1);
    }
  },
);

it.skipIf(!dbusmock.present)('reports not_permitted if polkit refuses', { timeout: 120_000 }, async () => {
  method('CanReboot', '', 's', 'ret = "challenge"');
  const before = requests();
  const { owner } = world.operator;
  const sent = await runInProcess(['commands', 'send', agent.device, 'restart-device', '--minutes', '5', '--json'], {
    CORDON_SERVER: world.server.admin,
    CORDON_TOKEN: owner.token,
  });
  const { id } = JSON.parse(sent.out);
  await until(async () => expect(await power()).toMatch(/Delay by 5 min/), 20_000);
  await power('--now');
  expect(await world.finished(id)).toMatchObject({
    state: 'failed',
    detail: expect.stringMatching(/^not_permitted: /),
  });
  expect(requests()).toEqual(before);
});

it.skipIf(!dbusmock.present)('an admin of the role helpdesk may not restart a device', async () => {
  const { as, owner, admin } = world.operator;
  const helpdesk = await invite(admin, owner, 'hana', [{ role: 'helpdesk' }]);
  const path = `/devices/${agent.device}/commands`;
  await expect(as(helpdesk, 'POST', path, commandView, { command: RESTART })).rejects.toMatchObject({
    code: 'forbidden',
  });
});
