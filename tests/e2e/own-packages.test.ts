/** Own packages: uploaded by one person, signed by another, downloaded in parts, verified and installed on a real agent. */

import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issuedToMany } from '../../shared/api/commands.ts';
import { packageList, packageView } from '../../shared/api/packages.ts';
import { PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { pae } from '../../shared/order/pae.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { aptMachines } from '../support/apt-machine.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { invite, type Person } from '../support/people.ts';
import { RpmMachine, rpmMachines } from '../support/rpm-machine.ts';
import { SystemHelper } from '../support/system-helper.ts';
import { until } from '../support/until.ts';

const test = it.skipIf(!aptMachines.present);

/** Bytes per second. A package of 1.5 MB then takes several seconds, in which the test ends the agent. */
const BANDWIDTH = 400_000;
const SIZE = 1_500_000;

let world: World;
let helper: SystemHelper;
let agent: AgentProcess;
let folder: string;
/** Uploads packages. The owner cannot, because the owner created the account of the signer. */
let fleet: Person;

/** Package files. They are built before the server starts, because the build blocks this process. */
const files: Record<'own' | 'unsigned' | 'cli' | 'rpm', string> = { own: '', unsigned: '', cli: '', rpm: '' };
let rpm: RpmMachine | undefined;

beforeAll(async () => {
  helper = new SystemHelper();
  files.own = helper.machine.build('cordon-own', '1.0', { content: randomBytes(SIZE) });
  files.unsigned = helper.machine.build('cordon-unsigned', '1.0');
  files.cli = helper.machine.build('cordon-cli', '3.1');
  rpm = rpmMachines.present ? new RpmMachine() : undefined;
  files.rpm = rpm?.build('cordon-own', '1.0', { epoch: 2 }) ?? '';
  world = await openWorld({ CORDON_PACKAGE_BANDWIDTH: String(BANDWIDTH) });
  fleet = await invite(world.operator.admin, world.operator.owner, 'fleet', [{ role: 'fleet' }]);
  folder = mkdtempSync(join(tmpdir(), 'cordon-own-'));
  helper.allow({ allow: [] }, [ada().key.publicKey]);
  await helper.start();
  agent = await world.enrolled({ ...helper.machine.env, CORDON_AGENT_SYSTEM_SOCKET: helper.socket });
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(async () => {
  await world?.remove();
  await helper?.remove();
  rpm?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function ada() {
  const [first] = world.operator.approvers;
  if (!first) throw new Error('there is no approver');
  return first;
}

async function uploaded(name: string, version: string, file: string) {
  const path = `/packages?name=${name}&version=${version}&architecture=all`;
  return fleet.api.call('POST', path, packageView, readFileSync(file));
}

async function signed({ sha256, statement }: { sha256: string; statement: string }) {
  const { key } = ada();
  const signature = key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(statement))).toString('base64');
  const path = `/packages/${sha256}/signature`;
  const view = await world.operator.as(ada(), 'POST', path, packageView, { keyid: key.keyid, signature });
  if (!view.envelope) throw new Error('the package is not signed');
  return { kind: 'install-package', change: randomUUID(), envelope: view.envelope } satisfies Command;
}

test('continues a download after kill -9 of the agent, within the bandwidth, and rolls the installation back', async () => {
  const { machine } = helper;
  const view = await uploaded('cordon-own', '1.0', files.own);
  const command = await signed(view);
  const sent = await world.send(agent.device, command);
  const part = agent.path(`packages/${view.sha256}.part`);
  const size = () => (existsSync(part) ? statSync(part).size : 0);
  await until(() => expect(size()).toBeGreaterThan(SIZE / 4), 30_000);
  await agent.kill();
  const before = size();
  expect(before).toBeLessThan(view.size);
  agent.run();
  // The file would shrink if the agent started the download again.
  await until(() => expect(size()).toBeGreaterThan(before), 30_000);
  expect(await world.finished(sent.id, 60_000)).toMatchObject({ state: 'done', detail: 'cordon-own 1.0 installed.' });
  expect(machine.version('cordon-own')).toBe('1.0');
  expect(readdirSync(agent.path('packages'))).toEqual([]);

  const back = await world.send(agent.device, { kind: 'roll-back-software', change: randomUUID(), of: command.change });
  expect(await world.finished(back.id)).toMatchObject({ state: 'done', detail: 'cordon-own 1.0 removed.' });
  expect(machine.version('cordon-own')).toBeNull();
}, 120_000);

test('does not install a package without a signature of another person', async () => {
  const { as, owner } = world.operator;
  const view = await uploaded('cordon-unsigned', '1.0', files.unsigned);
  const { key } = ada();
  for (const payload of [view.statement, 'not JSON']) {
    const envelope = {
      payloadType: PAYLOAD_TYPES.package,
      payload: Buffer.from(payload).toString('base64'),
      signatures: [],
    };
    const command = { kind: 'install-package', change: randomUUID(), envelope } as const;
    await expect(world.send(agent.device, command)).rejects.toMatchObject({ code: 'invalid_input' });
    const toMany = { command, devices: [agent.device] };
    await expect(as(owner, 'POST', '/commands', issuedToMany, toMany)).rejects.toMatchObject({ code: 'invalid_input' });
  }
  const sign = (person: typeof owner, signature: string) =>
    as(person, 'POST', `/packages/${view.sha256}/signature`, packageView, { keyid: key.keyid, signature });
  const good = key.sign(pae(PAYLOAD_TYPES.package, Buffer.from(view.statement))).toString('base64');
  await expect(sign(owner, good)).rejects.toMatchObject({ code: 'same_person' });
  await expect(sign(ada(), Buffer.from('wrong').toString('base64'))).rejects.toMatchObject({
    code: 'approval_invalid',
  });
  expect((await sign(ada(), good)).signedBy).not.toBeNull();
});

test('an admin uploads, signs and installs a package on the command line', async () => {
  const owned = adminCli(world.operator.admin, folder, { CORDON_TOKEN: fleet.token });
  const upload = ['packages', 'upload', files.cli, '--package', 'cordon-cli', '--package-version', '3.1'];
  const { sha256 } = await owned.json<{ sha256: string }>(upload);
  const keyFile = join(folder, 'ada.pem');
  writeFileSync(keyFile, ada().pem, { mode: 0o600 });
  const approver = adminCli(world.operator.admin, folder, {
    CORDON_TOKEN: ada().token,
    CORDON_KEY_PASSPHRASE: 'the passphrase of ada',
  });
  await approver.json(['packages', 'sign', sha256, '--key', keyFile, '--yes']);
  const { id } = await owned.json<{ id: string }>(['packages', 'install-own', sha256, '--device', agent.device]);
  await until(() => expect(helper.machine.version('cordon-cli')).toBe('3.1'), 30_000);
  await until(
    async () => expect((await owned.json<{ counts: { done?: number } }>(['jobs', 'show', id])).counts.done).toBe(1),
    20_000,
  );
  const rolled = await owned.json<{ queued: number }>(['packages', 'roll-back', id]);
  expect(rolled.queued).toBe(1);
  await until(() => expect(helper.machine.version('cordon-cli')).toBeNull(), 30_000);
}, 120_000);

it.skipIf(!aptMachines.present || !rpmMachines.present)(
  'reads the facts of an RPM package, which a device with apt refuses',
  async () => {
    const { as, owner } = world.operator;
    const bytes = readFileSync(files.rpm);
    const wrong = as(owner, 'POST', '/packages?version=1.0-1', packageView, bytes);
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('states the version 2:1.0-1. Omit the version.'),
    });
    await expect(as(owner, 'POST', '/packages', packageView, bytes.subarray(0, 200))).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(as(owner, 'POST', '/packages', packageView, readFileSync(files.own))).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('State name, version and architecture of a Debian package'),
    });
    const owned = adminCli(world.operator.admin, folder, { CORDON_TOKEN: fleet.token });
    const view = packageView.parse(await owned.json(['packages', 'upload', files.rpm]));
    expect(view).toMatchObject({ format: 'rpm', name: 'cordon-own', version: '2:1.0-1', architecture: 'noarch' });
    expect(JSON.parse(view.statement)).toMatchObject({ format: 'rpm', version: '2:1.0-1' });
    const sent = await world.send(agent.device, await signed(view));
    const finished = await world.finished(sent.id, 60_000);
    expect(finished).toMatchObject({ state: 'failed' });
    expect(finished.detail).toMatch(/cannot install a package of the format rpm/);
  },
);

test('keeps nothing of an upload that kill -9 of the server interrupts, and every complete package', async () => {
  const { owner } = world.operator;
  const list = () => world.operator.as(owner, 'GET', '/packages', packageList);
  const before = await list();
  const parts = () => {
    const database = new BetterSqlite3(join(world.server.home, 'cordon.db'), { readonly: true });
    try {
      return database.prepare('select count(*) as n from upload_parts').pluck().get();
    } finally {
      database.close();
    }
  };
  const headers = { authorization: `Bearer ${owner.token}`, 'content-type': 'application/octet-stream' };
  const request = http.request(`${world.server.admin}/api/v1/packages`, { method: 'POST', headers });
  const ended = once(request, 'error');
  request.write(randomBytes(1_000_000));
  await until(() => expect(parts()).toBe(3), 30_000);
  await world.server.kill();
  await ended;
  expect(parts()).toBe(3);
  await world.server.start();
  expect(parts()).toBe(0);
  expect(await list()).toEqual(before);
});
