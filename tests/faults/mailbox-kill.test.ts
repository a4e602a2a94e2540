/**
 * The server's process is killed with -9 repeatedly while devices send posts and commits, and orders begin and end. Each recipient receives
 * every accepted post once, in the sender's order. Each epoch has one commit. Messages that an order holds are held, reported and released
 * once.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ServerFrame } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { type DeviceTls, TestLink } from '../support/gateway-world.ts';
import { type Mail, opened, type Post, type Posted, postOf } from '../support/mailbox-link.ts';
import { type Operator, setUp } from '../support/operator.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const KILLS = Number(process.env['CORDON_FAULTS'] ?? 4);
const DEVICES = 4;
const POSTS_EACH = 60 * KILLS;
/** Maximum number of posts of one device without a response. */
const AHEAD = 16;

/** Device that only sends and receives mail. It sends posts without a response again, and acknowledges what it has stored. */
class MailDevice {
  readonly id: DeviceId;
  readonly #tls: DeviceTls;
  #link: TestLink | null = null;
  #read = 0;
  #unanswered: Post[] = [];
  readonly queue: Post[] = [];
  readonly answers = new Map<string, Posted>();
  readonly stored: Mail[] = [];
  repeated = 0;

  constructor(id: DeviceId, tls: DeviceTls) {
    this.id = id;
    this.#tls = tls;
  }

