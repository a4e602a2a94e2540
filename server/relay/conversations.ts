/**
 * Members of a conversation, as the delivery service knows them, and the rules for the next commit. The server cannot read a commit. The
 * commit's sender states which enrollments it adds and which devices it removes.
 */
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Enrollment, Post } from './ports.ts';

/** Maximum number of conversations that one enrollment may register. Each conversation has rows in the store until it ends. */
export const MOST_BEGUN = 5_000;
/** Maximum number of members. A commit reaches at most `MOST_RECIPIENTS` devices, so a larger conversation could not change any more. */
const MOST_MEMBERS = MOST_RECIPIENTS + 1;

export interface Conversation {
  /** Epoch that the next commit must state. */
  readonly next: number;
  /** Generation of each member's enrollment, by device. */
  readonly members: ReadonlyMap<DeviceId, number>;
}

type Commit = NonNullable<Post['commit']>;

export interface CommitAttempt {
  readonly sender: Enrollment;
  readonly commit: Commit;
  readonly addressed: ReadonlySet<DeviceId>;
  /** True for an active enrollment. A commit need not reach an enrollment that has ended. */
  readonly isReachable: (member: Enrollment) => boolean;
}

export function mayCommit(
  conversation: Conversation | undefined,
  { sender, commit, addressed, isReachable }: CommitAttempt,
): 'allowed' | 'superseded' | 'blocked' {
  const { epoch } = commit;
  if (conversationAfter(conversation, sender, commit).members.size > MOST_MEMBERS) return 'blocked';
  // A commit for a later epoch than its sender's could block a conversation. Any device that knows the conversation's id could send such a
  // commit.
  if (!conversation) return epoch === 0 ? 'allowed' : 'blocked';
  if (epoch < conversation.next) return 'superseded';
  if (epoch > conversation.next || conversation.members.get(sender.device) !== sender.generation) return 'blocked';
  for (const [device, generation] of conversation.members) {
    if (device === sender.device || addressed.has(device)) continue;
    // A member that never receives this commit could not process the next commit.
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
