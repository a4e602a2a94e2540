/** Store of accepted messages. One transaction accepts a message and adds it to the mailboxes of its recipients. */
import { sql } from 'kysely';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
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
import type { Database, Db, Tx } from './database.ts';
import { loadMailboxes, saveMailboxes } from './mailbox-rows.ts';

interface Placing {
  readonly judged: JudgedPost;
  placed: Placement | null;
}

export class PostStore implements PostPort {
  readonly #database: Database;
  readonly #place: (placing: Placing) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#place = database.grouped(placeAll);
  }

  async post(judged: JudgedPost): Promise<Placed> {
    const placing: Placing = { judged, placed: null };
    await this.#place(placing);
    if (!placing.placed) throw new Error('the store has no result for a post');
    return placing.placed;
  }

  async earlierResponse(sender: Enrollment, id: string): Promise<Posted | null> {
    const responses = await responsesTo(this.#database.db, [{ sender, post: { id } }]);
    return responses.get(postKey(sender, id)) ?? null;
  }
}

interface PostReference {
  readonly sender: Enrollment;
  readonly post: { readonly id: string };
}

async function responsesTo(db: Db | Tx, posts: readonly PostReference[]): Promise<Map<string, Posted>> {
  const keys = tableOf(
    ['text', 'bigint', 'text'],
    posts.map(({ sender, post }) => [sender.device, sender.generation, post.id]),
  );
  const { rows } = await sql<{ device_id: DeviceId; generation: number; post_id: string; answer: string }>`
    select p.device_id, p.generation, p.post_id, p.answer from ${keys} as v cross join posts p
    where p.device_id = v.column1 and p.generation = v.column2 and p.post_id = v.column3`.execute(db);
  return new Map(
    rows.map(({ device_id: device, generation, post_id, answer }) => [
      postKey({ device, generation }, post_id),
      decodeResponse(post_id, answer),
    ]),
  );
}

/**
 * Response to a device that sent a message, as JSON. The server repeats the response if the device repeats its request. Several recipients
 * can share one notice about an order, so each notice is stored once.
 */
interface StoredResponse {
  readonly denials: readonly DenialNotice[];
  /** One tuple per recipient: device, outcome, and index of the recipient's notice in `denials`; null for a recipient without a notice. */
  readonly recipients: readonly (readonly [DeviceId, Posted['recipients'][number]['outcome'], number | null])[];
}

function encodeResponse({ recipients }: Posted): string {
  const indexes = new Map<string, number>();
  const indexOf = (denial: DenialNotice): number => {
    const text = JSON.stringify(denial);
    const index = indexes.get(text) ?? indexes.size;
    indexes.set(text, index);
    return index;
  };
  const tuples = recipients.map(({ device, outcome, denial }) => [device, outcome, denial && indexOf(denial)] as const);
  const denials = [...indexes.keys()].map((text): DenialNotice => JSON.parse(text));
  return JSON.stringify({ denials, recipients: tuples } satisfies StoredResponse);
}

function decodeResponse(id: string, text: string): Posted {
  const { denials, recipients }: StoredResponse = JSON.parse(text);
  return {
    kind: 'posted',
    id,
    outcome: 'accepted',
    denial: null,
    recipients: recipients.map(([device, outcome, index]) => ({
      device,
      outcome,
      denial: index === null ? null : (denials[index] ?? null),
    })),
  };
}

