/** Posts and mailboxes on both databases. The tests of `server/relay` cover the decisions; these tests cover their storage. */
import { expect, it } from 'vitest';
import { MOST_BYTES, MOST_ENTRIES } from '../../server/relay/placement.ts';
import type { Enrollment, JudgedPost, MailboxQuery } from '../../server/relay/ports.ts';
import { KEPT_FOR } from '../../server/relay/posts.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { MailboxStore } from '../../server/store/mailbox-store.ts';
import { digestOf } from '../../server/store/post-results.ts';
import { PostStore } from '../../server/store/post-store.ts';
import { removeExpired } from '../../server/store/retention.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { opened, type Post, postOf } from '../support/mailbox-link.ts';
import { describeOnEveryStore } from './every-store.ts';

const AT = 1_447_200_000_000;
const LATER = AT + 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
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
  const [posts, mailboxes] = [new PostStore(database), new MailboxStore(database)];
  const add = () => addDevice(database, { group });
  const first = (device: DeviceId): Enrollment => ({ device, generation: 1 });
  const judged = (
    from: DeviceId,
    post: Post,
    more: Partial<JudgedPost> & { denied?: DeviceId[] } = {},
  ): JudgedPost => ({
    sender: first(from),
    post,
    at: AT,
    expiresAt: AT + 10_000,
    recipients: post.to.map((device) => ({
      device,
      known: true,
      denial: more.denied?.includes(device) ? denial : null,
      waiting: more.denied?.includes(device) ? 'hold' : null,
    })),
    ...more,
  });
  const wanted = (device: DeviceId, more: Partial<MailboxQuery> = {}): MailboxQuery => ({
    ...first(device),
    after: 0,
    entries: 64,
    bytes: 1_000_000,
    dueOnly: false,
    now: AT,
    ...more,
  });
  /** Texts of posts, and names of delivery reports. */
  const has = async (device: DeviceId, more: Partial<MailboxQuery> = {}) =>
    (await mailboxes.read(wanted(device, more))).entries.map(({ item }) =>
      item.type === 'post' ? opened(item.body) : `${item.status} ${item.order ?? '-'}`,
    );
  const counters = (device: DeviceId) =>
    database.db.selectFrom('mailboxes').selectAll().where('device_id', '=', device).executeTakeFirst();
  return { database, posts, mailboxes, add, first, judged, wanted, has, counters };
}

