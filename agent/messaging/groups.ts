/**
 * A conversation follows its people: its group is all current devices of its people. A change is a commit. The commit waits beside the group's state
 * until the server has put the commit in its place among other devices' commits (RFC 9420, section 14).
 */
import { commitChange, epochOf, membersOf, sealContent } from '../../shared/seal/conversation.ts';
import type { Leaf } from '../../shared/seal/terms.ts';
import { aboutOf, enrolmentsOf } from './begin.ts';
import { type Context, othersIn, peopleOf, rosterOf, together } from './context.ts';
import { type Difference, differenceOf, patienceOf } from './follow.ts';
import type { Member } from './membership.ts';
import { noticeNewDevices } from './new-devices.ts';
import type { NewPost, Posted } from './posts.ts';
import { type ConversationRecord, isLeftOut, type PendingCommit } from './records.ts';
import { loseConversation } from './rejoining.ts';
import { beginSuccessor, stopChanges } from './succession.ts';

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
  const wanted = [...found.values()].flat().filter((member) => !isLeftOut(record, member));
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
  const epoch = epochOf(group);
  const isStopped = record.refusedIn === epoch;
  if (remove.length === 0 && add.length === 0 && !(isStopped && record.unwelcomed)) {
    records.save({ ...checked, asking: [] });
    return null;
  }
  // Messages that are not sealed yet wait while the group has a member that must be removed.
  const waiting = isToPutOut ? { ...checked, checkedAt: 0 } : checked;
  if (isStopped) {
    records.save(waiting);
    return beginSuccessor(context, waiting, patienceOf(membersOf(group), remove, device, Math.random()), waited);
  }
  const left = record.blocked?.epoch === epoch ? record.blocked.at + context.patience - realNow() : 0;
  if (left > 0 && left <= context.patience) {
    // The commit that took this epoch is on its way.
    records.save(waiting);
    return left;
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
  const commit = {
    ...{ conversation: id, epoch: made.epoch },
    add: enrolmentsOf(made.added),
    remove: gone.map((leaf) => leaf.device),
  };
  // No other member has to receive the commit. The welcome tells the server of it, so that the server knows who may commit next.
  if (to.length === 0) {
    await adopt(context, checked, { ...pending, post: '' }, () => undefined, commit);
    return null;
  }
  store.transaction(() => {
    const post = posts.add({ to, commit, body: made.commit }, { kind: 'commit', conversation: id });
    records.save(checked, { pending: { ...pending, post } });
  });
  return again;
}

/** What the server said of a commit of one's own. */
export async function answeredCommit(context: Context, conversation: string, answer: Posted): Promise<void> {
  const { records, store, posts, realNow } = context;
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
  if (answer.outcome === 'superseded' || answer.outcome === 'blocked') {
    const group = records.group(conversation);
    const epoch = group ? epochOf(group) : 0;
    const isSecond = record.blocked?.epoch === epoch;
    const { outcome } = answer;
    store.transaction(() => {
      posts.settled(answer);
      records.save(
        { ...record, checkedAt: 0, blocked: isSecond && record.blocked ? record.blocked : { epoch, at: realNow() } },
        { pending: null },
      );
    });
    if (!isSecond) return;
    if (outcome === 'blocked') return stopChanges(context, conversation, epoch);
    // The server has sent that commit to every member, and it did not arrive here.
    const words = 'A change of who is in this conversation has not come to this device.';
    return loseConversation(context, record, 'a change of its members has not come', words);
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
  commit: NewPost['commit'] = null,
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
    const known = noticeNewDevices(context, conversation, before, members);
    records.save({ ...record, known }, { group: about?.state ?? next, pending: null });
    if (welcome === null || !about || to.length === 0) return;
    posts.add({ to, commit, body: Buffer.from(welcome, 'base64') }, { kind: 'welcome', conversation });
    posts.add({ to, body: about.message }, { kind: 'about', conversation });
  });
}
