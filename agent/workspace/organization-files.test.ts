/** The organization's folder: its names, and its separation from the other files of a real workspace. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { type OrganizationFiles, organizationFiles } from './organization-files.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

let folder: string;
let workspace: Workspace;
let files: OrganizationFiles;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-organization-'));
  workspace = await openWorkspace(join(folder, 'workspace'));
  files = organizationFiles(workspace);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('stores, lists, replaces and deletes files, and shows no other file', async () => {
  await workspace.put('messages/key', Buffer.from('secret'));
  await workspace.put('own.txt', Buffer.from('own'));
  await files.put('rules.pdf', Buffer.from('first version'));
  await files.put('rules.pdf', Buffer.from('second'));
  expect(await files.list()).toEqual([{ name: 'rules.pdf', size: 6 }]);
  expect((await files.get('rules.pdf')).toString()).toBe('second');
  await files.remove('rules.pdf');
  expect(await files.list()).toEqual([]);
  expect((await workspace.get('messages/key')).toString()).toBe('secret');
});

it.each(['../messages/key', 'messages/key', '..', '/etc/passwd', '', 'a\0b'])(
  'reaches no file outside the folder by the name %j',
  async (name) => {
    await workspace.put('messages/key', Buffer.from('secret'));
    for (const attempt of [files.get(name), files.put(name, Buffer.from('x')), files.remove(name)]) {
      await expect(attempt).rejects.toMatchObject({ code: 'invalid_input' });
    }
    expect((await workspace.get('messages/key')).toString()).toBe('secret');
  },
);

it('keeps the files sealed, under names that reveal nothing, and a wipe destroys them', async () => {
  const content = Buffer.alloc(300_000, 'content that must not be readable ');
  await files.put('rules.pdf', content);
  const stored = readdirSync(join(folder, 'workspace/files'));
  expect(stored).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  expect(readFileSync(join(folder, 'workspace/files', stored[0] ?? '')).includes('must not be readable')).toBe(false);
  expect(await files.list()).toEqual([{ name: 'rules.pdf', size: content.length }]);
  await workspace.wipe();
  expect(readdirSync(join(folder, 'workspace/files'))).toEqual([]);
  await expect(files.list()).rejects.toMatchObject({ code: 'workspace_wiped' });
});

it('refuses a file that is too large', async () => {
  await expect(files.put('large', Buffer.alloc(LARGEST_FILE + 1))).rejects.toMatchObject({ code: 'too_large' });
});

it('leaves no file behind that a wipe overtook', async () => {
  const stored = files.put('rules.pdf', Buffer.alloc(LARGEST_FILE));
  await Promise.all([workspace.wipe().catch(() => undefined), stored.catch(() => undefined)]);
  await workspace.wipe();
  expect(readdirSync(join(folder, 'workspace/files'))).toEqual([]);
  await expect(files.get('rules.pdf')).rejects.toMatchObject({ code: 'workspace_wiped' });
});
