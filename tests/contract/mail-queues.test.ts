/** Mail and its queues on both databases. The tests of `server/mail` cover the decisions; these tests cover their storage. */
import { hash, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { MAIL_KEPT_FOR } from '../../server/mail/acceptance.ts';
import { QUEUE_LIMITS } from '../../server/mail/placement.ts';
import type { JudgedMail, MailQueueQuery } from '../../server/mail/ports.ts';
import type { Enrollment, SettledDevice } from '../../server/relay/ports.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { mailStores } from '../../server/store/mail-stores.ts';
import { removeExpired } from '../../server/store/retention.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { MailQueueItem } from '../../shared/protocol/mail-http.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { headerOf, type MailWithPieces, mailOf } from '../support/sealed-mail.ts';
import { describeOnEveryStore } from './every-store.ts';

const AT = 1_447_200_000_000;
const LATER = AT + 1_000;
const DAY = 86_400_000;
const denial: DenialNotice = {
  code: 'service_denied',
  detail: 'Suspended.',
  order: '2015-001',
  reasons: ['present'],
  appeal: 'the desk',
  by: 'server',
};

async function service(database: Database) {
  const group = await addGroup(database, 'g');
  const stores = mailStores(database);
  const { mails, pieces, queues } = stores;
  const first = (device: DeviceId): Enrollment => ({ device, generation: 1 });
  const add = async (): Promise<Enrollment> => first(await addDevice(database, { group }));
  async function upload({ mail, bytes }: MailWithPieces) {
    for (const [index, { id }] of mail.pieces.entries()) {
      const body = bytes[index] ?? Buffer.alloc(0);
      const piece = { id, enrollment: mail.sender, bytes: body, sha256: hash('sha256', body, 'hex'), at: AT };
      await pieces.put(piece, Number.MAX_SAFE_INTEGER);
    }
  }
  const judged = (
    { mail }: MailWithPieces,
    more: Partial<JudgedMail> & { denied?: Enrollment[]; rule?: WaitingRule } = {},
  ): JudgedMail => ({
    mail,
    at: AT,
    expiresAt: AT + MAIL_KEPT_FOR,
    recipients: mail.recipients.map(({ device, generation }) => {
      const isDenied = more.denied?.some((one) => one.device === device) === true;
      return {
        device,
        generation,
        known: true,
        denial: isDenied ? denial : null,
        waiting: isDenied ? (more.rule ?? 'hold') : null,
      };
    }),
    ...more,
  });
  /** Uploads the pieces of a mail, and hands the mail over. */
  async function send(mail: MailWithPieces, more: Parameters<typeof judged>[1] = {}) {
    await upload(mail);
    const placed = await mails.place(judged(mail, more));
    if (placed.result !== 'placed') throw new Error(placed.result);
    return placed.response.recipients.map(({ outcome }) => outcome);
  }
  const query = (of: Enrollment, more: Partial<MailQueueQuery> = {}): MailQueueQuery => ({
    ...of,
    after: 0,
    items: 50,
    bytes: 1_000_000,
    dueOnly: false,
    now: LATER,
    ...more,
  });
  const read = async (of: Enrollment, more: Partial<MailQueueQuery> = {}) => (await queues.read(query(of, more))).items;
  const has = async (of: Enrollment, more: Partial<MailQueueQuery> = {}) => (await read(of, more)).map(said);
  /** Acknowledges all items that the device may receive. */
  async function take(of: Enrollment) {
    const items = await read(of);
    await queues.acknowledge(of, items.at(-1)?.seq ?? 1, LATER);
    return items.map(said);
  }
  const settled = (of: Enrollment, rule: WaitingRule | null): SettledDevice => ({
    device: of.device,
    denial: rule && { rule, order: '2015-001' },
    notice: rule && denial,
  });
  const settle = (of: Enrollment, rule: WaitingRule | null, now = LATER) => queues.settle([settled(of, rule)], now);
  const counters = (of: Enrollment) =>
    database.db.selectFrom('mail_queues').selectAll().where('device_id', '=', of.device).executeTakeFirst();
  const rows = async (table: 'mails' | 'mail_pieces' | 'mail_entries') =>
    (await database.db.selectFrom(table).selectAll().execute()).length;
  return { database, group, ...stores, add, upload, judged, send, query, read, has, take, settle, counters, rows };
}

/** Header of a mail, or an event as in `held 2015-001`. */
function said(item: MailQueueItem): string {
  return item.type === 'mail' ? headerOf(item.mail) : `${item.event} ${item.denial?.order ?? '-'}`;
}

const text = (header: string, more: { sizes?: number[]; id?: string } = {}) => ({ header, ...more });

describeOnEveryStore('mail queues', (open) => {
  it('store a mail once for each recipient, and its pieces until the last recipient has acknowledged it', async () => {
    const { mails, pieces, queues, judged, add, send, has, take, counters, rows } = await service(await open());
    const [from, one, two] = [await add(), await add(), await add()];
    const gone = { device: newDeviceId(), generation: 1 };
    const letter = mailOf(from, [one, two, gone], { ...text('hello'), sizes: [300, 20] });
    expect(await send(letter)).toEqual(['stored', 'stored', 'unknown']);
    const again = await Promise.all(Array.from({ length: 5 }, () => mails.place(judged(letter))));
    for (const placed of again) expect(placed).toMatchObject({ result: 'placed', entries: [] });
    expect(await mails.earlierResponse(from, letter.mail.id)).toEqual(
      again[0]?.result === 'placed' && again[0].response,
    );
    expect(await mails.earlierResponse(one, letter.mail.id)).toBeNull();
    expect([await has(one), await has(two), await has(gone)]).toEqual([['hello'], ['hello'], []]);
    expect(await counters(one)).toMatchObject({ entries: 1, last_seq: 1, offered: 1, events: 0 });

    const [piece] = letter.mail.pieces;
    expect(await pieces.size(piece?.id ?? '', one, false)).toBe(300);
    expect(
      (await pieces.part(piece?.id ?? '', 100, 1000))?.equals(letter.bytes[0]?.subarray(100) ?? Buffer.alloc(0)),
    ).toBe(true);
    expect(await pieces.size(piece?.id ?? '', from, false)).toBeNull();
    expect(await pieces.size(piece?.id ?? '', { ...one, generation: 2 }, false)).toBeNull();

    expect(await take(one)).toEqual(['hello']);
    expect(await pieces.size(piece?.id ?? '', one, false)).toBeNull();
    expect([await rows('mails'), await rows('mail_pieces')]).toEqual([1, 2]);
    // An acknowledgment by another enrollment of the device.
    await queues.acknowledge({ ...two, generation: 2 }, 9, LATER);
    expect(await has(two)).toEqual(['hello']);
    await Promise.all([queues.acknowledge(two, 1, LATER), queues.acknowledge(two, 9, LATER)]);
    expect([await rows('mails'), await rows('mail_pieces')]).toEqual([0, 0]);
    expect(await counters(two)).toMatchObject({ entries: 0, bytes: 0, acknowledged: 1 });
    expect(await take(from)).toEqual(['delivered -', 'delivered -']);
    expect(await rows('mail_entries')).toBe(0);
  });

  it('never count an acknowledgment for an item that the device was not sent', async () => {
    const { queues, add, send, has, take, read } = await service(await open());
    const [from, to] = [await add(), await add()];
    await send(mailOf(from, [to], text('one')));
    await queues.acknowledge(to, 1_000, LATER);
    expect(await has(to)).toEqual(['one']);
    await send(mailOf(from, [to], text('two')));
    await queues.acknowledge(to, 1_000, LATER);
    expect(await take(to)).toEqual(['two']);
    expect((await read(from)).map(said)).toEqual(['delivered -', 'delivered -']);
  });

  it('refuse a mail without its pieces, and a piece of another mail, device or enrollment', async () => {
    const { mails, judged, add, send, upload, rows } = await service(await open());
    const [from, to] = [await add(), await add()];
    const missing = mailOf(from, [to], { sizes: [5, 6] });
    const second = missing.mail.pieces[1]?.id;
    await upload({ ...missing, mail: { ...missing.mail, pieces: missing.mail.pieces.slice(0, 1) } });
    expect(await mails.place(judged(missing))).toEqual({ result: 'piece-missing', piece: second });
    expect(await rows('mails')).toBe(0);

    const stored = mailOf(from, [to]);
    await send(stored);
    const thief = { ...stored, mail: { ...stored.mail, id: randomUUID() } };
    expect(await mails.place(judged(thief))).toMatchObject({ result: 'piece-missing' });
    const other = await add();
    const foreign = mailOf(from, [to]);
    await upload(foreign);
    const stolen = { ...foreign, mail: { ...foreign.mail, sender: other } };
    expect(await mails.place(judged(stolen))).toMatchObject({ result: 'piece-missing' });
    const changed = { ...foreign.mail, pieces: foreign.mail.pieces.map((piece) => ({ ...piece, size: 99 })) };
    expect(await mails.place(judged({ ...foreign, mail: changed }))).toMatchObject({ result: 'piece-missing' });
    const ended = { ...foreign, mail: { ...foreign.mail, sender: { ...from, generation: 2 } } };
    expect(await mails.place(judged(ended))).toEqual({ result: 'sender-ended' });
  });

  it('keep pieces for a day, and at most the allowed bytes of pieces that no mail names', async () => {
    const { database, pieces, add, send, rows } = await service(await open());
    const [from, to] = [await add(), await add()];
    const bytes = Buffer.from('piece');
    const piece = { id: 'a'.repeat(43), enrollment: from, bytes, sha256: hash('sha256', bytes, 'hex'), at: AT };
    await pieces.put(piece, 10);
    await pieces.put(piece, 10);
    await expect(pieces.put({ ...piece, id: 'b'.repeat(43) }, 9)).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
    await expect(pieces.put({ ...piece, enrollment: to }, 10)).rejects.toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
    await expect(pieces.put({ ...piece, sha256: 'c'.repeat(64) }, 10)).rejects.toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
    await send(mailOf(from, [to]));
    const after = (time: number) => removeExpired(database, { domain: time, real: time }, 90);
    await after(AT + DAY - 1);
    expect(await rows('mail_pieces')).toBe(2);
    await after(AT + DAY + 1);
    expect(await rows('mail_pieces')).toBe(1);
  });

  it('deliver in the order of arrival, in bounded pages', async () => {
    const { queues, add, send, query } = await service(await open());
    const [from, to] = [await add(), await add()];
    const headers = Array.from({ length: 7 }, (_, index) => `mail ${index}`);
    for (const header of headers) await send(mailOf(from, [to], text(header)));
    const seen: string[] = [];
    let after = 0;
    for (let more = true; more; ) {
      const page = await queues.read(query(to, { after, items: 3 }));
      seen.push(...page.items.map(said));
      after = page.items.at(-1)?.seq ?? after;
      more = page.more;
    }
    expect(seen).toEqual(headers);
    // A page ends with the mail that reaches the limit, and has at least one mail.
    expect(await queues.read(query(to, { bytes: 1 }))).toMatchObject({ items: [{ seq: 1 }], more: true });
    expect((await queues.read(query(to))).more).toBe(false);
  });

  it('hold what arrives during an order, and deliver everything once and in order after it', async () => {
    const { add, send, has, take, settle, counters } = await service(await open());
    const [from, to] = [await add(), await add()];
    await send(mailOf(from, [to], text('before')));
    await settle(to, 'hold');
    // A repeated settlement, as after a lost wake or a kill.
    await settle(to, 'hold');
    expect(await send(mailOf(from, [to], text('during')), { denied: [to] })).toEqual(['held']);
    await settle(to, 'hold');
    expect(await has(to, { dueOnly: true })).toEqual([]);
    expect(await take(from)).toEqual(['held 2015-001']);
    await settle(to, null);
    await settle(to, null);
    expect(await counters(to)).toMatchObject({ gate: 'open', entries: 2 });
    expect(await send(mailOf(from, [to], text('after')))).toEqual(['stored']);
    expect(await take(to)).toEqual(['before', 'during', 'after']);
    expect(await take(to)).toEqual([]);
    expect(await take(from)).toEqual(['released -', 'released -', 'delivered -', 'delivered -', 'delivered -']);
  });

  it('let through only what arrived before an order with the rule deliver', async () => {
    const { pieces, add, send, has, take, settle, read } = await service(await open());
    const [from, to] = [await add(), await add()];
    const before = mailOf(from, [to], text('before'));
    await send(before);
    // The order suspends mail, and the server has not settled the queue yet: nothing is delivered.
    expect(await has(to, { dueOnly: true })).toEqual([]);
    await settle(to, 'deliver');
    const during = mailOf(from, [to], text('during'));
    await send(during, { denied: [to], rule: 'deliver' });
    await settle(to, 'deliver');
    expect(await has(to, { dueOnly: true })).toEqual(['before']);
    expect(await pieces.size(before.mail.pieces[0]?.id ?? '', to, true)).toBe(100);
    expect(await pieces.size(during.mail.pieces[0]?.id ?? '', to, true)).toBeNull();
    await settle(to, null);
    expect(await take(to)).toEqual(['before', 'during']);
    expect((await read(from)).map(said)).toEqual(['released -', 'delivered -', 'delivered -']);
  });

  it('return waiting mail with the order and the appeal, refuse new mail, and loosen no rule while an order lasts', async () => {
    const { queues, add, send, take, settle, read, rows } = await service(await open());
    const [from, to] = [await add(), await add()];
    const letter = mailOf(from, [to], text('before'));
    await send(letter);
    await settle(to, 'return');
    const [event] = await read(from);
    expect(event).toMatchObject({ type: 'event', id: letter.mail.id, device: to.device, event: 'returned', denial });
    expect([await rows('mails'), await rows('mail_pieces')]).toEqual([0, 0]);
    expect(await queues.figures()).toMatchObject({ entries: 0, bytes: 0, held: 0, returned: 1 });
    // A second, milder order: the rule of the queue stays.
    const refused = mailOf(from, [to], text('during'));
    expect(await send(refused, { denied: [to], rule: 'hold' })).toEqual(['refused']);
    // The pieces would otherwise fill the sender's quota for a day.
    expect(await rows('mail_pieces')).toBe(0);
    await settle(to, null);
    // The server stored nothing, so the sender may repeat the mail after the order.
    expect(await send(refused)).toEqual(['stored']);
    expect(await take(to)).toEqual(['during']);
  });

  it('expire 30 days after the device may receive the mail, and tell the sender', async () => {
    const { queues, add, send, settle, take, has, rows } = await service(await open());
    const [from, to] = [await add(), await add()];
    await send(mailOf(from, [to], text('forgotten')));
    await send(mailOf(from, [to], text('held')), { denied: [to] });
    const month = AT + MAIL_KEPT_FOR;
    expect(await queues.expire(month - 1)).toEqual({ senders: [], more: false });
    expect(await has(to, { now: month })).toEqual(['held']);
    expect((await queues.expire(month)).senders).toEqual([from.device]);
    expect([await rows('mails'), await take(from)]).toEqual([1, ['expired -']]);
    // The held mail waits as long as the order, and then 30 days more.
    const later = month + 100 * DAY;
    for (let now = month; now <= later; now += DAY / 2) expect((await queues.expire(now)).senders).toEqual([]);
    await settle(to, null, later);
    expect((await queues.expire(later + MAIL_KEPT_FOR - 1)).senders).toEqual([]);
    expect((await queues.expire(later + MAIL_KEPT_FOR)).senders).toEqual([from.device]);
    expect(await rows('mail_pieces')).toBe(0);
  });

  it('keep mail under a legal hold, also from an order that returns mail and from the end of the enrollment', async () => {
    const { database, queues, add, send, settle, has } = await service(await open());
    const [from, to] = [await add(), await add()];
    await send(mailOf(from, [to], text('evidence')));
    await database.db
      .insertInto('legal_holds')
      .values({
        id: 'hold',
        device_id: to.device,
        person_id: null,
        reason: 'r',
        reference: null,
        placed_at: AT,
        placed_by: 'a',
        released_at: null,
        released_by: null,
        release_reason: null,
        records_updated: 1,
      })
      .execute();
    await settle(to, 'return');
    await queues.expire(AT + MAIL_KEPT_FOR);
    await settle(to, null);
    expect(await has(to)).toEqual(['evidence']);
    await endEnrollment(database, to.device);
    expect(await has(to)).toEqual(['evidence']);
  });

  it('return waiting mail when the enrollment ends, and begin the next enrollment with an empty queue', async () => {
    const { database, keys, add, send, has, take, rows } = await service(await open());
    const [from, to] = [await add(), await add()];
    await keys.putKey(to, 1, statement('one'));
    await send(mailOf(from, [to, from], text('waiting')));
    await endEnrollment(database, to.device);
    expect([await has(to), await rows('mails')]).toEqual([[], 1]);
    expect(await keys.keysOf([to.device])).toEqual([]);
    expect(await take(from)).toEqual(['waiting', 'returned -']);
    expect(await send(mailOf(from, [to]))).toEqual(['unknown']);
    expect(await rows('mail_pieces')).toBe(0);
  });

  it('report a full queue, and let no device fill more than a quarter of a crowded queue', async () => {
    const { database, add, send } = await service(await open());
    const [from, other, to] = [await add(), await add(), await add()];
    await send(mailOf(from, [to]));
    const fill = (entries: number) =>
      database.db.updateTable('mail_queues').set({ entries }).where('device_id', '=', to.device).execute();
    const { device, connector } = QUEUE_LIMITS;
    await fill(device.entries);
    expect(await send(mailOf(from, [to]))).toEqual(['full']);
    await fill(device.entries / 2);
    expect(await send(mailOf(other, [to]))).toEqual(['stored']);
    const [row] = await database.db.selectFrom('mail_entries').selectAll().orderBy('seq').execute();
    await database.db
      .insertInto('mail_entries')
      .values(Array.from({ length: device.entries / 4 }, (_, index) => ({ ...row, seq: 10 + index }) as never))
      .execute();
    expect(await send(mailOf(from, [to]))).toEqual(['full']);
    expect(await send(mailOf(other, [to]))).toEqual(['stored']);
    // A connector carries the mail of all senders outside, and has a larger queue.
    await database.db
      .updateTable('devices')
      .set({ mail_connector: 1 })
      .where('id', 'in', [from.device, to.device])
      .execute();
    await fill(device.entries);
    expect(await send(mailOf(from, [to]))).toEqual(['stored']);
    await fill(connector.entries);
    expect(await send(mailOf(from, [to]))).toEqual(['full']);
  });

  it('give waiting items new numbers when a device has seen more than a restored store', async () => {
    const { add, send, has, read, queues, counters, take } = await service(await open());
    const [from, to] = [await add(), await add()];
    for (const header of ['one', 'two', 'three']) await send(mailOf(from, [to], text(header)));
    await read(to, { items: 1 });
    // The device received 120 items before the restore: the items that wait now would have lower numbers.
    const items = await read(to, { after: 120 });
    expect(items.map(said)).toEqual(['one', 'two', 'three']);
    expect(items[0]?.seq).toBe(121);
    await send(mailOf(from, [to], text('four')));
    expect(await has(to, { after: 123 })).toEqual(['four']);
    await queues.acknowledge(to, 124, LATER);
    expect([await take(to), await counters(to)]).toMatchObject([[], { entries: 0, bytes: 0, acknowledged: 124 }]);
    // A device without a queue row.
    const late = await add();
    expect(await read(late, { after: 7 })).toEqual([]);
    await send(mailOf(from, [late], text('first')));
    expect((await read(late, { after: 7 })).map(({ seq }) => seq)).toEqual([8]);
    await expect(read(late, { after: 2 ** 53 - 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_input' }),
    );
  });

  it('lose no mail between two settlements that run beside deliveries', async () => {
    const { add, send, take, settle } = await service(await open());
    const [from, to] = [await add(), await add()];
    const headers = Array.from({ length: 24 }, (_, index) => `mail ${index}`);
    const rules: (WaitingRule | null)[] = ['hold', null, 'deliver', null, 'hold', null];
    await Promise.all([
      (async () => {
        for (const header of headers) await send(mailOf(from, [to], text(header)));
      })(),
      (async () => {
        for (const rule of rules) await settle(to, rule);
      })(),
    ]);
    await settle(to, null);
    expect(await take(to)).toEqual(headers);
    const delivered = (await take(from)).filter((event) => event.startsWith('delivered'));
    expect(delivered).toHaveLength(headers.length);
  });
});

describeOnEveryStore('mail keys and connectors', (open) => {
  it('keep the newest key of the current enrollment', async () => {
    const { database, keys, add } = await service(await open());
    const [one, two] = [await add(), await add()];
    await keys.putKey(one, 2, statement('two'));
    await keys.putKey(one, 2, statement('two'));
    await expect(keys.putKey(one, 2, statement('other'))).rejects.toThrow(
      expect.objectContaining({ code: 'conflict' }),
    );
    await expect(keys.putKey(one, 1, statement('one'))).rejects.toThrow(expect.objectContaining({ code: 'conflict' }));
    await keys.putKey(one, 3, statement('three'));
    const found = [{ ...one, statement: statement('three') }];
    expect(await keys.keysOf([one.device, two.device])).toEqual(found);
    await expect(keys.putKey({ ...one, generation: 2 }, 1, statement('one'))).rejects.toThrow(
      expect.objectContaining({ code: 'device_unknown' }),
    );
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', one.device).execute();
    expect(await keys.keysOf([one.device])).toEqual([]);
    await keys.putKey({ ...one, generation: 2 }, 1, statement('one'));
    expect(await keys.keysOf([one.device])).toHaveLength(1);
  });

  it('list connectors, connected ones first, and no device without the mark', async () => {
    const { database, directory, add } = await service(await open());
    const [one, two] = [await add(), await add(), await add()];
    await database.db
      .updateTable('devices')
      .set({ mail_connector: 1 })
      .where('id', 'in', [one.device, two.device])
      .execute();
    const presence = { changed_at: 1, last_seen_at: 1, address: null, agent: null, list_version: 0 };
    const versions = { stored_record_version: 0, approver_set_version: 0, last_report: 0, session_epoch: 1 };
    await database.db
      .insertInto('device_presence')
      .values({ device_id: two.device, generation: 1, connected: 1, ...presence, ...versions })
      .execute();
    expect(await directory.connectors(16)).toEqual([
      { ...two, connected: true },
      { ...one, connected: false },
    ]);
    expect(await directory.connectors(1)).toHaveLength(1);
    expect(await directory.isConnector(one)).toBe(true);
    expect(await directory.isConnector({ ...one, generation: 2 })).toBe(false);
  });
});

const statement = (payload: string) => ({ payload, signature: 'signature' });

async function endEnrollment(database: Database, device: DeviceId): Promise<void> {
  const ended = { status: 'revoked' as const, at: LATER, realAt: LATER, reason: 1 };
  const entry = (serial: string) =>
    ({ kind: 'certificate.revoked', at: LATER, subject: device, public: { serial, reason: 1 } }) as const;
  await new DeviceStore(database).end(device, ended, entry);
}
