/** Store of accepted messages. One transaction accepts a message and adds it to the mailboxes of its recipients. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import {
  enrollmentKey,
  epochKey,
  isCrowded,
  type Known,
  type Placement,
  place,
  postKey,
  shareKey,
} from '../relay/placement.ts';
import type { Enrollment, JudgedPost, Placed, Posted, PostStore as PostPort } from '../relay/ports.ts';
import { type Cell, insertOf, tableOf } from './bulk.ts';
import { countBegun, loadConversations, saveCommits } from './conversation-rows.ts';
import type { Database, Tx } from './database.ts';
import { loadMailboxes, saveMailboxes } from './mailbox-rows.ts';
import { digestOf, loadResponses, saveResponses } from './post-results.ts';
import { sharesFor, WAITING_MESSAGES } from './waiting-rows.ts';

interface Placing {
  readonly judged: JudgedPost;
  readonly digest: number;
  placed: Placement | null;
}

interface Accepted {
  readonly judged: JudgedPost;
  readonly digest: number;
  readonly placed: Placement;
}

export class PostStore implements PostPort {
  readonly #database: Database;
  readonly #place: (placing: Placing) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#place = database.grouped(placeAll);
  }

  async post(judged: JudgedPost): Promise<Placed> {
    const placing: Placing = { judged, digest: digestOf(judged.sender, judged.post.id), placed: null };
    await this.#place(placing);
    if (!placing.placed) throw new Error('the store has no result for a post');
    return placing.placed;
  }

  async earlierResponse(sender: Enrollment, id: string): Promise<Posted | null> {
    const responses = await loadResponses(this.#database.db, [digestOf(sender, id)]);
    return responses.get(postKey(sender, id)) ?? null;
  }
}

async function placeAll(tx: Tx, placings: readonly Placing[]): Promise<void> {
  const known = await loadKnown(tx, placings);
  const accepted: Accepted[] = [];
  for (const placing of placings) {
    const { judged, digest } = placing;
    const placed = place(judged, known);
    placing.placed = placed;
    if (placed.accepted) accepted.push({ judged, digest, placed });
  }
  if (accepted.length === 0) return;
  const numbers = await insertPosts(
    tx,
    accepted.filter(({ placed }) => placed.entries.length > 0),
  );
  await saveResponses(
    tx,
    accepted.map((one) => ({
      sender: one.judged.sender,
      digest: one.digest,
      at: one.judged.at,
      response: one.placed.response,
      post: numbers.get(one) ?? null,
    })),
  );
  await insertEpochs(tx, accepted);
  const touched = new Set(
    accepted.flatMap(({ judged, placed }) => [judged.sender.device, ...placed.entries.map(({ device }) => device)]),
  );
  await saveMailboxes(
    tx,
    [...touched].flatMap((device) => known.mailboxes.get(device) ?? []),
  );
}

async function loadKnown(tx: Tx, placings: readonly Placing[]): Promise<Known> {
  const all = placings.map(({ judged }) => judged);
  const conversations = await loadConversations(
    tx,
    all.flatMap(({ post }) => post.commit?.conversation ?? []),
  );
  const members = [...conversations.values()].flatMap((conversation) => [...conversation.members.keys()]);
  const mailboxes = await loadMailboxes(tx, [...devicesOf(all), ...members]);
  const beginners = all.filter(({ post }) => post.commit?.epoch === 0).map(({ sender }) => sender);
  return {
    responses: await loadResponses(
      tx,
      placings.map(({ digest }) => digest),
    ),
    commits: await commitsIn(tx, all),
    conversations,
    begun: new Map((await countBegun(tx, beginners)).map(({ count, ...one }) => [enrollmentKey(one), count])),
    mailboxes,
    shares: await sharesOf(tx, [...mailboxes.values()].filter(isCrowded)),
  };
}

/** Stores messages that have recipients, and one mailbox entry for each recipient. Returns the numbers of the messages. */
async function insertPosts(tx: Tx, accepted: readonly Accepted[]): Promise<Map<Accepted, number>> {
  const numbers = new Map<Accepted, number>();
  if (accepted.length === 0) return numbers;
  // Only this writer inserts posts, so the next number is free.
  const { rows } = await sql<{ newest: number | null }>`select max(id) as newest from posts`.execute(tx);
  let id = Number(rows[0]?.newest ?? 0);
  const posts: Cell[][] = [];
  const entries: Cell[][] = [];
  for (const one of accepted) {
    const { judged, placed } = one;
    const { sender, post, at, expiresAt } = judged;
    id += 1;
    numbers.set(one, id);
    const keep = post.keep ? 1 : 0;
    const { device, generation } = sender;
    posts.push([id, device, generation, post.id, at, keep, post.expires, placed.entries.length, post.body]);
    for (const { device, seq, bytes, heldBy } of placed.entries) {
      entries.push([device, seq, id, bytes, expiresAt, heldBy, 0]);
    }
  }
  await insertOf('posts', POSTS, posts).execute(tx);
  await insertOf('mailbox_entries', ENTRIES, entries).execute(tx);
  return numbers;
}

