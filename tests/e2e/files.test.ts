/** Files for devices and from devices: real server, agents and command lines. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { activityList } from '../../shared/api/activity.ts';
import { issuedToMany } from '../../shared/api/commands.ts';
import { fetchedFileList, fileView } from '../../shared/api/files.ts';
import { adminCli } from '../support/admin-cli.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { until } from '../support/until.ts';

/** Bytes per second. A file of 3 MB then takes several seconds, in which the test ends the agent. */
const BANDWIDTH = 1_000_000;

let world: World;
let agent: AgentProcess;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-files-'));
  world = await openWorld({ CORDON_PACKAGE_BANDWIDTH: String(BANDWIDTH) });
  agent = await world.enrolled();
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(async () => {
  await world?.remove();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function uploaded(name: string, content: Buffer) {
  const path = `/files?name=${encodeURIComponent(name)}`;
  const { sha256, size } = await world.operator.as(world.operator.owner, 'POST', path, fileView, content);
  return { kind: 'push-file', name, sha256, size } as const;
}

const admin = () => adminCli(world.operator.admin, folder, { CORDON_TOKEN: world.operator.owner.token });

it('sends a file into the workspace, also after kill -9 during the download', { timeout: 120_000 }, async () => {
  const content = randomBytes(3_000_000);
  const command = await uploaded('travel rules.pdf', content);
  expect(command.sha256).toBe(createHash('sha256').update(content).digest('hex'));
  const sent = await world.send(agent.device, command);
  await until(async () => expect((await world.command(sent.id)).state).toBe('stored'));
  await agent.kill();
  agent.run();
  expect(await world.finished(sent.id, 60_000)).toMatchObject({
    state: 'done',
    detail: 'The device stored "travel rules.pdf", 3000000 bytes.',
  });

  expect((await agent.cli(['workspace', 'ls'])).out).toMatch(/3000000 {2}organization\/travel rules\.pdf/);
  const copy = join(folder, 'copy');
  await agent.cli(['workspace', 'get', 'organization/travel rules.pdf', copy]);
  expect(readFileSync(copy).equals(content)).toBe(true);
  // No plain copy of the file is in the folder of the agent.
  const all = readdirSync(agent.path('.'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const start = content.subarray(0, 64);
  expect(all.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(start))).toEqual([]);

  await agent.cli(['workspace', 'rm', 'organization/travel rules.pdf']);
  expect((await agent.cli(['workspace', 'ls'])).out).not.toContain('travel rules');
});

it('fetches only a file of the folder, and the user sees the reason', { timeout: 120_000 }, async () => {
  const { owner, as } = world.operator;
  const local = join(folder, 'expenses.csv');
  writeFileSync(local, 'fair;120\n');
  await agent.cli(['workspace', 'put', local, 'organization/expenses.csv']);
  await agent.cli(['workspace', 'put', local, 'private.csv']);

  const sent = await admin().json<{ id: string }>([
    ...['files', 'fetch', agent.device, 'expenses.csv'],
    ...['--reason', 'Expenses of the fair'],
  ]);
  expect(await world.finished(sent.id)).toMatchObject({
    state: 'done',
    detail: 'The device sent "expenses.csv", 9 bytes.',
  });
  const to = join(folder, 'fetched.csv');
  await admin().json(['files', 'fetched', agent.device, '--command', sent.id, '--to', to]);
  expect(readFileSync(to, 'utf8')).toBe('fair;120\n');
  const listed = await as(owner, 'GET', `/devices/${agent.device}/fetched-files`, fetchedFileList);
  expect(listed.files).toMatchObject([
    { command: sent.id, name: 'expenses.csv', reason: 'Expenses of the fair', size: 9 },
  ]);
  const { entries } = await as(owner, 'GET', `/activity?device=${agent.device}`, activityList);
  expect(entries).toContainEqual(expect.objectContaining({ action: 'fetched-files.download', kind: 'read' }));

  for (const name of ['private.csv', 'missing.csv']) {
    const refused = await world.send(agent.device, { kind: 'fetch-file', name, reason: 'Test' });
    expect(await world.finished(refused.id)).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/^not_found: The organization’s folder/),
    });
  }
  for (const name of ['../private.csv', 'messages/key', '/etc/passwd', '..']) {
    const command = { kind: 'fetch-file', name, reason: 'Test' } as const;
    await expect(world.send(agent.device, command)).rejects.toMatchObject({ code: 'invalid_input' });
  }
  // The user sees each request, also those that failed.
  const { out } = await agent.cli(['privacy']);
  expect(out).toMatch(/expenses\.csv\. Reason: Expenses of the fair/);
  expect(out).toMatch(/private\.csv\. Reason: Test/);

  // Another device's path shows nothing of this file.
  const other = await world.enrolled();
  const url = `/api/v1/devices/${other.device}/fetched-files/${sent.id}`;
  const response = await fetch(world.server.admin + url, { headers: { authorization: `Bearer ${owner.token}` } });
  expect(response.status).toBe(404);
});

it('refuses both commands while the workspace is locked or wiped', { timeout: 120_000 }, async () => {
  const push = await uploaded('locked.txt', Buffer.from('locked'));
  const fetching = { kind: 'fetch-file', name: 'expenses.csv', reason: 'Test' } as const;
  for (const [kind, code] of [
    ['lock-workspace', 'workspace_locked'],
    ['wipe-workspace', 'workspace_wiped'],
  ] as const) {
    await world.finished((await world.send(agent.device, { kind })).id);
    for (const command of [push, fetching]) {
      const { id } = await world.send(agent.device, command);
      expect(await world.finished(id)).toMatchObject({ state: 'failed', detail: expect.stringContaining(code) });
    }
  }
  await world.finished((await world.send(agent.device, { kind: 'unlock-workspace' })).id);
  expect((await agent.cli(['workspace', 'ls'])).out).toBe('');
});

it('sends a file to a group, and fetches from one device at a time', { timeout: 120_000 }, async () => {
  const { owner, as } = world.operator;
  const second = await world.enrolled();
  second.run();
  const file = join(folder, 'rules.txt');
  writeFileSync(file, 'rules');
  const { sha256 } = await admin().json<{ sha256: string }>(['files', 'upload', file, '--note', 'For all']);
  const { id } = await admin().json<{ id: string }>(['files', 'push', sha256, '--group', world.group]);
  await until(
    async () => expect((await admin().json<{ counts: { done?: number } }>(['jobs', 'show', id])).counts.done).toBe(2),
    30_000,
  );
  for (const device of [agent, second]) {
    expect((await device.cli(['workspace', 'ls'])).out).toContain('organization/rules.txt');
  }

  const many = { command: { kind: 'fetch-file', name: 'rules.txt', reason: 'Test' }, devices: [agent.device] };
  await expect(as(owner, 'POST', '/commands', issuedToMany, many)).rejects.toMatchObject({ code: 'invalid_input' });
  const wrong = { command: { kind: 'push-file', name: 'other.txt', sha256, size: 5 }, devices: [agent.device] };
  await expect(as(owner, 'POST', '/commands', issuedToMany, wrong)).rejects.toMatchObject({ code: 'invalid_input' });
  await admin().json(['files', 'delete', sha256]);
  const gone = { ...wrong.command, name: 'rules.txt' } as const;
  await expect(world.send(agent.device, { ...gone, kind: 'push-file' })).rejects.toMatchObject({ code: 'not_found' });
});