  /** One round: connects if necessary, sends posts, and reads received frames. */
  async runRound(): Promise<void> {
    if (!this.#link) return this.#connect();
    const link = this.#link;
    if (link.socket.readyState !== link.socket.OPEN) {
      this.#link = null;
      return;
    }
    for (const frame of link.frames.slice(this.#read)) this.#receive(frame);
    this.#read = link.frames.length;
    const room = AHEAD - this.#unanswered.length;
    for (const post of this.queue.splice(0, Math.max(0, room))) {
      this.#unanswered.push(post);
      link.send(post);
      // Sometimes sends a post twice, as after a lost response. Sometimes the connection ends before a response.
      if (Math.random() < 0.1) link.send(post);
    }
    if (this.#unanswered.length > 0 && Math.random() < 0.01) {
      await delay(Math.random() * 10);
      this.disconnect();
    }
  }

  async #connect(): Promise<void> {
    const link = new TestLink(this.#tls);
    const gone = link.closed.then(() => Promise.reject(new Error('closed')));
    try {
      await Promise.race([link.hello(), gone]);
    } catch {
      // The server is down. The next round tries again.
      link.socket.terminate();
      await delay(20);
      return;
    }
    gone.catch(() => undefined);
    this.#link = link;
    this.#read = link.frames.length;
    link.send({ kind: 'mailbox', open: true });
    for (const post of this.#unanswered) link.send(post);
  }

  #receive(frame: ServerFrame): void {
    if (frame.kind === 'posted') {
      expect(this.answers.get(frame.id) ?? frame).toEqual(frame);
      this.answers.set(frame.id, frame);
      this.#unanswered = this.#unanswered.filter(({ id }) => id !== frame.id);
    } else if (frame.kind === 'mailbox-is') {
      // After a kill, the server's counters must not exceed the true numbers.
      expect(frame.acknowledged).toBeLessThanOrEqual(this.stored.at(-1)?.seq ?? 0);
      expect(frame.posts).toBeGreaterThanOrEqual([...this.answers.values()].filter(accepted).length);
    } else if (frame.kind === 'mailbox-entry') {
      if (frame.seq > (this.stored.at(-1)?.seq ?? 0)) this.stored.push(frame);
      else this.repeated += 1;
      this.#link?.send({ kind: 'entries-stored', through: frame.seq });
    }
  }

  get idle(): boolean {
    return this.queue.length === 0 && this.#unanswered.length === 0;
  }
  disconnect(): void {
    this.#link?.socket.terminate();
    this.#link = null;
  }
  posts = () => this.stored.flatMap(({ item }) => (item.type === 'post' ? [item] : []));
  deliveryReports = () => this.stored.flatMap(({ item }) => (item.type === 'delivery-report' ? [item] : []));
}
const accepted = ({ outcome }: Posted) => outcome === 'accepted';

let server: ServerProcess;
let operator: Operator;
const agents: AgentProcess[] = [];
const devices: MailDevice[] = [];
/** Rounds of all devices until the end of the tests. A failure of a device fails the test. */
let living: Promise<void>;
let over = false;

beforeAll(async () => {
  const mortal = import.meta.resolve('../support/mortal-sqlite.ts');
  server = await startServerProcess({ NODE_OPTIONS: `--import ${mortal}` });
  operator = await setUp(server.admin, server.firstOwner);
  const group = await operator.group('everyone', 'SE');
  for (let index = 0; index < DEVICES; index += 1) {
    const agent = new AgentProcess();
    agents.push(agent);
    // The last device has its home area in the area of the orders.
    const home = index === DEVICES - 1 ? 'PK' : null;
    await agent.enroll((await operator.code({ user: `user ${index}`, group, home })).link);
    devices.push(new MailDevice(deviceIdSchema.parse(agent.device), agent.tls(server.device)));
  }
  living = Promise.all(
    devices.map(async (device) => {
      while (!over) {
        if (!away.has(device)) await device.runRound();
        await delay(2);
      }
    }),
  ).then(() => undefined);
}, 60_000);
const away = new Set<MailDevice>();
afterAll(async () => {
  over = true;
  await living.catch(() => undefined);
  for (const device of devices) device.disconnect();
  await server.remove();
  for (const agent of agents) await agent.remove();
});

/** Kills and restarts the server. `inside`: the server is killed before a statement of its store. */
async function kill(inside: boolean): Promise<void> {
  if (inside) {
    const gone = once(server.process, 'exit');
    server.process.kill('SIGUSR2');
    await Promise.race([gone, delay(2_000)]);
  }
  await server.kill();
  await server.start();
}
const meanwhile = <T>(work: Promise<T>): Promise<T> => Promise.race([work, living.then(() => work)]);

it(`case 54: posts arrive once and in order, although the server is killed with -9 ${KILLS} times`, {
  timeout: 60_000 + KILLS * 30_000,
}, async () => {
  const conversation = Buffer.alloc(16, 1).toString('base64url');
  const sent = new Map<MailDevice, Post[]>();
  for (const [index, device] of devices.entries()) {
    const others = devices.filter((other) => other !== device).map(({ id }) => id);
    const posts = Array.from({ length: POSTS_EACH }, (_, count) => {
      // Every tenth post is a commit. All devices send it for the same epoch.
      const members = devices.map(({ id }) => ({ device: id, generation: 1 }));
      const commit = count % 10 === 0 ? { conversation, epoch: count / 10, add: members, remove: [] } : null;
      const to = count % 3 === 0 ? others : others.slice(count % others.length, (count % others.length) + 1);
      return postOf(commit ? others : to, `${index} ${count}`, { commit, keep: commit !== null });
    });
    sent.set(device, posts);
    device.queue.push(...posts);
  }
  const answerCount = () => devices.reduce((sum, { answers }) => sum + answers.size, 0);
  for (let count = 1; count <= KILLS; count += 1) {
    const threshold = Math.floor((count * DEVICES * POSTS_EACH) / (KILLS + 1));
    await meanwhile(until(() => expect(answerCount()).toBeGreaterThanOrEqual(threshold), 30_000, 2));
    await delay(Math.random() * 40);
    await meanwhile(kill(count % 2 === 0));
  }
  await meanwhile(until(() => expect(devices.every(({ idle }) => idle)).toBe(true), 60_000));
  for (const device of devices) expect(device.answers.size).toBe(POSTS_EACH);

  const outcomeOf = (device: MailDevice, post: Post) => device.answers.get(post.id)?.outcome;
  for (const recipient of devices) {
    const wanted = devices.flatMap((device) =>
      (sent.get(device) ?? [])
        .filter((post) => outcomeOf(device, post) === 'accepted' && post.to.includes(recipient.id))
        .map((post) => ({ from: device.id, id: post.id, text: opened(post.body) })),
    );
    await meanwhile(until(() => expect(recipient.posts()).toHaveLength(wanted.length), 30_000));
    const got = recipient.posts().map(({ from, id, body }) => ({ from, id, text: opened(body) }));
    for (const { id: from } of devices) {
      const of = (all: typeof got) => all.filter((each) => each.from === from);
      expect(of(got)).toEqual(of(wanted));
    }
  }
  const commits = [...sent].flatMap(([device, posts]) =>
    posts.flatMap((post) => (post.commit ? [{ epoch: post.commit.epoch, outcome: outcomeOf(device, post) }] : [])),
  );
  for (const [, tries] of Map.groupBy(commits, ({ epoch }) => epoch)) {
    expect(tries.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    expect(tries.filter(({ outcome }) => outcome === 'superseded')).toHaveLength(DEVICES - 1);
  }
  const repeats = devices.reduce((sum, { repeated }) => sum + repeated, 0);
  console.log(`${DEVICES * POSTS_EACH} posts, ${KILLS} kills, ${repeats} repeated entries were recognized`);
});

it(`case 54: messages are held, reported and released once when the server is killed ${KILLS} times near an order’s start and end`, {
  timeout: 60_000 + KILLS * 20_000,
}, async () => {
  const [sender, recipient] = [devices[0], devices.at(-1)];
  if (!sender || !recipient) throw new Error('there are no devices');
  const terms = {
    title: 'An order',
    areas: ['PK'],
    services: ['messaging'],
    nexus: ['home'],
    unknown: 'allow',
    contested: 'allow',
    travelers: 'deny',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'Service ends.' },
  };
  for (let count = 0; count < KILLS; count += 1) {
    away.add(recipient);
    recipient.disconnect();
    const posts = Array.from({ length: 20 }, (_, index) =>
      postOf([recipient.id], `${count} ${index}`, { keep: index % 2 === 0 }),
    );
    const waiting = count % 2 === 0 ? 'hold' : 'return';
    const statuses = (id: string) => sender.deliveryReports().flatMap((each) => (each.id === id ? [each.status] : []));
    const [before, known] = [recipient.posts().length, posts.map(({ id }) => id)];
    sender.queue.push(...posts);
    await meanwhile(until(() => expect(known.every((id) => sender.answers.has(id))).toBe(true)));
    const effective = Date.now() + 4_000;
    const made = await operator.propose({ ...terms, waiting, effective: new Date(effective).toISOString() });
    await operator.adopt(made);
    await delay(Math.max(0, effective - Date.now() - 20 + Math.random() * 60));
    await meanwhile(kill(count % 3 !== 0));
    const isReturned = ({ keep }: Post) => waiting === 'return' && !keep;
    await meanwhile(
      until(() => {
        for (const post of posts) expect(statuses(post.id)).toEqual([isReturned(post) ? 'returned' : 'held']);
      }, 20_000),
    );
    away.delete(recipient);
    await delay(200);
    expect(recipient.posts()).toHaveLength(before);

    const { order, revision } = await operator.act(made.order, { action: 'withdraw' });
    await operator.approve(order, revision, operator.approvers[0]!);
    const last = operator.approve(order, revision, operator.approvers[1]!).catch(() => undefined);
    await delay(Math.random() * 30);
    await meanwhile(kill(count % 3 === 0));
    await last;
    // If the response was lost, the approval may have been lost too.
    await operator.approve(order, revision, operator.approvers[1]!).catch(() => undefined);
    const left = posts.filter((post) => !isReturned(post));
    await meanwhile(
      until(() => {
        const got = recipient.posts().slice(before);
        expect(got.map(({ id }) => id)).toEqual(left.map(({ id }) => id));
        for (const post of left) expect(statuses(post.id)).toEqual(['held', 'released']);
      }, 20_000),
    );
  }
});
