/**
 * The members of a conversation, as far as the delivery service knows them, and the rule for the next commit. The server cannot read a commit. The
 * commit's sender states which enrollments it adds and which devices it removes.
 */
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Enrolment, Post } from './ports.ts';

/** The conversations that one enrollment may register. Each takes a row, and one row for each member, for as long as the conversation lives. */
export const MOST_BEGUN = 5_000;
/** A commit goes to at most `MOST_RECIPIENTS` devices, so a conversation with more members could never change again. */
const MOST_MEMBERS = MOST_RECIPIENTS + 1;

export interface Conversation {
  /** The epoch that the next commit must name. */
  readonly next: number;
  /** The generation of each member's enrollment. */
  readonly members: ReadonlyMap<DeviceId, number>;
}

type Commit = NonNullable<Post['commit']>;

export interface CommitAttempt {
  readonly sender: Enrolment;
  readonly commit: Commit;
  /** The recipients of the commit's post. */
  readonly addressed: ReadonlySet<DeviceId>;
  /** True for an active enrollment. A commit need not go to an enrollment that has ended. */
  readonly isReachable: (member: Enrolment) => boolean;
}

export function mayCommit(
  conversation: Conversation | undefined,
  { sender, commit, addressed, isReachable }: CommitAttempt,
): 'allowed' | 'superseded' | 'blocked' {
  const { epoch } = commit;
  if (conversationAfter(conversation, sender, commit).members.size > MOST_MEMBERS) return 'blocked';
  // A device that is not a member could freeze a conversation whose id it knows, by a commit for an epoch that it has not reached.
  if (!conversation) return epoch === 0 ? 'allowed' : 'blocked';
  if (epoch < conversation.next) return 'superseded';
  if (epoch > conversation.next || conversation.members.get(sender.device) !== sender.generation) return 'blocked';
  for (const [device, generation] of conversation.members) {
    if (device === sender.device || addressed.has(device)) continue;
    // A member that never receives this commit could not follow the next one.
    if (isReachable({ device, generation })) return 'blocked';
  }
  return 'allowed';
}

export function conversationAfter(before: Conversation | undefined, sender: Enrolment, commit: Commit): Conversation {
  const members = new Map(before ? before.members : [[sender.device, sender.generation]]);
  for (const device of commit.remove) members.delete(device);
  for (const { device, generation } of commit.add) members.set(device, generation);
  return { next: commit.epoch + 1, members };
}
