import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { MailFolder, MailItem } from './mail.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

const list = ({ mail }: MailDevice, folder: MailFolder = 'inbox') => mail.list(folder, { before: null, limit: 100 });
const subjects = (device: MailDevice, folder: MailFolder = 'inbox') => list(device, folder).map((each) => each.subject);
const FIELDS = { to: 'Zoe <zoe@example.org>', cc: '', bcc: '', subject: 'Figures', text: 'See below.' };
async function fetch({ mail }: MailDevice): Promise<void> {
  mail.newMail();
  await mail.maintain();
}
async function write({ mail }: MailDevice, fields: Partial<typeof FIELDS> = {}): Promise<string> {
  const id = await mail.createDraft('new', null);
  await mail.saveDraft(id, { ...FIELDS, ...fields });
  await mail.sendDraft(id);
  await mail.maintain();
  return id;
}
const sent = (device: MailDevice, id: string): MailItem | undefined =>
  list(device, 'sent').find((each) => each.id === id);

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

describe('a sent mail', () => {
  it('reaches the connector and the user’s other devices once', async () => {
    const second = await world.enroll('Ada');
    const id = await write(ada, { bcc: 'boss@example.org' });
    expect(sent(ada, id)).toMatchObject({ subject: 'Figures', delivery: { state: 'sent' } });
    const [opened] = await connector.receive();
    const text = Buffer.from(opened?.message ?? []).toString();
    expect(opened?.header).toMatchObject({
      direction: 'outbound',
      envelope: { from: 'ada@corp.example', to: ['zoe@example.org', 'boss@example.org'] },
    });
    expect(text).toMatch(/^From: Ada <ada@corp\.example>\r$/m);
    expect(text).toContain(`Message-ID: <${id}@corp.example>`);
    expect(text).not.toContain('boss@');
    await fetch(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'delivered' } });
    await fetch(second);
    expect(list(second, 'sent')).toMatchObject([{ id, subject: 'Figures', delivery: { state: 'sent' } }]);
    expect(second.announced).toEqual([]);
  });

  it('is sent once although responses are lost', async () => {
    let lost = 3;
    world.service.after = (request) => {
      if (request === 'handOver' && lost-- > 0) throw new CordonError('unavailable', 'the response was lost');
    };
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting', detail: 'the response was lost' } });
    for (let round = 0; round < 3; round += 1) {
      ada.mail.welcomed();
      await ada.mail.maintain();
    }
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('waits while the device is offline, also over a restart', async () => {
    world.service.reachable = false;
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting' } });
    await ada.stop();
    world.service.reachable = true;
    const again = await world.boot(ada);
    expect(sent(again, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('waits for a mail connector, and prefers a connected one', async () => {
    world.revoke(connector.self.device);
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(ada.mail.state()).toMatchObject({ state: 'no-connector' });
    const id = await write(ada);
    expect(sent(ada, id)?.delivery?.detail).toContain('no mail connector');
    const next = await world.connector('next');
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(ada.mail.state()).toMatchObject({ state: 'ready', address: 'ada@corp.example' });
    expect(await next.receive()).toHaveLength(1);
  });

  it('goes to another connector if the first one was removed before it had the mail', async () => {
    const second = await world.enroll('Ada');
    const id = await write(ada);
    const next = await world.connector('next');
    world.revoke(connector.self.device);
    const transport = world.service.accepted[0]?.id ?? '';
    const gone = {
      type: 'event',
      id: transport,
      device: connector.self.device,
      event: 'returned',
      denial: null,
    } as const;
    world.service.add(ada.id, gone);
    await fetch(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await next.receive()).toHaveLength(1);
    await fetch(second);
    expect(list(second, 'sent')).toHaveLength(1);
  });

  it.each([
    ['held', 'held'],
    ['refused', 'returned'],
  ] as const)('that the server reports as %s is shown as %s, with order and appeal', async (outcome, state) => {
    const denial = denialOf('2026-001');
    world.service.outcomes.set(connector.self.device, { outcome, denial });
    const id = await write(ada);
    const shown = { order: '2026-001', appeal: 'appeals@example.org', detail: denial.detail };
    expect(sent(ada, id)).toMatchObject({ delivery: { state, denial: shown } });
  });

  it('shows each event of the server', async () => {
    const id = await write(ada);
    const transport = world.service.accepted[0]?.id ?? '';
    const denial = denialOf('2026-002');
    for (const [event, state, order] of [
      ['held', 'held', '2026-002'],
      ['released', 'sent', null],
      ['returned', 'returned', '2026-002'],
      ['expired', 'expired', null],
    ] as const) {
      const about = { type: 'event', id: transport, device: connector.self.device } as const;
      world.service.add(ada.id, { ...about, event, denial: order === null ? null : denial });
      await fetch(ada);
      const delivery = sent(ada, id)?.delivery;
      expect([delivery?.state, delivery?.denial?.order ?? null]).toEqual([state, order]);
    }
  });

  it('is refused before sealing if it is too large', async () => {
    await expect(
      ada.mail.submit(Buffer.alloc(LARGEST_MAIL + 1), { from: 'ada@corp.example', to: ['z@example.org'] }),
    ).rejects.toMatchObject({ code: 'too_large' });
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.attach(id, { name: 'a', type: 'a/b', bytes: Buffer.alloc(20_000_000) });
    await expect(
      ada.mail.attach(id, { name: 'b', type: 'a/b', bytes: Buffer.alloc(20_000_000) }),
    ).rejects.toMatchObject({ code: 'too_large' });
  });

  it('carries a file of 20 MB', async () => {
    const bytes = Buffer.alloc(20_000_000, 'file');
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.saveDraft(id, FIELDS);
    await ada.mail.attach(id, { name: 'plan.bin', type: 'application/octet-stream', bytes });
    await ada.mail.sendDraft(id);
    await ada.mail.maintain();
    expect(Buffer.from((await ada.mail.file(id, 0)).bytes).equals(bytes)).toBe(true);
    const [opened] = await connector.receive();
    await connector.deliver('Ada', Buffer.from(opened?.message ?? []));
    await fetch(ada);
    const file = await ada.mail.file(list(ada)[0]?.id ?? '', 0);
    expect([file.name, Buffer.from(file.bytes).equals(bytes)]).toEqual(['plan.bin', true]);
  });

  it('can be submitted as a complete message, only from the own address', async () => {
    const message = Buffer.from(letter('Raw', 'text', ['Message-ID: <a@b>']));
    await expect(ada.mail.submit(message, { from: 'eve@corp.example', to: ['z@example.org'] })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await ada.mail.submit(message, { from: 'ADA@corp.example', to: ['z@example.org'] });
    await ada.mail.maintain();
    const [opened] = await connector.receive();
    expect(Buffer.from(opened?.message ?? []).equals(message)).toBe(true);
  });

  it('needs an address in the certificate', async () => {
    const nameless = await world.enroll('Nameless', { email: null });
    expect(nameless.mail.state()).toEqual({ state: 'no-address' });
    await expect(write(nameless)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('mail connectors of a sent mail', () => {
  const receivers = () => world.service.accepted.map(({ recipients }) => recipients.map(({ device }) => device));

  it('are one, also if another is enrolled for the user', async () => {
    await world.connector('Ada');
    await write(ada);
    expect(receivers()).toEqual([[connector.self.device]]);
  });

  it('have a current enrollment, although mail of an ended one is still opened', async () => {
    await write(ada);
    const { device, generation } = connector.self;
    world.revoke(device);
    world.service.connectors.push({ device, generation, connected: true });
    await write(ada);
    expect(receivers()).toEqual([[device]]);
    expect(sent(ada, list(ada, 'sent')[0]?.id ?? '')?.delivery?.state).toBe('waiting');
  });
});

describe('an answer', () => {
  const MAIL = letter('Plan', 'First line\r\nSecond', [
    'To: ada@corp.example, Ben <ben@corp.example>',
    'Cc: cyd@corp.example',
    'Message-ID: <m1@example.org>',
    'References: <m0@example.org>',
  ]);

  async function answer(kind: 'reply' | 'reply-all' | 'forward') {
    await connector.deliver('Ada', MAIL);
    await fetch(ada);
    const id = await ada.mail.createDraft(kind, list(ada)[0]?.id ?? '');
    return { id, draft: ada.mail.draft(id) };
  }

  it('to the sender continues the thread and quotes the text', async () => {
    const { id, draft } = await answer('reply');
    expect(draft).toMatchObject({ to: 'Eve <eve@example.org>', cc: '', subject: 'Re: Plan' });
    expect(draft.text).toContain('> First line\n> Second\n');
    await ada.mail.sendDraft(id);
    await ada.mail.maintain();
    const text = Buffer.from((await connector.receive())[0]?.message ?? []).toString();
    expect(text).toContain('In-Reply-To: <m1@example.org>');
    expect(text).toMatch(/References: <m0@example\.org>\s+<m1@example\.org>/);
  });

  it('to all leaves out the own address', async () => {
    const { draft } = await answer('reply-all');
    expect([draft.to, draft.cc]).toEqual(['Eve <eve@example.org>', 'Ben <ben@corp.example>, cyd@corp.example']);
  });

  it('that forwards a mail takes its files along', async () => {
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.saveDraft(id, FIELDS);
    await ada.mail.attach(id, { name: 'a.txt', type: 'text/plain', bytes: Buffer.from('attached') });
    await ada.mail.sendDraft(id);
    const forwarded = await ada.mail.createDraft('forward', id);
    expect(ada.mail.draft(forwarded)).toMatchObject({
      subject: 'Fwd: Figures',
      to: '',
      files: [{ name: 'a.txt', size: 8 }],
    });
  });
});

describe('an order that suspends mail', () => {
  it('stops fetching and sending until it ends', async () => {
    ada.gate = { order: '2026-001' };
    await connector.deliver('Ada', letter('Held'));
    await fetch(ada);
    expect(subjects(ada)).toEqual([]);
    expect(ada.mail.state()).toEqual({ state: 'denied', orders: ['2026-001'] });
    const error = await write(ada).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'service_denied',
      message: expect.stringMatching(/2026-001.*appeals@example/),
    });
    expect(list(ada, 'drafts')).toHaveLength(1);
    ada.gate = null;
    ada.mail.wake();
    await ada.mail.maintain();
    expect(subjects(ada)).toEqual(['Held']);
  });

  it('with the rule `deliver` lets only earlier mail pass', async () => {
    await connector.deliver('Ada', letter('Earlier'));
    ada.gate = { order: '2026-001', waiting: 'deliver', since: Date.now() + 5 };
    await new Promise((resolve) => setTimeout(resolve, 10));
    await connector.deliver('Ada', letter('Later'));
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Earlier']);
    expect(world.service.waiting(ada.id)).toBe(1);
  });

  it('keeps a waiting mail on the device, and sends it afterward', async () => {
    world.service.reachable = false;
    const id = await write(ada);
    world.service.reachable = true;
    ada.gate = { order: '2026-001' };
    await ada.mail.maintain();
    expect(await connector.receive()).toEqual([]);
    ada.gate = null;
    await ada.mail.maintain();
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('that only the server knows keeps the mail waiting, with order and appeal', async () => {
    world.service.senderDenial = denialOf('2026-003');
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting', denial: { order: '2026-003' } } });
    world.service.senderDenial = null;
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent', denial: null } });
  });
});

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

const denialOf = (order: string) => ({
  code: 'service_denied' as const,
  detail: `by order ${order}`,
  order,
  reasons: [],
  appeal: 'appeals@example.org',
  by: 'server' as const,
});
