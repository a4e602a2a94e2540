import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE, LARGEST_SEALED, MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice, TestLink } from '../../tests/support/gateway-world.ts';
import { entriesOf, hand, mailFor, openMailbox, postOf, said } from '../../tests/support/mailbox-link.ts';
import { until } from '../../tests/support/until.ts';
import { MOST_ENTRIES } from '../relay/placement.ts';
import { PostStore } from '../store/post-store.ts';

const CROWD = Array.from({ length: MOST_RECIPIENTS }, newDeviceId);
const DAY = 86_400_000;

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const links: TestLink[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link.socket.terminate();
});
async function connect(device: TestDevice): Promise<TestLink> {
  const link = await new TestLink(device.tls).hello();
  links.push(link);
  return link;
}
async function pair() {
  const [amina, bilal] = [await world.enroll(), await world.enroll()];
  return { amina, bilal, here: await connect(amina), there: await connect(bilal) };
}
const numbers = (link: TestLink) => entriesOf(link).map(({ seq }) => seq);

describe('a post', () => {
  it('is durable when it is answered, reaches a device that is there at once, and is sent again until the device acknowledges it', async () => {
    const { amina, bilal, here, there } = await pair();
    expect(await openMailbox(there)).toMatchObject({ acknowledged: 0, posts: 0 });
    const post = postOf([bilal.id], 'salaam');
    expect(await hand(here, post)).toEqual({
      kind: 'posted',
      id: post.id,
      outcome: 'accepted',
      denial: null,
      recipients: [{ device: bilal.id, outcome: 'stored', denial: null }],
    });
    const [mail] = await mailFor(there, 1);
    const { id, body } = post;
    expect(mail?.item).toEqual({ type: 'post', id, body, from: amina.id, generation: 1, at: world.clock.now() });

    there.socket.close();
    await there.closed;
    const again = await connect(bilal);
    await openMailbox(again);
    expect(await mailFor(again, 1)).toEqual([mail]);
    again.send({ kind: 'entries-stored', through: mail?.seq ?? 0 });
    expect(await openMailbox(again)).toMatchObject({ acknowledged: mail?.seq });
    await delay(50);
    expect(entriesOf(again)).toEqual([]);
    expect(await openMailbox(here)).toMatchObject({ posts: 1 });
    const stored = await world.database.db.selectFrom('posts').select('body').where('post_id', '=', id).execute();
    expect(stored).toEqual([]);
  });

  it('is accepted once, however often it comes, and answered the same', async () => {
    const { bilal, here, there } = await pair();
    await openMailbox(there);
    const post = postOf([bilal.id, newDeviceId(), bilal.id], 'once');
    const first = await hand(here, post);
    expect(first.recipients.map(({ outcome }) => outcome)).toEqual(['stored', 'unknown']);
    for (let again = 0; again < 3; again += 1) expect(await hand(here, post)).toEqual(first);
    await mailFor(there, 1);
    await delay(50);
    expect(entriesOf(there)).toHaveLength(1);
    expect(await openMailbox(here)).toMatchObject({ posts: 1 });
  });

  it('comes in the order in which each sender handed it in', async () => {
    const { bilal, here, there } = await pair();
    const third = await connect(await world.enroll());
    await openMailbox(there);
    for (let count = 0; count < 150; count += 1) {
      here.send(postOf([bilal.id], `a ${count}`));
      third.send(postOf([bilal.id], `b ${count}`));
    }
    // The server sends at most one window of mail before an acknowledgment.
    await until(() => expect(entriesOf(there)).toHaveLength(64));
    await until(async () => {
      there.send({ kind: 'entries-stored', through: numbers(there).at(-1) ?? 0 });
      expect(entriesOf(there)).toHaveLength(300);
    });
    expect(numbers(there)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    for (const from of ['a', 'b']) {
      const texts = entriesOf(there)
        .map(said)
        .filter((text) => text.startsWith(from));
      expect(texts).toEqual(Array.from({ length: 150 }, (_, index) => `${from} ${index}`));
    }
  });

  it('keeps its place behind what another node has stored meanwhile', async () => {
    const { amina, bilal, here, there } = await pair();
    await openMailbox(there);
    await hand(here, postOf([bilal.id], 'one'));
    await mailFor(there, 1);
    // The other server process sends no wake.
    const post = postOf([bilal.id], 'two');
    await new PostStore(world.database).post({
      sender: { device: amina.id, generation: 1 },
      post,
      at: world.clock.now(),
      expiresAt: world.clock.now() + DAY,
      recipients: [{ device: bilal.id, known: true, denial: null, waiting: null }],
    });
    await hand(here, postOf([bilal.id], 'three'));
    expect((await mailFor(there, 3)).map(said)).toEqual(['one', 'two', 'three']);
  });

  it('case 21: sends large entries up to a megabyte ahead; one byte too many ends the session', async () => {
    const { bilal, here, there } = await pair();
    const large = Buffer.alloc(LARGEST_SEALED, 7).toString('base64');
    for (let count = 0; count < 10; count += 1) await hand(here, postOf([bilal.id], '', { body: large }));
    await openMailbox(there);
    await mailFor(there, 6);
    await delay(50);
    expect(entriesOf(there)).toHaveLength(6);
    there.send({ kind: 'entries-stored', through: 6 });
    await mailFor(there, 10);
    here.send(postOf([bilal.id], '', { body: Buffer.alloc(LARGEST_SEALED + 3).toString('base64') }));
    expect((await here.closed).code).toBe(CLOSE.malformed);
  });

  it('case 18: accepts the first of many commits in an epoch, and stores nothing of the others', async () => {
    const { bilal, there } = await pair();
    await openMailbox(there);
    const conversation = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
    const enrolled = await Promise.all(Array.from({ length: 6 }, () => world.enroll()));
    const rivals = await Promise.all(enrolled.map((device) => connect(device)));
    const all = [bilal, ...enrolled].map(({ id }) => id);
    const add = all.map((device) => ({ device, generation: 1 }));
    const begin = postOf([bilal.id], 'begin', { keep: true, commit: { conversation, epoch: 0, add, remove: [] } });
    expect((await hand(rivals[0]!, begin)).outcome).toBe('accepted');
    const commits = enrolled.map(({ id }, index) =>
      postOf(
        all.filter((other) => other !== id),
        `commit ${index}`,
        { keep: true, commit: { conversation, epoch: 1, add: [], remove: [] } },
      ),
    );
    const answers = await Promise.all(rivals.map((link, index) => hand(link, commits[index] ?? commits[0]!)));
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['accepted', ...Array(5).fill('superseded')]);
    const winner = answers.findIndex(({ outcome }) => outcome === 'accepted');
    // Repeated posts get the same responses.
    for (const [index, link] of rivals.entries()) expect(await hand(link, commits[index]!)).toEqual(answers[index]);
    const second = commits[0]!;
    const next = await hand(
      rivals[0]!,
      postOf(second.to, 'next', { commit: { conversation, epoch: 2, add: [], remove: [] } }),
    );
    expect(next.outcome).toBe('accepted');
    expect((await mailFor(there, 3)).map(said)).toEqual(['begin', `commit ${winner}`, 'next']);
  });

  it('waits until the device requests its mailbox, and after the device closes it', async () => {
    const { bilal, here, there } = await pair();
    await hand(here, postOf([bilal.id], 'one'));
    await delay(50);
    expect(entriesOf(there)).toEqual([]);
    await openMailbox(there);
    await mailFor(there, 1);
    there.send({ kind: 'mailbox', open: false });
    await there.next('mailbox-is');
    await delay(20);
    await hand(here, postOf([bilal.id], 'two'));
    // A device may acknowledge mail that was sent before it closed its mailbox.
    there.send({ kind: 'entries-stored', through: 1 });
    await delay(50);
    expect(entriesOf(there)).toHaveLength(1);
    await openMailbox(there);
    expect((await mailFor(there, 1)).map(said)).toEqual(['two']);
  });

  it('case 15: ignores an acknowledgment of mail that was not sent', async () => {
    const { bilal, here, there } = await pair();
    await hand(here, postOf([bilal.id], 'mine'));
    there.send({ kind: 'entries-stored', through: Number.MAX_SAFE_INTEGER });
    here.send({ kind: 'entries-stored', through: 1 });
    expect(await openMailbox(there)).toMatchObject({ acknowledged: 0 });
    expect((await mailFor(there, 1)).map(said)).toEqual(['mine']);
    there.send({ kind: 'entries-stored', through: Number.MAX_SAFE_INTEGER });
    expect(await openMailbox(there)).toMatchObject({ acknowledged: 1 });
  });

  it.each([
    ['opening the mailbox again and again', (link: TestLink) => link.send({ kind: 'mailbox', open: true }), 200],
    ['posts to very many', (link: TestLink) => link.send(postOf(CROWD, '')), 300],
  ])('case 13: %s counts as a flood before the server does the work', async (_name, send, count) => {
    const link = await connect(await world.enroll());
    for (let sent = 0; sent < count; sent += 1) send(link);
    expect((await link.closed).code).toBe(CLOSE.flood);
  });

  it('is refused only for the recipient whose mailbox is full', async () => {
    const { bilal, here } = await pair();
    const carla = await world.enroll();
    await hand(here, postOf([bilal.id], 'one'));
    await world.database.db
      .updateTable('mailboxes')
      .set({ entries: MOST_ENTRIES })
      .where('device_id', '=', bilal.id)
      .execute();
    const { recipients } = await hand(here, postOf([bilal.id, carla.id], 'two'));
    expect(recipients.map(({ outcome }) => outcome)).toEqual(['full', 'stored']);
  });

  it('is returned when its recipient enrolls again or ends, and is not delivered to the new enrollment', async () => {
    const { amina, bilal, here } = await pair();
    const carla = await world.enroll();
    await openMailbox(here);
    const post = postOf([bilal.id, carla.id], 'too late', { keep: true });
    await hand(here, post);
    await world.enrollAgain(bilal.id);
    await world.devices.revoke(carla.id);
    // Run the maintenance, because the change caused no wake.
    await openMailbox(here);
    const deliveryReports = await mailFor(here, 2);
    expect(deliveryReports.map(({ item }) => item)).toEqual(
      [bilal, carla].map(({ id: device }) => ({
        type: 'delivery-report',
        id: post.id,
        device,
        status: 'returned',
        order: null,
        at: expect.any(Number),
      })),
    );
    expect(await world.relay.counters({ device: bilal.id, generation: 2 })).toEqual({ acknowledged: 0, posts: 0 });
    const wanted = { device: bilal.id, generation: 2, after: 0, entries: 64, bytes: 1 };
    expect(await world.relay.read(wanted)).toEqual({ entries: [], more: false });
    const { recipients } = await hand(here, postOf([bilal.id, carla.id, amina.id], 'again'));
    expect(recipients.map(({ outcome }) => outcome)).toEqual(['stored', 'unknown', 'stored']);
  });

  it('is not delivered after its expiry, and its sender receives a report', async () => {
    const { bilal, here, there } = await pair();
    await openMailbox(here);
    const soon = postOf([bilal.id], 'soon', { expires: world.clock.now() + DAY });
    await hand(here, soon);
    await hand(here, postOf([bilal.id], 'later'));
    world.clock.jump(world.clock.now() + DAY);
    await openMailbox(there);
    expect((await mailFor(there, 1)).map(said)).toEqual(['later']);
    await world.relay.maintain();
    expect((await mailFor(here, 1))[0]?.item).toMatchObject({
      type: 'delivery-report',
      id: soon.id,
      status: 'expired',
    });
    there.socket.close();
    await there.closed;
    world.clock.jump(world.clock.now() + 30 * DAY);
    const again = await connect(bilal);
    await openMailbox(again);
    await world.relay.maintain();
    await mailFor(here, 2);
    expect(entriesOf(again)).toEqual([]);
    const stored = await world.database.db
      .selectFrom('mailbox_entries')
      .select('seq')
      .where('device_id', '=', bilal.id)
      .execute();
    expect(stored).toEqual([]);
  });
});