describeOnEveryStore('mailboxes', (open) => {
  it('store a post once for each recipient, and its body until the last recipient has acknowledged it', async () => {
    const { database, posts, mailboxes, add, first, judged, has, counters } = await service(await open());
    const [from, one, two] = [await add(), await add(), await add()];
    const post = postOf([one, two, newDeviceId()], 'hello');
    const answers = await Promise.all(Array.from({ length: 5 }, () => posts.post(judged(from, post))));
    for (const { response } of answers) expect(response).toEqual(answers[0]?.response);
    expect(answers[0]?.response.recipients.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'unknown']);
    expect((await posts.post(judged(from, post))).response).toEqual(answers[0]?.response);
    expect(await posts.earlierResponse(first(from), post.id)).toEqual(answers[0]?.response);
    expect(await posts.earlierResponse(first(one), post.id)).toBeNull();
    expect(await mailboxes.counters(first(from))).toEqual({ acknowledged: 0, posts: 1 });
    expect([await has(one), await has(two)]).toEqual([['hello'], ['hello']]);
    expect(await counters(one)).toMatchObject({
      entries: 1,
      bytes: post.body.length,
      delivery_reports: 0,
      last_seq: 1,
    });

    const bodies = async () => (await database.db.selectFrom('posts').select('body').execute()).map(({ body }) => body);
    await mailboxes.acknowledge(first(one), 1, LATER);
    expect(await bodies()).toEqual([post.body]);
    // Acknowledgments by another enrollment of the device, and repeated acknowledgments.
    await mailboxes.acknowledge({ device: two, generation: 2 }, 1, LATER);
    expect(await has(two)).toEqual(['hello']);
    await Promise.all([mailboxes.acknowledge(first(two), 1, LATER), mailboxes.acknowledge(first(two), 9, LATER)]);
    expect(await bodies()).toEqual([]);
    expect(await counters(two)).toMatchObject({
      entries: 0,
      bytes: 0,
      delivery_reports: 0,
      last_seq: 1,
      acknowledged: 1,
    });
    expect(await has(two)).toEqual([]);
  });

  it('recognize a repeated post by its sender and id, not only by their digest', async () => {
    const { database, posts, add, first, judged } = await service(await open());
    const [from, other, to] = [await add(), await add(), await add()];
    const post = postOf([to], 'hello');
    await posts.post(judged(from, post));
    const digest = digestOf(first(other), post.id);
    await database.db.updateTable('post_results').set({ digest }).execute();
    expect(await posts.earlierResponse(first(other), post.id)).toBeNull();
    expect((await posts.post(judged(other, post))).entries).toHaveLength(1);
    expect((await posts.post(judged(other, post))).entries).toEqual([]);
  });

  it('recognize a repeated post as long as its first copy waits, and for a week', async () => {
    const { database, posts, mailboxes, add, first, judged, has } = await service(await open());
    const [from, to] = [await add(), await add()];
    const post = postOf([to], 'hello');
    const { response } = await posts.post(judged(from, post));
    const afterNineDays = () => removeExpired(database, { domain: AT + 9 * DAY, real: Date.now() }, 90);
    await afterNineDays();
    expect((await posts.post(judged(from, post))).response).toEqual(response);
    expect(await has(to)).toEqual(['hello']);
    await mailboxes.acknowledge(first(to), 1, LATER);
    await afterNineDays();
    expect(await posts.earlierResponse(first(from), post.id)).toBeNull();
  });

  it('keep a body for the remaining recipients, also when several others acknowledge it in one commit', async () => {
    const { database, posts, mailboxes, add, first, judged, has } = await service(await open());
    const [from, one, two, three] = [await add(), await add(), await add(), await add()];
    await posts.post(judged(from, postOf([one, two, three], 'to three')));
    await posts.post(judged(from, postOf([one], 'to one')));
    await Promise.all([mailboxes.acknowledge(first(one), 2, LATER), mailboxes.acknowledge(first(two), 1, LATER)]);
    expect(await has(three)).toEqual(['to three']);
    const waiting = () => database.db.selectFrom('posts').select('entries').execute();
    expect(await waiting()).toEqual([{ entries: 1 }]);
    await mailboxes.acknowledge(first(three), 1, LATER);
    expect(await waiting()).toEqual([]);
  });

  it('case 18: accept the first of simultaneous commits in an epoch', async () => {
    const database = await open();
    const { posts, mailboxes, add, first, judged, has } = await service(database);
    // A second server process on the same store: it writes in its own transactions.
    const other = new PostStore(database);
    const [to, ...rivals] = await Promise.all(Array.from({ length: 9 }, add));
    const all = [to!, ...rivals];
    const members = all.map((device) => ({ device, generation: 1 }));
    const begun = { conversation: 'A'.repeat(22), epoch: 0, add: members, remove: [] };
    await posts.post(judged(rivals[0]!, postOf([to!], 'begin', { commit: begun, keep: true })));
    await mailboxes.acknowledge(first(to!), 1, LATER);
    const commit = { ...begun, epoch: 1, add: [] };
    const others = (device: DeviceId) => all.filter((other) => other !== device);
    const commits = rivals.map((device, index) => postOf(others(device), `${index}`, { commit, keep: true }));
    const place = (at: number) => (at % 2 ? posts : other).post(judged(rivals[at]!, commits[at]!));
    const placed = await Promise.all(rivals.map((_, at) => place(at)));
    const winners = placed.flatMap(({ response }, at) => (response.outcome === 'accepted' ? [`${at}`] : []));
    expect(winners).toHaveLength(1);
    expect(await has(to!)).toEqual(winners);
    const again = await Promise.all(rivals.map((_, at) => place(at)));
    expect(again.map(({ response }) => response)).toEqual(placed.map(({ response }) => response));
    // The stored response has expired, but the epoch is still used.
    for (const device of all) await mailboxes.acknowledge(first(device), 2, LATER);
    await database.db.deleteFrom('post_results').execute();
    expect((await place(Number(winners[0]))).response.outcome).toBe('accepted');
    expect(await has(to!)).toEqual([]);
  });

  it('case 18: know the members of a conversation after each commit, also after a long time', async () => {
    const { database, posts, add, judged } = await service(await open());
    const [amina, bilal, carla, stranger] = await Promise.all(Array.from({ length: 4 }, add));
    const conversation = 'C'.repeat(22);
    const commit = async (
      from: DeviceId,
      epoch: number,
      to: readonly DeviceId[],
      { added = [], remove = [] }: { added?: DeviceId[]; remove?: DeviceId[] } = {},
    ) => {
      const change = { conversation, epoch, remove, add: added.map((device) => ({ device, generation: 1 })) };
      const post = postOf([...to], `${from} ${epoch}`, { commit: change, keep: true });
      return (await posts.post(judged(from, post))).response.outcome;
    };
    const members = async () =>
      (await database.db.selectFrom('conversation_members').select('device_id').orderBy('device_id').execute()).map(
        ({ device_id }) => device_id,
      );
    const sorted = (...devices: (DeviceId | undefined)[]) => [...devices].sort();
    expect(await commit(amina!, 0, [bilal!], { added: [bilal!] })).toBe('accepted');
    expect(await members()).toEqual(sorted(amina, bilal));
    for (const epoch of [1, 2, 200]) expect(await commit(stranger!, epoch, [amina!, bilal!])).toBe('blocked');
    expect(await commit(bilal!, 1, [amina!], { added: [carla!] })).toBe('accepted');
    expect(await members()).toEqual(sorted(amina, bilal, carla));
    expect(await commit(carla!, 2, [amina!])).toBe('blocked');
    expect(await commit(carla!, 2, [amina!, bilal!], { remove: [amina!] })).toBe('accepted');
    expect(await members()).toEqual(sorted(bilal, carla));
    // The server forgets the committer of each epoch after 90 days, but keeps the next epoch.
    await removeExpired(database, { domain: AT + 400 * DAY, real: AT + 400 * DAY }, 90);
    expect(await database.db.selectFrom('conversation_epochs').selectAll().execute()).toEqual([]);
    expect(await commit(amina!, 3, [bilal!, carla!])).toBe('blocked');
    expect(await commit(bilal!, 2, [carla!])).toBe('superseded');
    expect(await commit(bilal!, 3, [carla!])).toBe('accepted');
    await database.db.updateTable('devices').set({ status: 'revoked' }).execute();
    await removeExpired(database, { domain: AT + 400 * DAY, real: AT + 400 * DAY }, 90);
    expect(await database.db.selectFrom('conversations').selectAll().execute()).toEqual([]);
    expect(await members()).toEqual([]);
  });

  it('return the requested number of entries in order, also across gaps', async () => {
    const { database, posts, mailboxes, add, judged, wanted, has } = await service(await open());
    const [from, to, other] = [await add(), await add(), await add()];
    for (let count = 1; count <= 200; count += 1) void posts.post(judged(from, postOf([to], `${count}`)));
    await posts.post(judged(from, postOf([to, other], 'last')));
    expect(await has(to)).toEqual(Array.from({ length: 64 }, (_, index) => `${index + 1}`));
    expect(await has(to, { after: 198 })).toEqual(['199', '200', 'last']);
    expect((await mailboxes.read(wanted(to, { after: 190 }))).more).toBe(false);
    expect(await has(to, { entries: 3 })).toEqual(['1', '2', '3']);
    // Sizes are in base64: four bytes for each of the first nine entries.
    expect(await has(to, { bytes: 9 })).toEqual(['1', '2', '3']);
    expect(await has(to, { bytes: 1 })).toEqual(['1']);
    await database.db.deleteFrom('mailbox_entries').where('device_id', '=', to).where('seq', '<', 150).execute();
    expect((await has(to))[0]).toBe('150');
    expect(await has(to, { generation: 2 })).toEqual([]);
    const both = await Promise.all([has(to, { after: 199 }), has(other), has(from)]);
    expect(both).toEqual([['200', 'last'], ['last'], []]);
  });

  it('never exceed their quota, and have room after acknowledgments', async () => {
    const { database, posts, mailboxes, add, first, judged } = await service(await open());
    const [from, to, other] = [await add(), await add(), await add()];
    await posts.post(judged(from, postOf([to], 'x')));
    await database.db.updateTable('mailboxes').set({ bytes: MOST_BYTES }).where('device_id', '=', to).execute();
    const outcomes = async () =>
      (await posts.post(judged(from, postOf([to, other], 'y')))).response.recipients.map(({ outcome }) => outcome);
    expect(await outcomes()).toEqual(['full', 'stored']);
    await mailboxes.acknowledge(first(to), 1, LATER);
    expect(await outcomes()).toEqual(['stored', 'stored']);
  });

  it('cannot be filled by one sender alone', async () => {
    const { database, posts, add, judged } = await service(await open());
    const [from, to, other] = [await add(), await add(), await add()];
    const outcome = async (sender: DeviceId, more = {}) =>
      (await posts.post(judged(sender, postOf([to], 'x', more)))).response.recipients[0]?.outcome;
    for (let count = 0; count < MOST_ENTRIES / 2; count += 1) void outcome(from);
    expect(await outcome(other)).toBe('stored');
    expect(await outcome(from)).toBe('full');
    expect(await outcome(other)).toBe('stored');
    expect(await database.db.selectFrom('mailboxes').select('entries').where('device_id', '=', to).execute()).toEqual([
      { entries: MOST_ENTRIES / 2 + 2 },
    ]);
  });

  it('store a response in which an order refuses many recipients with the same text', async () => {
    const { database, posts, add, first, judged } = await service(await open());
    const [from, to] = [await add(), await Promise.all(Array.from({ length: 40 }, add))];
    const post = postOf(to, 'x', { keep: true });
    const { response } = await posts.post(judged(from, post, { denied: to.slice(5) }));
    expect(response.recipients.filter(({ denial: why }) => why !== null)).toHaveLength(35);
    expect(await posts.earlierResponse(first(from), post.id)).toEqual(response);
    const { answer: kept } = await database.db.selectFrom('post_results').select('answer').executeTakeFirstOrThrow();
    expect(kept.split(denial.detail)).toHaveLength(2);
  });

  it.each([
    ['hold', ['held 2015-001', 'held 2015-001', 'held 2015-001'], []],
    ['deliver', [], ['plain', 'plain too', 'welcome']],
    ['return', ['returned 2015-001', 'returned 2015-001', 'held 2015-001'], []],
  ] as const)(
    '%s: apply an order to waiting mail once, and release the other mail after the order',
    async (rule, reports, due) => {
      const { posts, mailboxes, add, judged, has, counters } = await service(await open());
      const [from, to] = [await add(), await add()];
      for (const text of ['plain', 'plain too']) await posts.post(judged(from, postOf([to], text)));
      await posts.post(judged(from, postOf([to], 'welcome', { keep: true })));
      expect(await mailboxes.waitingAmong([from, to])).toEqual([{ device: to, denied: false }]);
      const denial = { rule, order: '2015-001' };
      const reached = await Promise.all([
        mailboxes.settle([{ device: to, denial }], LATER),
        mailboxes.settle([{ device: to, denial }], LATER),
      ]);
      expect(reached.flat()).toEqual(reports.length > 0 ? [from] : []);
      await posts.post(judged(from, postOf([to], 'while it lasts', { keep: true }), { denied: [to] }));
      expect(await mailboxes.settle([{ device: to, denial }], LATER)).toEqual([]);
      expect((await has(from)).sort()).toEqual([...reports].sort());
      expect(await has(to, { dueOnly: true })).toEqual(due);
      expect(await mailboxes.denied()).toEqual([to]);
      expect(await mailboxes.waitingAmong([from, to])).toEqual([{ device: to, denied: true }]);

      await mailboxes.settle([{ device: to, denial: null }], LATER);
      await mailboxes.settle([{ device: to, denial: null }], LATER);
      expect(await mailboxes.denied()).toEqual([]);
      const left =
        rule === 'return' ? ['welcome', 'while it lasts'] : ['plain', 'plain too', 'welcome', 'while it lasts'];
      expect(await has(to)).toEqual(left);
      const released = left.filter((text) => rule !== 'deliver' || text === 'while it lasts');
      expect((await has(from)).slice(reports.length)).toEqual(released.map(() => 'released 2015-001'));
      expect(await counters(to)).toMatchObject({ entries: left.length, gate: 'open' });
    },
  );

  it('deliver a delivery report to a suspended device, unless an earlier entry is held', async () => {
    const { posts, mailboxes, add, first, judged, has } = await service(await open());
    const [one, two] = [await add(), await add()];
    const denial = (rule: 'deliver' | 'hold') => ({ rule, order: '2015-001' });
    // The mailbox of `two` contains posts, a report about its own post, and a held post.
    await posts.post(judged(two, postOf([one], 'out')));
    await posts.post(judged(one, postOf([two], 'first')));
    await mailboxes.settle([{ device: one, denial: denial('hold') }], LATER);
    await posts.post(judged(one, postOf([two], 'second')));
    await mailboxes.settle([{ device: two, denial: denial('deliver') }], LATER);
    await posts.post(judged(one, postOf([two], 'held', { keep: true }), { denied: [two] }));
    await mailboxes.settle([{ device: one, denial: null }], LATER);
    expect(await has(two, { dueOnly: true })).toEqual(['first', 'held 2015-001', 'second']);
    await mailboxes.acknowledge(first(two), 3, LATER);
    expect(await has(two, { dueOnly: true })).toEqual([]);
    expect(await has(two)).toEqual(['held', 'released 2015-001']);
  });

  it('report to the sender that held mail was delivered', async () => {
    const { posts, mailboxes, add, first, judged, has } = await service(await open());
    const [from, to] = [await add(), await add()];
    await posts.post(judged(from, postOf([to], 'under way')));
    await mailboxes.settle([{ device: to, denial: { rule: 'hold', order: '2015-001' } }], LATER);
    expect(await mailboxes.acknowledge(first(to), 1, LATER)).toEqual([from]);
    expect(await has(from)).toEqual(['held 2015-001', 'released -']);
  });

  it('delete expired mail with a report to its sender, but no delivery reports', async () => {
    const { database, posts, mailboxes, add, judged, has, counters } = await service(await open());
    const [from, to] = [await add(), await add()];
    const post = postOf([to], 'soon');
    await posts.post(judged(from, post, { expiresAt: LATER }));
    await posts.post(judged(from, postOf([to], 'later')));
    expect(await has(to, { now: LATER })).toEqual(['later']);
    expect(await mailboxes.expire(LATER)).toEqual({ senders: [from], more: false });
    expect(await mailboxes.expire(LATER)).toEqual({ senders: [], more: false });
    expect(await has(from)).toEqual(['expired -']);
    expect(await counters(to)).toMatchObject({ entries: 1 });
    const bodies = await database.db.selectFrom('posts').select('body').where('post_id', '=', post.id).execute();
    expect(bodies).toEqual([]);
    expect(await mailboxes.expire(LATER + 31 * 86_400_000)).toEqual({ senders: [from], more: false });
    expect(await mailboxes.expire(LATER + 62 * 86_400_000)).toEqual({ senders: [], more: false });
    expect(await database.db.selectFrom('mailbox_entries').selectAll().execute()).toEqual([]);
    expect(await mailboxes.figures()).toEqual({ entries: 0, bytes: 0, held: 0 });
  });

  it('keep held mail as long as the order lasts, and deliver it once, in order, some days later', async () => {
    const { posts, mailboxes, add, first, judged, has } = await service(await open());
    const [from, to] = [await add(), await add()];
    const expiresAt = AT + KEPT_FOR;
    await posts.post(judged(from, postOf([to], 'before'), { expiresAt }));
    await mailboxes.settle([{ device: to, denial: { rule: 'hold', order: '2015-001' } }], LATER);
    for (const text of ['one', 'two']) {
      await posts.post(judged(from, postOf([to], text, { keep: true }), { denied: [to], expiresAt }));
    }
    const withdrawn = AT + 60 * DAY;
    for (let now = AT; now < withdrawn; now += 23 * HOUR) {
      expect(await mailboxes.expire(now)).toEqual({ senders: [], more: false });
    }
    // A read between the withdrawal and its settlement skips no mail.
    expect(await has(to, { now: withdrawn })).toEqual(['before', 'one', 'two']);
    await mailboxes.settle([{ device: to, denial: null }], withdrawn);
    const came = withdrawn + KEPT_FOR - 1;
    expect(await mailboxes.expire(came)).toEqual({ senders: [], more: false });
    expect(await has(to, { now: came })).toEqual(['before', 'one', 'two']);
    await mailboxes.acknowledge(first(to), 3, came);
    expect(await has(to, { now: came })).toEqual([]);
  });

  it('delete held mail at its sender’s own deadline', async () => {
    const { posts, mailboxes, add, judged, has } = await service(await open());
    const [from, to] = [await add(), await add()];
    const post = (text: string, days: number) => {
      const expires = AT + days * DAY;
      const expiresAt = Math.min(expires, AT + KEPT_FOR);
      return posts.post(judged(from, postOf([to], text, { expires }), { denied: [to], expiresAt }));
    };
    for (const days of [10, 45, 90]) await post(`${days} days`, days);
    for (let now = AT; now < AT + 45 * DAY; now += 23 * HOUR) await mailboxes.expire(now);
    expect(await has(to, { now: AT + 45 * DAY - 1 })).toEqual(['45 days', '90 days']);
    expect(await has(to, { now: AT + 45 * DAY })).toEqual(['90 days']);
    expect(await mailboxes.expire(AT + 45 * DAY)).toEqual({ senders: [from], more: false });
    await mailboxes.settle([{ device: to, denial: null }], AT + 65 * DAY);
    expect(await has(to, { now: AT + 90 * DAY - 1 })).toEqual(['90 days']);
    expect(await has(to, { now: AT + 90 * DAY })).toEqual([]);
  });

  it('return the mail of an ended device to senders that still exist', async () => {
    const { database, posts, mailboxes, add, first, judged, has } = await service(await open());
    const [from, gone, to] = [await add(), await add(), await add()];
    await posts.post(judged(from, postOf([to], 'one')));
    await posts.post(judged(gone, postOf([to], 'two')));
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', gone).execute();
    const end = { status: 'revoked', at: LATER, realAt: LATER, reason: 0 } as const;
    const entry = () => {
      throw new Error('it has no certificate');
    };
    expect(await new DeviceStore(database).end(to, end, entry)).toBe(true);
    expect([await has(from), await has(gone, { generation: 2 })]).toEqual([['returned -'], []]);
    expect(await has(to)).toEqual([]);
    expect(await mailboxes.counters(first(to))).toEqual({ acknowledged: 0, posts: 0 });
    const { response } = await posts.post(judged(to, postOf([from], 'from beyond')));
    expect(response).toMatchObject({ outcome: 'refused', denial: { code: 'device_unknown' }, recipients: [] });
    const bodies = await database.db.selectFrom('posts').select('body').execute();
    expect(bodies).toEqual([]);
  });
});
