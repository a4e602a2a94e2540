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

const alert = (code: string) => ({ type: 'alert', code, detail: '', at: 1 }) as const;
const sequences = (device: ReturnType<AgentStore['device']>) => device.unconfirmed(0, 100).map(({ seq }) => seq);

it('keeps the devices of one file apart', () => {
  const [one, other] = [store.device(newDeviceId()), store.device(newDeviceId())];
  for (const device of [one, other]) device.beginGeneration(1);
  one.report(alert('a'));
  expect(one.once('x')).toBe(true);
  expect(one.once('x')).toBe(false);
  expect(other.once('x')).toBe(true);
  expect([one.count(), other.count()]).toEqual([1, 0]);
  other.clear();
  expect(one.count()).toBe(1);
});

it('stores a limited number of alerts per code, and keeps alerts of other codes', () => {
  const device = store.device(newDeviceId());
  device.beginGeneration(1);
  for (let n = 0; n < 1_000; n += 1) device.report(alert('noise'));
  device.report(alert('unverified_member'));
  expect(device.count()).toBe(65);
  device.confirm(65);
  device.report(alert('noise'));
  expect(device.count()).toBe(1);
});

it('never repeats a sequence number within a generation, also after all confirmations and a restart', () => {
  const id = newDeviceId();
  const device = store.device(id);
  device.beginGeneration(1);
  device.report(alert('a'));
  device.report(alert('b'));
  device.confirm(2);
  store.close();
  store = open();
  const again = store.device(id);
  again.beginGeneration(1);
  again.report(alert('c'));
  expect(sequences(again)).toEqual([3]);
  // The store was restored from a backup, so the server has more reports than the store. A new report must not use an old number.
  again.confirm(40);
  again.report(alert('d'));
  expect(sequences(again)).toEqual([41]);
  again.beginGeneration(2);
  again.report(alert('e'));
  expect(sequences(again)).toEqual([1]);
});

it('stores a command’s end and its report in one transaction, once', () => {
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

it('waits for another process that briefly locks the file, from the first statement', async () => {
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