async function placeAll(tx: Tx, placings: readonly Placing[]): Promise<void> {
  const all = placings.map(({ judged }) => judged);
  const conversations = await loadConversations(
    tx,
    all.flatMap(({ post }) => post.commit?.conversation ?? []),
  );
  const members = [...conversations.values()].flatMap((conversation) => [...conversation.members.keys()]);
  const mailboxes = await loadMailboxes(tx, [...devicesOf(all), ...members]);
  const beginners = all.filter(({ post }) => post.commit?.epoch === 0).map(({ sender }) => sender);
  const known: Known = {
    responses: await responsesTo(tx, all),
    commits: await commitsIn(tx, all),
    conversations,
    begun: new Map((await countBegun(tx, beginners)).map(({ count, ...one }) => [enrollmentKey(one), count])),
    mailboxes,
    shares: await sharesOf(tx, [...mailboxes.values()].filter(isCrowded)),
  };
  const accepted: { readonly judged: JudgedPost; readonly placed: Placement }[] = [];
  for (const placing of placings) {
    const placed = place(placing.judged, known);
    placing.placed = placed;
    if (placed.accepted) accepted.push({ judged: placing.judged, placed });
  }
  if (accepted.length === 0) return;
  const ids = await insertPosts(tx, accepted);
  const entries: Cell[][] = [];
  const epochs: Cell[][] = [];
  const touched = new Set<DeviceId>();
  for (const { judged, placed } of accepted) {
    const { sender, post, at, expiresAt } = judged;
    const id = ids.get(postKey(sender, post.id)) ?? null;
    touched.add(sender.device);
    for (const { device, seq, bytes, heldBy } of placed.entries) {
      entries.push([device, seq, id, bytes, expiresAt, heldBy, 0]);
      touched.add(device);
    }
    const { commit } = post;
    if (commit) epochs.push([commit.conversation, commit.epoch, sender.device, sender.generation, post.id, at]);
  }
  if (entries.length > 0) await insertOf('mailbox_entries', ENTRIES, entries).execute(tx);
  if (epochs.length > 0) await insertOf('conversation_epochs', EPOCHS, epochs).execute(tx);
  await saveCommits(
    tx,
    accepted.flatMap(({ judged: { sender, post, at } }) => (post.commit ? [{ sender, commit: post.commit, at }] : [])),
  );
  await saveMailboxes(
    tx,
    [...touched].flatMap((device) => known.mailboxes.get(device) ?? []),
  );
}

async function insertPosts(
  tx: Tx,
  accepted: readonly { readonly judged: JudgedPost; readonly placed: Placement }[],
): Promise<Map<string, number>> {
  const posts = insertOf(
    'posts',
    POSTS,
    accepted.map(({ judged: { sender, post, at }, placed }) => [
      sender.device,
      sender.generation,
      post.id,
      at,
      post.keep ? 1 : 0,
      post.expires,
      encodeResponse(placed.response),
      placed.entries.length > 0 ? post.body : null,
    ]),
  );
  const { rows } = await sql<{ id: number; device_id: DeviceId; generation: number; post_id: string }>`
    ${posts} returning id, device_id, generation, post_id`.execute(tx);
  return new Map(
    rows.map(({ id, device_id: device, generation, post_id }) => [postKey({ device, generation }, post_id), id]),
  );
}

/**
 * Returns the number and total bytes of the waiting messages from each sender in the given mailboxes. The caller passes only mailboxes that
 * are half full, because only these limit the messages of each sender.
 */
async function sharesOf(tx: Tx, crowded: readonly Enrollment[]): Promise<Known['shares']> {
  if (crowded.length === 0) return new Map();
  const requested = tableOf(
    ['text'],
    crowded.map(({ device }) => [device]),
  );
  const { rows } = await sql<{ recipient: DeviceId; sender: DeviceId; entries: number; bytes: number }>`
    select e.device_id as recipient, p.device_id as sender, count(*) as entries, sum(e.bytes) as bytes
    from ${requested} as v cross join mailbox_entries e cross join posts p
    where e.device_id = v.column1 and p.id = e.post
    group by e.device_id, p.device_id`.execute(tx);
  return new Map(
    rows.map(({ recipient, sender, entries, bytes }) => [
      shareKey(recipient, sender),
      { entries: Number(entries), bytes: Number(bytes) },
    ]),
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
  device_id: 'text',
  generation: 'bigint',
  post_id: 'text',
  at: 'bigint',
  keep: 'bigint',
  expires_at: 'bigint',
  answer: 'text',
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
