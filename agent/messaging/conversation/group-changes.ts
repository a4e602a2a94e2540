import { commitChange, epochOf, membersOf, sealContent } from '../../../shared/seal/conversation.ts';
import type { Leaf } from '../../../shared/seal/terms.ts';
import type { KeyPackageClaims } from '../keys/key-package-claims.ts';
import type { NewPost, Posted, Posts } from '../mailbox/posts.ts';
import type { Member } from '../members/member.ts';
import type { Membership } from '../members/membership.ts';
import type { NewDeviceNotes } from '../members/new-devices.ts';
import { createRoster, mergePeople, peopleOf } from '../members/roster.ts';
import type { MessageStore } from '../message-store.ts';
import { descriptionOf } from './description.ts';
import { type Difference, differenceOf, waitBeforeChange } from './group-difference.ts';
import { enrollmentsOf } from './new-conversation.ts';
import {
  type ConversationRecord,
  type ConversationRecords,
  isExcluded,
  otherDevicesIn,
  type PendingCommit,
} from './records.ts';
import type { StateLoss } from './state-loss.ts';
import type { Succession } from './succession.ts';

export interface GroupComparison extends Difference {
  readonly record: ConversationRecord;
  readonly group: Uint8Array;
  readonly wanted: readonly Member[];
  readonly mustRemove: boolean;
}

/**
 * Changes of a conversation's MLS group, which must contain all current devices of the conversation's people. A change is a commit. The
 * device stores its commit beside the state of the group until the server accepts it (RFC 9420, section 14).
 */
export interface GroupChanges {
  /**
   * Compares the group with the current devices of its people. Returns null if this device is not in the group, or if its own commit waits
   * for the server's response.
   */
  compare(id: string): Promise<GroupComparison | null>;
  /**
   * Sends one commit (change of the group, RFC 9420) that adds and removes devices as `compare` found necessary. `urgent`: a message of the
   * user waits for the commit. `waited`: other members have had time to make the commit instead. Returns the milliseconds until the next
   * comparison, or null if none is needed.
   */
  change(comparison: GroupComparison, urgent: boolean, waited: boolean): Promise<number | null>;
  settle(conversation: string, response: Posted): Promise<void>;
}

export interface GroupChangePorts {
  readonly device: string;
  readonly patience: number;
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly posts: Pick<Posts, 'add' | 'settled' | 'deferred'>;
  readonly membership: Pick<Membership, 'membersOf' | 'proofOf' | 'ledger'>;
  readonly claims: Pick<KeyPackageClaims, 'claimAgain'>;
  readonly succession: Pick<Succession, 'begin' | 'stopChanges'>;
  readonly stateLoss: Pick<StateLoss, 'reset'>;
  readonly newDevices: NewDeviceNotes;
  readonly realNow: () => number;
}

export function createGroupChanges(ports: GroupChangePorts): GroupChanges {
  const { records, device, membership } = ports;
  return {
    async compare(id) {
      const record = records.conversation(id);
      const group = records.group(id);
      if (!record || !group || record.state !== 'ready' || records.pending(id)) return null;
      const found = await membership.membersOf(record.people.map(({ person }) => person));
      const wanted = [...found.values()].flat().filter((member) => !isExcluded(record, member));
      const difference = differenceOf({
        leaves: membersOf(group),
        own: device,
        wanted,
        rejoinRequestedBy: record.rejoinRequestedBy,
      });
      const mustRemove = difference.remove.some((leaf) => !isAmong(wanted, leaf));
      return { ...difference, record, group, wanted, mustRemove };
    },
    change: (comparison, urgent, waited) => change(ports, comparison, urgent, waited),
    settle: (conversation, response) => settle(ports, conversation, response),
  };
}

const isAmong = (wanted: readonly Member[], { device, signatureKey }: Leaf) =>
  wanted.some((one) => one.device === device && one.signatureKey === signatureKey);

async function change(
  ports: GroupChangePorts,
  comparison: GroupComparison,
  urgent: boolean,
  waited: boolean,
): Promise<number | null> {
  const { records, realNow } = ports;
  const { record, group, wanted, remove, add, mustRemove } = comparison;
  const checked: ConversationRecord = {
    ...record,
    people: mergePeople(record.people, peopleOf(wanted)),
    descriptionDue: record.descriptionDue || record.descriptionBlocked === true,
    checkedAt: realNow(),
  };
  const epoch = epochOf(group);
  const isStopped = record.unchangeableInEpoch === epoch;
  if (remove.length === 0 && add.length === 0 && !(isStopped && record.welcomeRefused)) {
    records.save({ ...checked, rejoinRequestedBy: [] });
    return null;
  }
  // As long as the group contains a device that must be removed, messages stay unsent and a check stays due.
  const waiting = mustRemove ? { ...checked, checkedAt: 0 } : checked;
  const wait = () => waitBeforeChange(membersOf(group), remove, ports.device, Math.random());
  if (isStopped) {
    records.save(waiting);
    return ports.succession.begin(waiting, wait(), waited);
  }
  // The server has accepted another member's commit for this epoch (version of the group's keys). This device waits until that commit
  // arrives.
  const left = record.refusedCommit?.epoch === epoch ? record.refusedCommit.at + ports.patience - realNow() : 0;
  if (left > 0 && left <= ports.patience) {
    records.save(waiting);
    return left;
  }
  const milliseconds = urgent || waited ? 0 : wait();
  if (milliseconds > 0) return milliseconds;
  return commit(ports, comparison, checked);
}

