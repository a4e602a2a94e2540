/**
 * Decides where a post goes and which answer its sender gets, from the store's data: no post twice, one commit for each epoch, no mailbox beyond its
 * quota. The function is pure except for `known`. The caller owns `known`, and each post updates it, so that one batch is decided in order.
 */
import { LARGEST_SEALED } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type Conversation, conversationAfter, MOST_BEGUN, mayCommit } from './conversations.ts';
import { plainDenial } from './denials.ts';
import type { Enrolment, JudgedPost, Placed, PlacedEntry, Post, Posted } from './ports.ts';
import type { Gate } from './settling.ts';

export const MOST_ENTRIES = 2_000;
export const MOST_BYTES = 256 * LARGEST_SEALED;

/** The mailbox of an active device in its present generation. */
export interface Mailbox extends Enrolment {
  lastSeq: number;
  taken: number;
  posts: number;
  entries: number;
  bytes: number;
  fates: number;
  gate: Gate;
}

/** What waits in one mailbox from one sender. */
export interface Share {
  entries: number;
  bytes: number;
}

/** Half of it is gone: from now on nobody who has a quarter of it gets more, so that no sender alone shuts it to all others. */
export const isCrowded = ({ entries, bytes }: Share): boolean => entries >= MOST_ENTRIES / 2 || bytes >= MOST_BYTES / 2;

const hasItsShare = ({ entries, bytes }: Share): boolean => entries >= MOST_ENTRIES / 4 || bytes >= MOST_BYTES / 4;

export interface Known {
  /** By `postKey`: what was answered to posts that were accepted. */
  readonly answers: Map<string, Posted>;
  /** By `epochKey`: whose commit it was, by `postKey`. */
  readonly commits: Map<string, string>;
  /** By conversation id. */
  readonly conversations: Map<string, Conversation>;
  /** The number of conversations that each enrollment has registered, by `enrolmentKey`. */
  readonly begun: Map<string, number>;
  /** Of active devices. */
  readonly mailboxes: ReadonlyMap<DeviceId, Mailbox>;
  /** By `shareKey`, of mailboxes that were crowded before the batch. */
  readonly shares: Map<string, Share>;
}

export interface Placement extends Placed {
  /** It was accepted now, and not before. */
  readonly accepted: boolean;
}

export const enrolmentKey = ({ device, generation }: Enrolment) => `${device} ${generation}`;
export const postKey = ({ device, generation }: Enrolment, id: string) => `${device} ${generation} ${id}`;
export const shareKey = (recipient: DeviceId, sender: DeviceId) => `${recipient} ${sender}`;
export const epochKey = ({ conversation, epoch }: { readonly conversation: string; readonly epoch: number }) =>
  `${conversation} ${epoch}`;

export function place(judged: JudgedPost, known: Known): Placement {
  const { sender, post } = judged;
  const key = postKey(sender, post.id);
  const before = known.answers.get(key);
  if (before) return without(before);
  const own = known.mailboxes.get(sender.device);
  if (own?.generation !== sender.generation) {
    const denial = plainDenial('device_unknown', 'This enrolment of the device has ended.');
    return without({ kind: 'posted', id: post.id, outcome: 'refused', denial, recipients: [] });
  }
  const { commit } = post;
  if (commit) {
    const refusal = refusalOf(judged, commit, known);
    if (refusal) return without({ kind: 'posted', id: post.id, recipients: [], ...refusal });
    const before = known.conversations.get(commit.conversation);
    known.conversations.set(commit.conversation, conversationAfter(before, sender, commit));
    known.commits.set(epochKey(commit), key);
    const begun = known.begun.get(enrolmentKey(sender)) ?? 0;
    if (!before) known.begun.set(enrolmentKey(sender), begun + 1);
  }
  const entries: PlacedEntry[] = [];
  const bytes = post.body.length;
  const recipients = judged.recipients.map(
    ({ device, known: exists, denial, waiting }): Posted['recipients'][number] => {
      const mailbox = known.mailboxes.get(device);
      if (!exists || !mailbox) return { device, outcome: 'unknown', denial: null };
      // It would go back the next moment: its sender hears so at once.
      const goesBack = waiting === 'return' || mailbox.gate === 'return';
      if (denial && goesBack && !post.keep) return { device, outcome: 'refused', denial };
      const share = known.shares.get(shareKey(device, sender.device)) ?? { entries: 0, bytes: 0 };
      const full = mailbox.entries >= MOST_ENTRIES || mailbox.bytes + bytes > MOST_BYTES;
      if (full || (isCrowded(mailbox) && hasItsShare(share))) return { device, outcome: 'full', denial: null };
      known.shares.set(shareKey(device, sender.device), { entries: share.entries + 1, bytes: share.bytes + bytes });
      mailbox.lastSeq += 1;
      mailbox.entries += 1;
      mailbox.bytes += bytes;
      const { generation, lastSeq: seq } = mailbox;
      entries.push({ device, generation, seq, bytes, heldBy: denial?.order ?? null });
      return { device, outcome: denial ? 'held' : 'stored', denial };
    },
  );
  own.posts += 1;
  const answer: Posted = { kind: 'posted', id: post.id, outcome: 'accepted', denial: null, recipients };
  known.answers.set(key, answer);
  return { answer, entries, accepted: true };
}

const without = (answer: Posted): Placement => ({ answer, entries: [], accepted: false });

/** Null when the conversation's rules allow the commit. */
function refusalOf(
  { sender, post, recipients }: JudgedPost,
  commit: NonNullable<Post['commit']>,
  known: Known,
): Pick<Posted, 'outcome' | 'denial'> | null {
  // The sender's own commit, after its answer has expired: the server accepted it.
  const winner = known.commits.get(epochKey(commit));
  if (winner === postKey(sender, post.id)) return { outcome: 'accepted', denial: null };
  if (winner !== undefined) return { outcome: 'superseded', denial: null };
  const conversation = known.conversations.get(commit.conversation);
  const isReachable = ({ device, generation }: Enrolment) => known.mailboxes.get(device)?.generation === generation;
  const addressed = new Set(recipients.map(({ device }) => device));
  const allowed = mayCommit(conversation, { sender, commit, addressed, isReachable });
  if (allowed !== 'allowed') return { outcome: allowed, denial: null };
  if (conversation || (known.begun.get(enrolmentKey(sender)) ?? 0) < MOST_BEGUN) return null;
  const detail = `This device has begun ${MOST_BEGUN} conversations, the most that one enrollment may begin.`;
  return { outcome: 'refused', denial: plainDenial('too_many_conversations', detail) };
}
