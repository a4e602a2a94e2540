/**
 * Conversations begin and follow their people: the group of each is all current devices of those who belong to it. A change is a commit that waits
 * beside the state until the server has put it in its place among others' (RFC 9420, section 14).
 */
import { CordonError } from '../../shared/errors.ts';
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import { type Content, LARGEST_CONVERSATION, MOST_WORDS } from '../../shared/seal/content.ts';
import {
  commitChange,
  createConversation,
  epochOf,
  membersOf,
  newConversationId,
  sealContent,
} from '../../shared/seal/conversation.ts';
import type { Leaf } from '../../shared/seal/terms.ts';
import { type Context, othersIn, peopleOf, rosterOf, together } from './context.ts';
import { type Difference, differenceOf, patienceOf } from './follow.ts';
import type { Member } from './membership.ts';
import type { Posted } from './posts.ts';
import type { ConversationRecord, PendingCommit } from './records.ts';
import { loseConversation } from './rejoining.ts';

export function aboutOf(context: Context, { title, titleAt, people, said }: ConversationRecord): Content {
  const here = people.map(({ person }) => ({ person, ...(said[person] ?? { at: 0, belongs: true }) }));
  const gone = Object.entries(said).flatMap(([person, word]) => (word.belongs ? [] : [{ person, ...word }]));
  return {
    ...{ type: 'about', at: titleAt, title, ledger: context.membership.ledger() },
    // Nobody comes or goes for not being spoken of.
    people: [...here, ...gone].slice(0, MOST_WORDS),
  };
}

/** The devices of everybody, when these come to those who belong to it already. Throws `too_large`, `person_unknown`. */
export async function devicesOf(
  context: Context,
  coming: readonly string[],
  already: readonly string[],
): Promise<readonly Member[]> {
  const people = [...new Set([...already, ...coming])];
  if (people.length > LARGEST_CONVERSATION) {
    throw new CordonError('too_large', `A conversation holds at most ${LARGEST_CONVERSATION} people: begin another.`);
  }
  const found = await context.membership.membersOf(people);
  // Who belongs to it already may have no device left.
  for (const person of coming) {
    if (!found.get(person)?.length) {
      throw new CordonError(
        'person_unknown',
        'Nobody of your organisation who can be written to is known by that; try `cordon-agent people`.',
        { person },
      );
    }
  }
  const members = [...found.values()].flat();
  if (members.length > MOST_RECIPIENTS) {
    throw new CordonError('too_large', `A conversation holds at most ${MOST_RECIPIENTS} devices.`);
  }
  return members;
}

export async function begin(context: Context, asked: readonly string[], title: string | null): Promise<string> {
  const { records, store, posts, realNow } = context;
  const own = context.own();
  const all = await devicesOf(context, asked, [own.person]);
  const others = all.filter(({ person }) => person !== own.person);
  const roster = rosterOf(context.membership, all);
  const conversation = newConversationId();
  const alone = await createConversation(context.self(), conversation, realNow());
  const packages = await context.claims.of(all);
  const add = packages.map(({ body }) => body);
  const change = add.length > 0 ? await commitChange(alone, { add, remove: [] }, { now: realNow(), ...roster }) : null;
  const group = change?.next ?? alone;
  const people = together([own], peopleOf(others));
  const members = roster.of(membersOf(group));
  const record: ConversationRecord = {
    ...{ id: conversation, title, people, said: {}, state: 'ready', members, ask: [], asking: [], heard: {} },
    ...{ titleAt: context.now(), aboutDue: false, since: 0, askedAt: 0 },
    checkedAt: packages.length < all.length - 1 ? 0 : realNow(),
  };
  const newcomers = othersIn(context, record);
  const about = change && (await sealContent(group, aboutOf(context, record)));
  store.transaction(() => {
    records.save(record, { group: about?.state ?? group });
    if (!change?.welcome || !about) return;
    posts.add({ to: newcomers, body: change.welcome }, { kind: 'welcome', conversation });
    posts.add({ to: newcomers, body: about.message }, { kind: 'about', conversation });
  });
  return conversation;
}

/** Milliseconds. */
const WHILE_REFUSED = 15_000;

/** A conversation's group beside its people's devices. */
export interface Compared extends Difference {
  readonly record: ConversationRecord;
  readonly group: Uint8Array;
  readonly wanted: readonly Member[];
  /** Somebody is in it who should not read it any more, not only anew. */
  readonly isToPutOut: boolean;
}

/** Null while there is nothing to compare. */
export async function compare(context: Context, id: string): Promise<Compared | null> {
  const { records, device } = context;
  const record = records.conversation(id);
  const group = records.group(id);
  if (!record || !group || record.state !== 'ready' || records.pending(id)) return null;
  const found = await context.membership.membersOf(record.people.map(({ person }) => person));
  const wanted = [...found.values()].flat();
  const difference = differenceOf({ leaves: membersOf(group), own: device, wanted, asking: record.asking });
  return { ...difference, record, group, wanted, isToPutOut: difference.remove.some((leaf) => !isOf(wanted, leaf)) };
}

