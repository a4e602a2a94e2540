/**
 * Members of each conversation, and the rules for its next commit. The server cannot read a commit. Therefore the sender of a commit states
 * which enrollments the commit adds and which devices it removes.
 */
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Enrollment, Post } from './ports.ts';

/** Maximum number of conversations that one enrollment may start. Each conversation has rows in the store until it ends. */
export const MOST_BEGUN = 5_000;
/**
 * Maximum number of members of a conversation. A commit reaches at most `MOST_RECIPIENTS` devices, so no commit could change a larger
 * conversation.
 */
const MOST_MEMBERS = MOST_RECIPIENTS + 1;

export interface Conversation {
  /** Epoch (version of the conversation's keys) to which the next commit must apply. */
  readonly next: number;
  /** Number of the enrollment with which each device is a member. */
  readonly members: ReadonlyMap<DeviceId, number>;
}

type Commit = NonNullable<Post['commit']>;

export interface CommitAttempt {
  readonly sender: Enrollment;
  readonly commit: Commit;
  readonly addressed: ReadonlySet<DeviceId>;
  /** True if the enrollment is active. A commit need not reach a member whose enrollment has ended. */
  readonly isReachable: (member: Enrollment) => boolean;
}

export function mayCommit(
  conversation: Conversation | undefined,
  { sender, commit, addressed, isReachable }: CommitAttempt,
): 'allowed' | 'superseded' | 'blocked' {
  const { epoch } = commit;
  if (conversationAfter(conversation, sender, commit).members.size > MOST_MEMBERS) return 'blocked';
  // Block a commit for a later epoch than the next one, because it would make the conversation unusable. Any device that knows the
  // conversation's id could send such a commit.
  if (!conversation) return epoch === 0 ? 'allowed' : 'blocked';
  if (epoch < conversation.next) return 'superseded';
  if (epoch > conversation.next || conversation.members.get(sender.device) !== sender.generation) return 'blocked';
  for (const [device, generation] of conversation.members) {
    if (device === sender.device || addressed.has(device)) continue;
    // Block a commit that does not reach every active member. A member that misses this commit could not process the next one.
    if (isReachable({ device, generation })) return 'blocked';
  }
  return 'allowed';
}

export function conversationAfter(before: Conversation | undefined, sender: Enrollment, commit: Commit): Conversation {
  const members = new Map(before ? before.members : [[sender.device, sender.generation]]);
  for (const device of commit.remove) members.delete(device);
  for (const { device, generation } of commit.add) members.set(device, generation);
  return { next: commit.epoch + 1, members };
}
