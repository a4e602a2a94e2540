import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace } from './workspace.ts';

/** The server's key share of a workspace lock. */
const SHARE = Buffer.alloc(32, 7);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-workspace-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = Buffer.from('the budget of the embassy');

/** An attack with the method of earlier versions, which uses only files of the folder. */
function unwrapAlone(kek: Buffer, state: string, bytes: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, 12)).setAAD(
    Buffer.from(`cordon workspace ${state}`),
  );
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}

function wrapAlone(kek: Buffer, state: string, key: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(`cordon workspace ${state}`));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

const everythingOnDisk = (): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => entry.name + (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'latin1') : ''))
    .join('\n');

describe('workspace', () => {
  it('returns stored files, and writes neither names nor content in plain text to the disk', async () => {
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

  it('refuses all access while locked, also after a renamed key file, and opens again', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    await workspace.lock(SHARE);
    await workspace.lock(SHARE);
    for (const act of [workspace.get('a'), workspace.put('b', SECRET), workspace.list()]) {
      await expect(act).rejects.toMatchObject({ code: 'workspace_locked' });
    }
    renameSync(join(folder, 'locked.key'), join(folder, 'open.key'));
    await expect(workspace.get('a')).rejects.toThrow();
    renameSync(join(folder, 'open.key'), join(folder, 'locked.key'));
    for (const shares of [[], [Buffer.alloc(32, 8)]]) {
      await expect(workspace.unlock(shares)).rejects.toMatchObject({ code: 'workspace_locked' });
    }
    expect(workspace.state()).toBe('locked');
    await workspace.unlock([SHARE]);
    expect(await workspace.get('a')).toEqual(SECRET);
  });

  it('cannot be opened after a lock with all files of the folder, nor with the share alone', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    await workspace.lock(SHARE);
    const keys = readdirSync(folder).filter((name) => name.endsWith('.key'));
    expect(keys.sort()).toEqual(['locked.key', 'wrapping.key']);
    const [locked, wrapping] = keys.map((name) => readFileSync(join(folder, name)));
    if (!locked || !wrapping) throw new Error('the keys are not there');
    for (const state of ['locked', 'open']) {
      // The attack also tries the key file without its prefix, as earlier versions wrote it.
      for (const bytes of [locked, locked.subarray(4)]) expect(() => unwrapAlone(wrapping, state, bytes)).toThrow();
      expect(() => unwrapAlone(SHARE, state, locked.subarray(4))).toThrow();
    }
    const again = await openWorkspace(folder);
    await expect(again.get('a')).rejects.toMatchObject({ code: 'workspace_locked' });
    await again.unlock([Buffer.alloc(32, 8), SHARE]);
    expect(await again.get('a')).toEqual(SECRET);
  });

  it('opens after a lock by an earlier version, and the next lock uses a share', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    const lockAsBefore = () => {
      const wrapping = readFileSync(join(folder, 'wrapping.key'));
      const key = unwrapAlone(wrapping, 'open', readFileSync(join(folder, 'open.key')));
      writeFileSync(join(folder, 'locked.key'), wrapAlone(wrapping, 'locked', key));
      rmSync(join(folder, 'open.key'));
    };
    lockAsBefore();
    expect(workspace.state()).toBe('locked');
    await workspace.unlock([]);
    expect(await workspace.get('a')).toEqual(SECRET);
    lockAsBefore();
    await workspace.lock(SHARE);
    await expect(workspace.unlock([])).rejects.toMatchObject({ code: 'workspace_locked' });
    await workspace.unlock([SHARE]);
    expect(await workspace.get('a')).toEqual(SECRET);
  });

  it('is deleted by a wipe, stays wiped after a restart, and is empty after an unlock', async () => {
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
    await again.lock(SHARE);
    await again.wipe();
    await again.unlock([SHARE]);
    expect(again.state()).toBe('open');
    expect(await again.list()).toEqual([]);
  });

  it('wipes a locked workspace too', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.lock(SHARE);
    await workspace.wipe();
    expect(readdirSync(folder).sort()).toEqual(['files', 'wiped']);
  });

  it('refuses a sealed file that was damaged or renamed', async () => {
    const workspace = await openWorkspace(folder);
    await workspace.put('a', SECRET);
    const [a] = readdirSync(join(folder, 'files'));
    await workspace.put('b', SECRET);
    const b = readdirSync(join(folder, 'files')).find((name) => name !== a);
    renameSync(join(folder, 'files', String(a)), join(folder, 'files', String(b)));
    await expect(workspace.get('b')).rejects.toMatchObject({ code: 'document_malformed' });
  });
});
