/** Mail that arrives on a device. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { fetch, list, subjects } from '../../tests/support/mail-steps.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';
import type { Workspace } from '../workspace/workspace.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

describe('received mail', () => {
  it('arrives in the inbox, and is acknowledged', async () => {
    await connector.deliver('Ada', letter('Minutes', 'The minutes of today.'));
    await fetch(ada);
    const [item] = list(ada);
    expect(item).toMatchObject({
      subject: 'Minutes',
      from: { name: 'Eve', address: 'eve@example.org' },
      unread: true,
      excerpt: 'The minutes of today.',
    });
    expect(await ada.mail.open(item?.id ?? '')).toMatchObject({
      text: expect.stringContaining('The minutes of today.'),
    });
    expect(ada.mail.countUnread()).toBe(1);
    ada.mail.mark([item?.id ?? ''], false);
    expect(ada.mail.countUnread()).toBe(0);
    expect(world.service.waiting(ada.id)).toBe(0);
    expect(ada.announced).toEqual(['New mail from Eve: Minutes']);
    expect(ada.failures).toEqual([]);
  });

  it('arrives once although acknowledgments are lost, also after its deletion', async () => {
    await connector.deliver('Ada', letter('Once'));
    world.service.before = (request) => {
      if (request === 'received') throw new CordonError('unavailable', 'the network is down');
    };
    await fetch(ada);
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Once']);
    await ada.mail.remove(list(ada).map(({ id }) => id));
    world.service.before = () => undefined;
    await fetch(ada);
    expect(subjects(ada)).toEqual([]);
    expect(world.service.waiting(ada.id)).toBe(0);
  });

  it('stays after a restart, with its file', async () => {
    await connector.deliver('Ada', letter('Kept', 'x'.repeat(100_000)));
    await fetch(ada);
    await ada.stop();
    const again = await world.boot(ada);
    const [item] = list(again);
    expect(Buffer.from(await again.mail.source(item?.id ?? '')).toString()).toContain('Subject: Kept');
  });

  it('of a device that is not a mail connector is set aside, and causes one alert', async () => {
    const eve = await world.enroll('Eve');
    const forged = await world.connector('forged');
    world.members.forEach((member, index) => {
      if (member.device === forged.self.device) world.members[index] = { ...member, mailConnector: false };
    });
    await forged.deliver('Ada', letter('Pay this invoice'));
    await fetch(ada);
    expect(list(ada)).toMatchObject([{ subject: '', problem: expect.stringContaining('not a mail connector') }]);
    expect(ada.alerts).toEqual(['mail_unreadable']);
    expect(world.service.waiting(ada.id)).toBe(0);
    await eve.stop();
  });

  it('that was sealed for a deleted key is set aside, and later mail arrives', async () => {
    await connector.deliver('Ada', letter('Lost'));
    ada.store.device(ada.id).mail.removeMailKey(1, 1);
    await fetch(ada);
    expect(list(ada)).toMatchObject([{ problem: expect.stringContaining('mail key') }]);
    await connector.deliver('Ada', letter('Next'));
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Next', '']);
  });

  it('of a connector whose enrollment ended while the mail waited arrives', async () => {
    await connector.deliver('Ada', letter('First'));
    await fetch(ada);
    await connector.deliver('Ada', letter('Second'));
    world.revoke(connector.self.device);
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Second', 'First']);
  });

  it('that cannot be parsed can still be saved', async () => {
    await connector.deliver('Ada', Buffer.concat([Buffer.from('Subject: x\r\nX: '), Buffer.alloc(2_000_000, 'a')]));
    await fetch(ada);
    const [item] = list(ada);
    expect(item).toMatchObject({ problem: expect.stringContaining('cannot be parsed') });
    expect(await ada.mail.source(item?.id ?? '')).toHaveLength(2_000_015);
  });

  it('waits on the server while the disk is full', async () => {
    await ada.stop();
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    let isFull = true;
    const put: Workspace['put'] = async (name, content) => {
      if (isFull) throw full;
      await ada.workspace.put(name, content);
    };
    const again = await world.boot({ ...ada, workspace: { ...ada.workspace, put } });
    await connector.deliver('Ada', letter('Large'));
    await fetch(again);
    expect([subjects(again), again.failures, world.service.waiting(again.id)]).toEqual([[], [full], 1]);
    isFull = false;
    await fetch(again);
    expect([subjects(again), world.service.waiting(again.id)]).toEqual([['Large'], 0]);
  });

  it('is found by subject, person and text', async () => {
    await connector.deliver('Ada', letter('Budget 2027', 'The sum is 4711.'));
    await connector.deliver('Ada', letter('Other', `${'filler '.repeat(1000)}needle`));
    await fetch(ada);
    const find = async (text: string) => (await ada.mail.search(text)).mails.map(({ subject }) => subject);
    expect(await find('budget')).toEqual(['Budget 2027']);
    expect(await find('EVE budget')).toEqual(['Budget 2027']);
    expect(await find('4711')).toEqual(['Budget 2027']);
    expect(await find('needle')).toEqual(['Other']);
    expect(await find('absent')).toEqual([]);
    expect(await find(' ')).toEqual([]);
  });
});
