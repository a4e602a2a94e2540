import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { type AgentStore, openAgentStore } from './agent-store.ts';

let folder: string;
let store: AgentStore;
const open = () => openAgentStore({ file: join(folder, 'agent.db') });
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-agent-store-'));
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const alarm = (code: string) => ({ type: 'alarm', code, detail: '', at: 1 }) as const;
const sequences = (device: ReturnType<AgentStore['device']>) => device.unconfirmed(0, 100).map(({ seq }) => seq);

it('keeps the devices of one file apart', () => {
  const [one, other] = [store.device(newDeviceId()), store.device(newDeviceId())];
  for (const device of [one, other]) device.beginGeneration(1);
  one.report(alarm('a'));
  expect(one.once('x')).toBe(true);
  expect(one.once('x')).toBe(false);
  expect(other.once('x')).toBe(true);
  expect([one.count(), other.count()]).toEqual([1, 0]);
  other.clear();
  expect(one.count()).toBe(1);
});

it('keeps a bounded number of alarms of one kind for the server, and does not lose another kind', () => {
  const device = store.device(newDeviceId());
  device.beginGeneration(1);
  for (let n = 0; n < 1_000; n += 1) device.report(alarm('noise'));
  device.report(alarm('ghost_member'));
  expect(device.count()).toBe(65);
  device.confirm(65);
  device.report(alarm('noise'));
  expect(device.count()).toBe(1);
});

it('never gives a number twice within a generation, also when all were confirmed and over a restart', () => {
  const id = newDeviceId();
  const device = store.device(id);
  device.beginGeneration(1);
  device.report(alarm('a'));
  device.report(alarm('b'));
  device.confirm(2);
  store.close();
  store = open();
  const again = store.device(id);
  again.beginGeneration(1);
  again.report(alarm('c'));
  expect(sequences(again)).toEqual([3]);
  // The server knows more than this file, which was restored from a copy: nothing new may hide under an old number.
  again.confirm(40);
  again.report(alarm('d'));
  expect(sequences(again)).toEqual([41]);
  again.beginGeneration(2);
  again.report(alarm('e'));
  expect(sequences(again)).toEqual([1]);
});

it('stores a command’s end and its report together or not at all, and once', () => {
  const device = store.device(newDeviceId());
  device.beginGeneration(1);
  const id = newCommandId();
  const shares = ['c2hhcmU='];
  expect(device.storeCommand({ id, command: { kind: 'lock-workspace' }, shares, expires: 1 })).toBe(true);
  expect(device.storeCommand({ id, command: { kind: 'wipe-workspace' }, expires: 1 })).toBe(false);
  const result = { type: 'result', command: id, outcome: 'done', detail: '', at: 1 } as const;
  expect(() =>
    device.transaction(() => {
      device.finishCommand(id, result);
      throw new Error('killed');
    }),
  ).toThrow('killed');
  expect(device.count()).toBe(0);
  expect(device.unfinishedCommands()).toMatchObject([{ id, command: { kind: 'lock-workspace' }, shares }]);
  device.finishCommand(id, result);
  device.finishCommand(id, result);
  expect(device.count()).toBe(1);
  expect(device.unfinishedCommands()).toEqual([]);
});

it('waits for whoever holds the file for a moment, from its first statement on', async () => {
  const file = join(folder, 'held.db');
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { DatabaseSync } from 'node:sqlite';
     const db = new DatabaseSync(${JSON.stringify(file)});
     db.exec('begin exclusive');
     process.stdout.write('held');
     setTimeout(() => db.close(), 400);`,
  ]);
  await once(holder.stdout, 'data');
  const late = openAgentStore({ file });
  expect(late.device(newDeviceId()).once('x')).toBe(true);
  late.close();
});
