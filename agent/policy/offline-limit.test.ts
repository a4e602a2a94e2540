import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { openAgentStore } from '../store/agent-store.ts';
import { openWorkspace, type Workspace } from '../workspace/workspace.ts';
import { createOfflineLimit } from './offline-limit.ts';

const HOUR = 3_600_000;
const SHARE = randomBytes(32).toString('base64');
const text = Buffer.from('text');

let folder: string;
let store: ReturnType<typeof openAgentStore>;
let workspace: Workspace;
let contact: boolean;
let now: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-offline-'));
  store = openAgentStore({ file: join(folder, 'agent.db') });
  workspace = await openWorkspace(join(folder, 'workspace'));
  [contact, now] = [true, 1_000 * HOUR];
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open() {
  const rows = store.device(newDeviceId());
  rows.beginGeneration(1);
  const limit = createOfflineLimit({ store: rows, workspace, now: () => now, isInContact: () => contact });
  const wait = (hours: number) => {
    now += hours * HOUR;
    return limit.work(24);
  };
  return { rows, limit, wait };
}

describe('offline limit', () => {
  it('locks the workspace with the share, deletes it, and reports the lock once', async () => {
    const { rows, limit, wait } = open();
    await workspace.put('a', text);
    limit.keep(SHARE);
    expect((await limit.check(24)).status).toBe('met');
    await wait(0);
    expect(await wait(48)).toBe(false);
    contact = false;
    expect([await wait(23), workspace.state()]).toEqual([false, 'open']);
    expect([await wait(1), workspace.state()]).toEqual([true, 'locked']);
    expect(rows.offlineShare()).toBeNull();
    expect(rows.unconfirmed(0, 9).map(({ item }) => item)).toEqual([{ type: 'offline-lock', at: now }]);
    expect(await wait(99)).toBe(false);

    // A share that arrives while the workspace is locked could unlock it, so the device keeps none.
    limit.keep(SHARE);
    expect(rows.offlineShare()).toBeNull();
    await expect(workspace.unlock([randomBytes(32)])).rejects.toMatchObject({ code: 'workspace_locked' });
    await workspace.unlock([randomBytes(32), Buffer.from(SHARE, 'base64')]);
    expect(await workspace.get('a')).toEqual(text);
    limit.keep(SHARE);
    expect(rows.offlineShare()).toBe(SHARE);
  });

  it('never locks without a limit or without a share, and counts from the last contact', async () => {
    const { limit, wait } = open();
    await wait(0);
    contact = false;
    expect([await wait(99), workspace.state()]).toEqual([false, 'open']);
    expect((await limit.check(24)).status).toBe('unknown');
    limit.keep(SHARE);
    expect([await limit.work(null), workspace.state()]).toEqual([false, 'open']);
    contact = true;
    await wait(0);
    contact = false;
    expect(await wait(23)).toBe(false);
    expect(await wait(1)).toBe(true);
  });
});