const isOf = (wanted: readonly Member[], { device, signatureKey }: Leaf) =>
  wanted.some((one) => one.device === device && one.signatureKey === signatureKey);

/**
 * Makes the change that is missing. `hurry`: somebody is about to write, and who is in it counts. Returns after how many milliseconds to look again,
 * or null when all is well for now.
 */
export async function follow(
  context: Context,
  { record, group, wanted, remove, add, isToPutOut }: Compared,
  hurry: boolean,
  waited: boolean,
): Promise<number | null> {
  const { records, store, posts, device, realNow } = context;
  const { id } = record;
  const checked: ConversationRecord = {
    ...record,
    people: together(record.people, peopleOf(wanted)),
    aboutDue: record.aboutDue || record.aboutOwed === true,
    checkedAt: realNow(),
  };
  if (remove.length === 0 && add.length === 0) {
    records.save({ ...checked, asking: [] });
    return null;
  }
  if (record.refusedIn === epochOf(group)) {
    // Whatever is posted now is superseded. What was written waits while somebody is in it who should be out of it.
    records.save(isToPutOut ? { ...checked, checkedAt: 0 } : checked);
    return WHILE_REFUSED;
  }
  const patience = hurry || waited ? 0 : patienceOf(membersOf(group), remove, device, Math.random());
  if (patience > 0) return patience;
  const { packages, again } = await context.claims.due(add);
  // Nobody is put out for having asked before they can be let in again.
  const gone = remove.filter(
    (leaf) => !isOf(wanted, leaf) || packages.some(({ device: back }) => back === leaf.device),
  );
  if (gone.length === 0 && packages.length === 0) {
    records.save(checked);
    return again;
  }
  const roster = rosterOf(context.membership, [...record.members, ...wanted]);
  const made = await commitChange(
    group,
    { add: packages.map(({ body }) => body), remove: gone.map(({ leafIndex }) => leafIndex) },
    { now: realNow(), ...roster },
  );
  const pending: Omit<PendingCommit, 'post'> = {
    state: Buffer.from(made.next).toString('base64'),
    welcome: made.welcome && Buffer.from(made.welcome).toString('base64'),
    members: roster.of(membersOf(made.next)),
    newcomers: roster.of(made.added),
  };
  const to = othersIn(context, record);
  // Nobody to agree with: the server need not know of it.
  if (to.length === 0) {
    await adopt(context, checked, { ...pending, post: '' }, () => undefined);
    return null;
  }
  store.transaction(() => {
    const commit = { conversation: id, epoch: made.epoch };
    const post = posts.add({ to, commit, body: made.commit }, { kind: 'commit', conversation: id });
    records.save(checked, { pending: { ...pending, post } });
  });
  return again;
}

/** What the server said of a commit of one's own. */
export async function answeredCommit(context: Context, conversation: string, answer: Posted): Promise<void> {
  const { records, store, posts } = context;
  const record = records.conversation(conversation);
  const pending = records.pending(conversation);
  if (answer.outcome === 'refused') return posts.deferred(answer);
  if (!record || pending?.post !== answer.id) {
    store.transaction(() => posts.settled(answer));
    // Another one had come for the same epoch: the server has told some of us one thing and others another.
    if (record && record.state !== 'left' && answer.outcome === 'accepted')
      loseConversation(
        context,
        record,
        'two commits were taken for one epoch',
        'The server has told some of you of one change of who is in this conversation, and others of another.',
      );
    return;
  }
  if (answer.outcome === 'superseded') {
    store.transaction(() => {
      posts.settled(answer);
      records.save({ ...record, checkedAt: 0 }, { pending: null });
    });
    return;
  }
  const unknown = answer.recipients.some(
    ({ device, outcome }) => outcome === 'unknown' && pending.members.some((member) => member.device === device),
  );
  await adopt(context, unknown ? { ...record, checkedAt: 0 } : record, pending, () => posts.settled(answer));
}

/** The new state takes its place, and in the same step the newcomers are let in: a crash between the two would leave them outside for good. */
async function adopt(
  context: Context,
  before: ConversationRecord,
  pending: PendingCommit,
  also: () => void,
): Promise<void> {
  const { records, store, posts } = context;
  const { members, newcomers, welcome } = pending;
  const conversation = before.id;
  const arrived = (device: string) => newcomers.some((newcomer) => newcomer.device === device);
  const record: ConversationRecord = {
    ...before,
    members,
    asking: before.asking.filter(({ device }) => !arrived(device)),
  };
  const next = Buffer.from(pending.state, 'base64');
  const about = welcome === null ? null : await sealContent(next, aboutOf(context, record));
  const to = newcomers.map(({ device }) => device);
  store.transaction(() => {
    also();
    records.save(record, { group: about?.state ?? next, pending: null });
    if (welcome === null || !about || to.length === 0) return;
    posts.add({ to, body: Buffer.from(welcome, 'base64') }, { kind: 'welcome', conversation });
    posts.add({ to, body: about.message }, { kind: 'about', conversation });
  });
}
