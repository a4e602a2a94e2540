/** The passcode of a device over a real workspace: actions of the user, the lock without input, reports and the check of the policy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type OpenedPasscode, openPasscodeOf } from '../../tests/support/passcode-of.ts';
import { openWorkspace, type Workspace } from '../workspace/workspace.ts';

const MINUTE = 60_000;
const SETTING = { minimumLength: 6, autoLockMinutes: 5, attempts: 3 };
const PASSCODE = 'correct horse';

let folder: string;
let workspace: Workspace;
let opened: OpenedPasscode;
const open = () => openWorkspace(folder, { passcodeCost: { memory: 64, passes: 1 } });
const states = () => opened.reports.map((report) => (report.type === 'passcode' ? report.state : report.type));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-passcode-work-'));
  workspace = await open();
  opened = openPasscodeOf(workspace);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function restart(): Promise<void> {
  workspace = await open();
  opened = opened.restart(workspace);
}

describe('actions of the user', () => {
  it('set a passcode only if a policy requires it, and only after the server has the share', async () => {
    await expect(opened.work.set(PASSCODE)).rejects.toMatchObject({ code: 'conflict' });
    opened.require(SETTING);
    await expect(opened.work.set('short')).rejects.toMatchObject({ code: 'invalid_input' });
    expect(opened.shares).toEqual([]);
    opened.disconnect();
    await expect(opened.work.set(PASSCODE)).rejects.toThrow('unreachable');
    expect([workspace.passcode.isSet(), workspace.state()]).toEqual([false, 'open']);
    await restart();
    await opened.work.set(PASSCODE);
    const [share] = opened.shares;
    expect(share).toHaveLength(32);
    await restart();
    await workspace.unlock([share ?? Buffer.alloc(0)], { resetPasscode: true });
    expect([workspace.passcode.isSet(), workspace.state()]).toEqual([false, 'open']);
  });

  it('remove the passcode only when no policy requires it', async () => {
    opened.require(SETTING);
    await opened.work.set(PASSCODE);
    await expect(opened.work.remove(PASSCODE)).rejects.toMatchObject({ code: 'conflict' });
    opened.require(null);
    expect(workspace.passcode.isSet()).toBe(true);
    await expect(opened.work.remove('wrong one')).rejects.toMatchObject({ code: 'passcode_wrong' });
    await opened.work.remove(PASSCODE);
    expect(await opened.work.view()).toMatchObject({ workspace: 'open', isSet: false, required: null });
  });
});

describe('the lock without input', () => {
  beforeEach(async () => {
    opened.require(SETTING);
    await opened.work.set(PASSCODE);
  });

  it('comes after the time of the policy, and each input delays it', async () => {
    await opened.wait(4 * MINUTE);
    opened.work.used();
    await opened.wait(4 * MINUTE);
    expect(workspace.state()).toBe('open');
    await opened.wait(MINUTE);
    expect(workspace.state()).toBe('passcode');
    await opened.work.enter(PASSCODE);
    expect(workspace.state()).toBe('open');
  });

  it('comes at the first input after a sleep of the device', async () => {
    opened.sleep(60 * MINUTE);
    opened.work.used();
    await expect.poll(workspace.state).toBe('passcode');
  });

  it('follows a changed policy at once, and ends with the policy', async () => {
    await opened.wait(2 * MINUTE);
    opened.require({ ...SETTING, autoLockMinutes: 1 });
    await opened.wait(0);
    expect(workspace.state()).toBe('passcode');
    opened.require(null);
    await opened.work.enter(PASSCODE);
    await opened.wait(1000 * MINUTE);
    expect(workspace.state()).toBe('open');
    await restart();
    expect(workspace.state()).toBe('passcode');
  });
});

describe('reports', () => {
  it('say whether a passcode is set, and that the workspace waits only after an hour', async () => {
    opened.require(SETTING);
    expect(states()).toEqual([]);
    await opened.work.set(PASSCODE);
    await opened.work.lock();
    await opened.work.enter(PASSCODE);
    await opened.wait(5 * MINUTE);
    await opened.wait(59 * MINUTE);
    expect(states()).toEqual(['set']);
    await opened.wait(MINUTE);
    await opened.wait(MINUTE);
    expect(states()).toEqual(['set', 'waiting']);
    await restart();
    expect(states()).toEqual(['set', 'waiting']);
    await opened.work.enter(PASSCODE);
    expect(states()).toEqual(['set', 'waiting', 'set']);
    await workspace.lock(Buffer.alloc(32));
    await opened.wait(100 * MINUTE);
    expect(states()).toHaveLength(3);
    await workspace.wipe();
    await opened.wait(0);
    expect(states()).toEqual(['set', 'waiting', 'set', 'none']);
    expect(JSON.stringify(opened.reports)).not.toContain('horse');
  });
});

describe('the check', () => {
  const check = async (setting = SETTING) => (await opened.work.check(setting)).status;

  it('is met with a passcode of the required length, also while the workspace waits', async () => {
    opened.require(SETTING);
    expect(await check()).toBe('not-met');
    await opened.work.set(PASSCODE);
    expect(await check()).toBe('met');
    await opened.work.lock();
    expect(await check()).toBe('met');
    const stricter = { ...SETTING, minimumLength: 10 };
    opened.require(stricter);
    expect([await check(stricter), (await opened.work.view()).isLongEnough]).toEqual(['not-met', false]);
    await opened.work.enter(PASSCODE);
    expect([await check(stricter), (await opened.work.view()).isLongEnough]).toEqual(['met', true]);
    await workspace.lock(Buffer.alloc(32));
    expect(await check()).toBe('unknown');
  });

  it('runs again after each change that can alter its result', async () => {
    opened.require(SETTING);
    await opened.work.set(PASSCODE);
    expect(opened.checked()).toBe(1);
    await opened.work.lock();
    await opened.work.enter(PASSCODE);
    expect(opened.checked()).toBe(1);
    opened.require({ ...SETTING, minimumLength: 10 });
    await opened.work.enter(PASSCODE);
    expect(opened.checked()).toBe(2);
    await workspace.unlock(opened.shares, { resetPasscode: true });
    opened.work.changed();
    expect(opened.checked()).toBe(3);
  });
});
