/** Parts of the service for other mail programs that need no process: password, header fields, and the mirror on a real disk. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkspace } from '../workspace/workspace.ts';
import { createAttemptLimit } from './attempt-limit.ts';
import { completedMessage } from './completed-message.ts';
import { openMaildir } from './maildir.ts';
import { baseName, type MirroredMail } from './maildir-changes.ts';
import { hashPassword, isPassword, newPassword, settingsFile } from './program-settings.ts';
import { workspaceWithMirror } from './workspace-with-mirror.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-maildir-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tree = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('password', () => {
  it('is stored as a salted hash, in a file that only the user can read', async () => {
    const password = newPassword();
    const stored = hashPassword(password);
    expect([isPassword(password, stored), isPassword(`${password}x`, stored), isPassword('', stored)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(hashPassword(password)).not.toBe(stored);
    const file = settingsFile(join(folder, 'settings'), join(folder, 'passwords'));
    expect(await file.read()).toBeNull();
    await file.write({ user: 'amina@corp.example', port: 8587, password: stored });
    expect(await file.read()).toEqual({ user: 'amina@corp.example', port: 8587, password: stored });
    expect(readFileSync(join(folder, 'passwords'), 'utf8')).toBe(`amina@corp.example:${stored}\n`);
    for (const name of tree()) expect(readFileSync(join(folder, name), 'utf8')).not.toContain(password);
    await file.remove();
    expect(tree()).toEqual([]);
  });

  it('is not accepted for the rest of a minute after too many wrong ones', () => {
    const limit = createAttemptLimit(2);
    limit.failed(0);
    expect(limit.allows(1)).toBe(true);
    limit.failed(30_000);
    expect([limit.allows(59_999), limit.allows(60_000)]).toEqual([false, true]);
  });
});

describe('header of a submitted message', () => {
  const completion = { from: 'amina@corp.example', at: 0, messageId: '<1@corp.example>' };
  const complete = 'From: Amina <amina@corp.example>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <2@x>\r\n';
  it.each([
    ['is unchanged if it is complete', `${complete}\r\nBcc: body\r\n`, `${complete}\r\nBcc: body\r\n`],
    [
      'loses hidden recipients',
      `${complete}bcc: a@b.example,\r\n c@d.example\r\nTo: e@f.example\r\n\r\nx`,
      `${complete}To: e@f.example\r\n\r\nx`,
    ],
    [
      'gets missing fields',
      'Subject: x\r\n\r\nx',
      'From: amina@corp.example\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <1@corp.example>\r\nSubject: x\r\n\r\nx',
    ],
  ])('%s', (_what, given, expected) => {
    expect(completedMessage(Buffer.from(given), completion).toString()).toBe(expected);
  });
});

describe('mirror', () => {
  const ID = '11111111-1111-4111-8111-111111111111';
  const mail: MirroredMail = { id: ID, folder: 'inbox', at: 1_700_000_000_000, unread: true };
  const content = async () => Buffer.from('Subject: secret\r\n\r\nsecret');

  it('delivers each mail once, also after a crash between the file and its record', async () => {
    const maildir = openMaildir(join(folder, 'Maildir'));
    await maildir.prepare();
    expect(await maildir.deliver([mail], content, () => true)).toBe(1);
    // State after a crash: an incomplete delivery, and a mail without its record.
    rmSync(join(folder, 'Maildir/cordon-delivered'));
    writeFileSync(join(folder, 'Maildir/tmp', baseName(mail)), 'Subj');
    const again = openMaildir(join(folder, 'Maildir'));
    await again.prepare();
    expect(await again.delivered()).toEqual(new Set());
    await again.deliver([mail], content, () => true);
    expect(await again.files()).toMatchObject([{ id: ID, place: 'new', flags: '' }]);
    expect(await again.delivered()).toEqual(new Set([ID]));
    expect(readdirSync(join(folder, 'Maildir/tmp'))).toEqual([]);
  });

  it('removes everything in the folder, also files of other programs, and writes nothing afterward', async () => {
    const maildir = openMaildir(join(folder, 'Maildir'));
    await maildir.prepare();
    await maildir.deliver([mail, { ...mail, folder: 'sent', unread: false }], content, () => true);
    mkdirSync(join(folder, 'Maildir/.Drafts/cur'), { recursive: true });
    writeFileSync(join(folder, 'Maildir/.Drafts/cur/1.M1.host:2,'), 'secret');
    writeFileSync(join(folder, 'Maildir/dovecot-uidvalidity.1'), '', { mode: 0o400 });
    writeFileSync(join(folder, 'kept'), 'kept');
    symlinkSync(join(folder, 'kept'), join(folder, 'Maildir/link'));
    mkdirSync(join(folder, 'Maildir.removed-1/cur'), { recursive: true });
    writeFileSync(join(folder, 'Maildir.removed-1/cur/rest'), 'secret of an interrupted removal');
    let isOpen = true;
    const removed = maildir.removeAll();
    const later = maildir.deliver([mail], content, () => isOpen);
    isOpen = false;
    expect((await removed).files).toBeGreaterThan(4);
    expect(await later).toBe(0);
    expect(tree()).toEqual(['kept']);
  });

  it('is gone when a lock or a wipe of the workspace resolves', async () => {
    const maildir = openMaildir(join(folder, 'Maildir'));
    const workspace = workspaceWithMirror(await openWorkspace(join(folder, 'workspace')), maildir);
    const fill = async () => {
      await maildir.prepare();
      await maildir.deliver([mail], content, () => workspace.state() === 'open');
    };
    const share = Buffer.alloc(32, 7);
    await fill();
    expect(tree().filter((name) => name.startsWith('Maildir/new/'))).toHaveLength(1);
    await workspace.lock(share);
    expect(tree().filter((name) => name.startsWith('Maildir'))).toEqual([]);
    await fill();
    expect(await maildir.files()).toEqual([]);
    await workspace.unlock([share]);
    await fill();
    const { verified } = await workspace.wipe();
    expect(verified).toContain('the mirror for other mail programs is gone');
    expect(tree().filter((name) => name.startsWith('Maildir'))).toEqual([]);
  });
});