/**
 * Makes and sends the commit. A device that asks to rejoin is removed and added in one commit, so it is removed only if it has a key
 * package.
 */
async function commit(
  ports: GroupChangePorts,
  { record, group, wanted, remove, add }: GroupComparison,
  checked: ConversationRecord,
): Promise<number | null> {
  const { records, store, posts, membership } = ports;
  const { packages, again } = await ports.claims.claimAgain(add);
  const removed = remove.filter(
    (leaf) => !isAmong(wanted, leaf) || packages.some(({ device: back }) => back === leaf.device),
  );
  if (removed.length === 0 && packages.length === 0) {
    records.save(checked);
    return again;
  }
  const roster = createRoster(membership, [...record.members, ...wanted]);
  const made = await commitChange(
    group,
    { add: packages.map(({ body }) => body), remove: removed.map(({ leafIndex }) => leafIndex) },
    { now: ports.realNow(), ...roster },
  );
  const pending: Omit<PendingCommit, 'post'> = {
    state: Buffer.from(made.next).toString('base64'),
    welcome: made.welcome && Buffer.from(made.welcome).toString('base64'),
    members: roster.of(membersOf(made.next)),
    newcomers: roster.of(made.added),
  };
  const to = otherDevicesIn(record, ports.device);
  const data = {
    conversation: record.id,
    epoch: made.epoch,
    add: enrollmentsOf(made.added),
    remove: removed.map((leaf) => leaf.device),
  };
  // This device is alone in the group, so it sends the commit to no other member. The welcome carries the data of the commit, from which
  // the server knows the devices that may make the next commit.
  if (to.length === 0) {
    await adopt(ports, checked, { ...pending, post: '' }, () => undefined, data);
    return null;
  }
  store.transaction(() => {
    const post = posts.add({ to, commit: data, body: made.commit }, { kind: 'commit', conversation: record.id });
    records.save(checked, { pending: { ...pending, post } });
  });
  return again;
}

async function settle(ports: GroupChangePorts, conversation: string, response: Posted): Promise<void> {
  const { records, store, posts } = ports;
  const record = records.conversation(conversation);
  const pending = records.pending(conversation);
  if (response.outcome === 'refused') return posts.deferred(response);
  if (!record || pending?.post !== response.id) {
    store.transaction(() => posts.settled(response));
    if (record && record.state !== 'left' && response.outcome === 'accepted') {
      const text = 'The server sent different changes of members to different devices.';
      ports.stateLoss.reset(record, 'the server accepted two commits for one epoch', text);
    }
    return;
  }
  if (response.outcome === 'superseded' || response.outcome === 'blocked') {
    return settleBlocked(ports, record, response);
  }
  const isUnknown = response.recipients.some(
    ({ device, outcome }) => outcome === 'unknown' && pending.members.some((member) => member.device === device),
  );
  await adopt(ports, isUnknown ? { ...record, checkedAt: 0 } : record, pending, () => posts.settled(response));
}

/**
 * Handles the refusal of a commit because the server had accepted another member's commit for the same epoch (version of the group's keys).
 * After a second refusal in the same epoch, that other commit should already have arrived.
 */
function settleBlocked(ports: GroupChangePorts, record: ConversationRecord, response: Posted): void {
  const { records, store, posts } = ports;
  const group = records.group(record.id);
  const epoch = group ? epochOf(group) : 0;
  const isSecond = record.refusedCommit?.epoch === epoch;
  const refusedCommit = isSecond && record.refusedCommit ? record.refusedCommit : { epoch, at: ports.realNow() };
  store.transaction(() => {
    posts.settled(response);
    records.save({ ...record, checkedAt: 0, refusedCommit }, { pending: null });
  });
  if (!isSecond) return;
  if (response.outcome === 'blocked') ports.succession.stopChanges(record.id, epoch);
  else {
    const text = 'A change of members did not arrive on this device.';
    ports.stateLoss.reset(record, 'a change of its members has not arrived', text);
  }
}

/**
 * Stores the new MLS state and the welcomes for the added devices in one transaction. After a crash between two steps, these devices could
 * never join.
 */
async function adopt(
  ports: GroupChangePorts,
  before: ConversationRecord,
  pending: PendingCommit,
  also: () => void,
  commit: NewPost['commit'] = null,
): Promise<void> {
  const { records, store, posts, membership } = ports;
  const { members, newcomers, welcome } = pending;
  const conversation = before.id;
  const isAdded = (device: string) => newcomers.some((newcomer) => newcomer.device === device);
  const record: ConversationRecord = {
    ...before,
    members,
    rejoinRequestedBy: before.rejoinRequestedBy.filter(({ device }) => !isAdded(device)),
  };
  const next = Buffer.from(pending.state, 'base64');
  const about = welcome === null ? null : await sealContent(next, descriptionOf(record, membership.ledger()));
  const to = newcomers.map(({ device }) => device);
  store.transaction(() => {
    also();
    const knownDevices = ports.newDevices.add(conversation, before, members);
    records.save({ ...record, knownDevices }, { group: about?.state ?? next, pending: null });
    if (welcome === null || !about || to.length === 0) return;
    posts.add({ to, commit, body: Buffer.from(welcome, 'base64') }, { kind: 'welcome', conversation });
    posts.add({ to, body: about.message }, { kind: 'description', conversation });
  });
}
