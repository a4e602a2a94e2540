import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace } from './workspace.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-workspace-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = Buffer.from('the budget of the embassy');

const everythingOnDisk = (): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => entry.name + (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'latin1') : ''))
    .join('\n');

describe('workspace', () => {
  it('gives back what was put, and shows neither names nor content on the disk', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('budget.txt', SECRET);
    await workspace.put('empty', Buffer.alloc(0));
    await workspace.put('budget.txt', Buffer.concat([SECRET, SECRET]));
    const again = await openWorkspace(folder);
    expect(await again.get('budget.txt')).toEqual(Buffer.concat([SECRET, SECRET]));
    expect(await again.list()).toEqual([
      { name: 'budget.txt', size: SECRET.length * 2 },
      { name: 'empty', size: 0 },
    ]);
    expect(everythingOnDisk()).not.toContain('budget');
    await expect(again.get('other')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses everything while locked, also to who renames the key back, and opens again', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    await workspace.lock();
    await workspace.lock();
    for (const act of [workspace.get('a'), workspace.put('b', SECRET), workspace.list()]) {
      await expect(act).rejects.toMatchObject({ code: 'workspace_locked' });
    }
    renameSync(join(folder, 'locked.key'), join(folder, 'open.key'));
    await expect(workspace.get('a')).rejects.toThrow();
    renameSync(join(folder, 'open.key'), join(folder, 'locked.key'));
    await workspace.unlock();
    expect(await workspace.get('a')).toEqual(SECRET);
  });

  it('is gone from the disk after a wipe, stays so over a restart, and begins empty when an admin opens it', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    await workspace.put('b', SECRET);
    const report = await workspace.wipe();
    expect(report.filesRemoved).toBe(2);
    expect(report.bytesOverwritten).toBeGreaterThan(2 * SECRET.length);
    expect(report.verified).toHaveLength(3);
    expect(readdirSync(folder).sort()).toEqual(['files', 'wiped']);
    expect(readdirSync(join(folder, 'files'))).toEqual([]);

    const again = await openWorkspace(folder);
    expect(again.state()).toBe('wiped');
    await expect(again.put('c', SECRET)).rejects.toMatchObject({ code: 'workspace_wiped' });
    await again.lock();
    await again.wipe();
    await again.unlock();
    expect(again.state()).toBe('open');
    expect(await again.list()).toEqual([]);
  });

  it('wipes a locked workspace too', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.lock();
    await workspace.wipe();
    expect(readdirSync(folder).sort()).toEqual(['files', 'wiped']);
  });

  it('refuses a sealed file that was damaged or put in another’s place', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    const [a] = readdirSync(join(folder, 'files'));
    await workspace.put('b', SECRET);
    const b = readdirSync(join(folder, 'files')).find((name) => name !== a);
    renameSync(join(folder, 'files', String(a)), join(folder, 'files', String(b)));
    await expect(workspace.get('b')).rejects.toMatchObject({ code: 'document_malformed' });
  });
});
