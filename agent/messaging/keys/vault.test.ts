import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import { type AgentStore, openAgentStore } from '../../store/agent-store.ts';
import { openWorkspace, type Workspace } from '../../workspace/workspace.ts';
import type { MessageStore } from '../message-store.ts';
import { createVault } from './vault.ts';

/** The server's key share of a workspace lock. */
const SHARE = Buffer.alloc(32, 7);

let folder: string;
let file: AgentStore;
let store: MessageStore;
let workspace: Workspace;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-vault-'));
  file = openAgentStore({ file: join(folder, 'agent.db') });
  store = file.device(newDeviceId()).messaging;
  workspace = await openWorkspace(join(folder, 'workspace'));
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

const vault = () => createVault({ workspace, store });
const keep = (value: Buffer) => store.saveMessagingValue('identity', value);
const kept = () => store.messagingValue('identity') ?? Buffer.alloc(0);

it('opens sealed data after a restart, and writes no plain text to the disk', async () => {
  const first = vault();
  expect(first.state()).toBe('closed');
  expect(() => first.seal('x', 1)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(await Promise.all([first.open(), first.open()])).toEqual([{ fresh: true }, { fresh: true }]);
  keep(first.seal('x', { text: 'the budget of the embassy' }));
  expect(readFileSync(join(folder, 'agent.db-wal')).includes('embassy')).toBe(false);
  const second = vault();
  expect(await second.open()).toEqual({ fresh: false });
  expect(second.unseal('x', kept())).toEqual({ text: 'the budget of the embassy' });
});

it('rejects data of another context, and reports damage', async () => {
  const opened = vault();
  await opened.open();
  const sealed = opened.sealBytes('x', Buffer.from('state'));
  expect(() => opened.openBytes('y', sealed)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
  for (const damaged of [
    sealed.subarray(1),
    sealed.subarray(0, -1),
    Buffer.alloc(0),
    Buffer.concat([sealed, sealed]),
  ]) {
    expect(() => opened.openBytes('x', damaged)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
  }
});

it('opens nothing during a lock, and everything after the unlock', async () => {
  const opened = vault();
  await opened.open();
  keep(opened.seal('x', 1));
  await workspace.lock(SHARE);
  expect(opened.state()).toBe('locked');
  expect(() => opened.unseal('x', kept())).toThrow(expect.objectContaining({ code: 'workspace_locked' }));
  await expect(opened.open()).rejects.toMatchObject({ code: 'workspace_locked' });
  await workspace.unlock([SHARE]);
  expect(opened.state()).toBe('closed');
  expect(await opened.open()).toEqual({ fresh: false });
  expect(opened.unseal('x', kept())).toBe(1);
});

it('begins with a new key after a wipe, and when the store is copied to another workspace', async () => {
  const opened = vault();
  await opened.open();
  keep(opened.seal('x', 1));
  await workspace.wipe();
  expect(() => opened.seal('x', 1)).toThrow(expect.objectContaining({ code: 'workspace_wiped' }));
  await expect(opened.open()).rejects.toMatchObject({ code: 'workspace_wiped' });
  await workspace.unlock([SHARE]);
  expect(await opened.open()).toEqual({ fresh: true });
  expect(store.messagingValue('identity')).toBeNull();

  keep(opened.seal('x', 2));
  workspace = await openWorkspace(join(folder, 'other'));
  expect(await vault().open()).toEqual({ fresh: true });
  expect(store.messagingValue('identity')).toBeNull();
});