async function insertEpochs(tx: Tx, accepted: readonly Accepted[]): Promise<void> {
  const commits = accepted.flatMap(({ judged: { sender, post, at } }) =>
    post.commit ? [{ sender, post: post.id, commit: post.commit, at }] : [],
  );
  if (commits.length === 0) return;
  const epochs = commits.map(({ sender, post, commit, at }) => [
    commit.conversation,
    commit.epoch,
    sender.device,
    sender.generation,
    post,
    at,
  ]);
  await insertOf('conversation_epochs', EPOCHS, epochs).execute(tx);
  await saveCommits(tx, commits);
}

async function sharesOf(tx: Tx, crowded: readonly Enrollment[]): Promise<Known['shares']> {
  const shares = await sharesFor(tx, WAITING_MESSAGES, crowded);
  return new Map(
    shares.map(({ recipient, sender, entries, bytes }) => [shareKey(recipient, sender), { entries, bytes }]),
  );
}

function* devicesOf(all: readonly JudgedPost[]): Iterable<DeviceId> {
  for (const { sender, recipients } of all) {
    yield sender.device;
    for (const { device } of recipients) yield device;
  }
}

async function commitsIn(tx: Tx, all: readonly JudgedPost[]): Promise<Map<string, string>> {
  const commits = all.flatMap(({ post }) => post.commit ?? []);
  if (commits.length === 0) return new Map();
  const keys = tableOf(
    ['text', 'bigint'],
    commits.map(({ conversation, epoch }) => [conversation, epoch]),
  );
  const { rows } = await sql<{
    conversation: string;
    epoch: number;
    device_id: DeviceId;
    generation: number;
    post_id: string;
  }>`
    select c.* from ${keys} as v cross join conversation_epochs c
    where c.conversation = v.column1 and c.epoch = v.column2`.execute(tx);
  return new Map(
    rows.map(({ device_id: device, generation, post_id, ...commit }) => [
      epochKey(commit),
      postKey({ device, generation }, post_id),
    ]),
  );
}

const POSTS = {
  id: 'bigint',
  device_id: 'text',
  generation: 'bigint',
  post_id: 'text',
  at: 'bigint',
  keep: 'bigint',
  expires_at: 'bigint',
  entries: 'bigint',
  body: 'text',
} as const;
const ENTRIES = {
  device_id: 'text',
  seq: 'bigint',
  post: 'bigint',
  bytes: 'bigint',
  expires_at: 'bigint',
  holding_order: 'text',
  due: 'bigint',
} as const;
const EPOCHS = {
  conversation: 'text',
  epoch: 'bigint',
  device_id: 'text',
  generation: 'bigint',
  post_id: 'text',
  at: 'bigint',
} as const;
