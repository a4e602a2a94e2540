/** Mail in a workspace that is locked, wiped or searched for plain text. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIELDS, fetch, list, subjects, write } from '../../tests/support/mail-steps.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

describe('the workspace', () => {
  const SHARE = Buffer.alloc(32, 7);

  it('locks all mail, and unlocks it', async () => {
    await connector.deliver('Ada', letter('Secret'));
    await fetch(ada);
    await ada.workspace.lock(SHARE);
    ada.mail.wake();
    await ada.mail.maintain();
    expect(() => list(ada)).toThrow(expect.objectContaining({ code: 'workspace_locked' }));
    expect(ada.mail.state()).toEqual({ state: 'locked' });
    await connector.deliver('Ada', letter('New'));
    await fetch(ada);
    await fetch(ada);
    expect(ada.announced.slice(1)).toEqual(['You have new mail. It arrives when the workspace is unlocked.']);
    await ada.workspace.unlock([SHARE]);
    await fetch(ada);
    expect(subjects(ada)).toEqual(['New', 'Secret']);
  });

  it('leaves no mail, key or file after a wipe', async () => {
    await connector.deliver('Ada', letter('CANARY-SUBJECT', 'CANARY-BODY'));
    await fetch(ada);
    await write(ada, { subject: 'CANARY-SENT' });
    await ada.mail.createDraft('new', null);
    const rows = ada.store.device(ada.id).mail;
    expect([rows.hasMail(), rows.mailKeys().length]).toEqual([true, 1]);
    await ada.workspace.wipe();
    ada.mail.wake();
    await ada.mail.maintain();
    expect([rows.hasMail(), rows.mailKeys().length]).toEqual([false, 0]);
    expect(readdirSync(join(ada.folder, 'workspace', 'files'))).toEqual([]);
    await ada.stop();
    for (const file of readdirSync(ada.folder).filter((name) => name.startsWith('agent.db'))) {
      expect(readFileSync(join(ada.folder, file)).includes('CANARY')).toBe(false);
    }
  });

  it('accepts mail again after a wipe and an unlock', async () => {
    await connector.deliver('Ada', letter('Before'));
    await ada.workspace.wipe();
    await fetch(ada);
    await ada.workspace.unlock([SHARE]);
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(list(ada)).toMatchObject([{ problem: expect.stringContaining('mail key') }]);
    await connector.deliver('Ada', letter('After'));
    await fetch(ada);
    expect(subjects(ada)).toEqual(['After', '']);
  });

  it('stores nothing readable', async () => {
    await connector.deliver('Ada', letter('CANARY-SUBJECT', 'CANARY-BODY'));
    await fetch(ada);
    await write(ada, { subject: 'CANARY-SENT', text: 'CANARY-TEXT' });
    await ada.mail.saveDraft(await ada.mail.createDraft('new', null), { ...FIELDS, subject: 'CANARY-DRAFT' });
    await ada.stop();
    const files = readdirSync(ada.folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(readFileSync(join(file.parentPath, file.name)).includes('CANARY')).toBe(false);
  });

  it('loses the files of deleted mails and drafts', async () => {
    const folder = join(ada.folder, 'workspace', 'files');
    const before = readdirSync(folder).length;
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.saveDraft(id, FIELDS);
    await ada.mail.attach(id, { name: 'a', type: 'a/b', bytes: Buffer.from('a') });
    await ada.mail.attach(id, { name: 'b', type: 'a/b', bytes: Buffer.from('b') });
    await ada.mail.detach(id, 0);
    await ada.mail.sendDraft(id);
    await ada.mail.maintain();
    expect(readdirSync(folder)).toHaveLength(before + 1);
    await ada.mail.remove([id, randomUUID()]);
    await ada.mail.maintain();
    expect(readdirSync(folder)).toHaveLength(before);
  });
});
