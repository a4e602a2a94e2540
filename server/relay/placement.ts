/**
 * Decides in which mailboxes a message is stored, and the response to its sender. No message is placed twice, each epoch of a conversation
 * has one commit, and no mailbox exceeds its limits. The functions are pure, except that each message updates the argument `known` for the
 * next message of the batch.
 */
import { LARGEST_SEALED } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type Conversation, conversationAfter, MOST_BEGUN, mayCommit } from './conversations.ts';
import { plainDenial } from './denials.ts';
import type { Enrollment, JudgedPost, Placed, PlacedEntry, Post, Posted } from './ports.ts';
import type { Gate } from './settlement.ts';

export const MOST_ENTRIES = 2_000;
export const MOST_BYTES = 256 * LARGEST_SEALED;

export interface Mailbox extends Enrollment {
  lastSeq: number;
  acknowledged: number;
  posts: number;
  entries: number;
  bytes: number;
  deliveryReports: number;
  gate: Gate;
}

export interface Share {
  entries: number;
  bytes: number;
}

/**
 * True for a mailbox that is half full. The mailbox then accepts no more mail from a sender whose mail fills a quarter of it, so that one
 * sender cannot block all others.
 */
export const isCrowded = ({ entries, bytes }: Share): boolean => entries >= MOST_ENTRIES / 2 || bytes >= MOST_BYTES / 2;

const fillsQuarter = ({ entries, bytes }: Share): boolean => entries >= MOST_ENTRIES / 4 || bytes >= MOST_BYTES / 4;

export interface Known {
  readonly responses: Map<string, Posted>;
  /**
   * Map from an epoch of a conversation (RFC 9420) to the message with the epoch's accepted commit. `epochKey` creates the keys, and
   * `postKey` creates the values.
   */
  readonly commits: Map<string, string>;
  readonly conversations: Map<string, Conversation>;
  /** Number of conversations that each enrollment has started, by `enrollmentKey`. */
  readonly begun: Map<string, number>;
  readonly mailboxes: ReadonlyMap<DeviceId, Mailbox>;
  /**
   * Number and bytes of the messages from each sender in each recipient's mailbox, by recipient and sender (`shareKey`). At the start of a
   * batch, only mailboxes that are at least half full are included, because only these limit individual senders (`isCrowded`).
   */
  readonly shares: Map<string, Share>;
}

export interface Placement extends Placed {
  readonly accepted: boolean;
}

export const enrollmentKey = ({ device, generation }: Enrollment) => `${device} ${generation}`;
export const postKey = ({ device, generation }: Enrollment, id: string) => `${device} ${generation} ${id}`;
export const shareKey = (recipient: DeviceId, sender: DeviceId) => `${recipient} ${sender}`;
export const epochKey = ({ conversation, epoch }: { readonly conversation: string; readonly epoch: number }) =>
  `${conversation} ${epoch}`;

export function place(judged: JudgedPost, known: Known): Placement {
  const { sender, post } = judged;
  const key = postKey(sender, post.id);
  const before = known.responses.get(key);
  if (before) return notStored(before);
  const own = known.mailboxes.get(sender.device);
  if (own?.generation !== sender.generation) {
    const denial = plainDenial('device_unknown', 'This enrollment of the device has ended.');
    return notStored({ kind: 'posted', id: post.id, outcome: 'refused', denial, recipients: [] });
  }
  const { commit } = post;
  if (commit) {
    const refusal = refusalOf(judged, commit, known);
    if (refusal) return notStored({ kind: 'posted', id: post.id, recipients: [], ...refusal });
    const before = known.conversations.get(commit.conversation);
    known.conversations.set(commit.conversation, conversationAfter(before, sender, commit));
    known.commits.set(epochKey(commit), key);
    const begun = known.begun.get(enrollmentKey(sender)) ?? 0;
    if (!before) known.begun.set(enrollmentKey(sender), begun + 1);
  }
  const entries: PlacedEntry[] = [];
  const bytes = post.body.length;
  const recipients = judged.recipients.map(
    ({ device, known: exists, denial, waiting }): Posted['recipients'][number] => {
      const mailbox = known.mailboxes.get(device);
      if (!exists || !mailbox) return { device, outcome: 'unknown', denial: null };
      // Refuse the mail immediately in the response, because the order would return the stored mail to the sender anyway.
      const returned = waiting === 'return' || mailbox.gate === 'return';
      if (denial && returned && !post.keep) return { device, outcome: 'refused', denial };
      const share = known.shares.get(shareKey(device, sender.device)) ?? { entries: 0, bytes: 0 };
      const full = mailbox.entries >= MOST_ENTRIES || mailbox.bytes + bytes > MOST_BYTES;
      if (full || (isCrowded(mailbox) && fillsQuarter(share))) return { device, outcome: 'full', denial: null };
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
  const response: Posted = { kind: 'posted', id: post.id, outcome: 'accepted', denial: null, recipients };
  known.responses.set(key, response);
  return { response, entries, accepted: true };
}

const notStored = (response: Posted): Placement => ({ response, entries: [], accepted: false });

/**
 * Response to a message whose commit must not be applied, because it is refused, superseded or already accepted. Null if the commit may be
 * applied.
 */
function refusalOf(
  { sender, post, recipients }: JudgedPost,
  commit: NonNullable<Post['commit']>,
  known: Known,
): Pick<Posted, 'outcome' | 'denial'> | null {
  // The server may have accepted this commit from the sender before, and the stored response has expired.
  const winner = known.commits.get(epochKey(commit));
  if (winner === postKey(sender, post.id)) return { outcome: 'accepted', denial: null };
  if (winner !== undefined) return { outcome: 'superseded', denial: null };
  const conversation = known.conversations.get(commit.conversation);
  const isReachable = ({ device, generation }: Enrollment) => known.mailboxes.get(device)?.generation === generation;
  const addressed = new Set(recipients.map(({ device }) => device));
  const allowed = mayCommit(conversation, { sender, commit, addressed, isReachable });
  if (allowed !== 'allowed') return { outcome: allowed, denial: null };
  if (conversation || (known.begun.get(enrollmentKey(sender)) ?? 0) < MOST_BEGUN) return null;
  const detail = `This device has begun ${MOST_BEGUN} conversations, the maximum for one enrollment.`;
  return { outcome: 'refused', denial: plainDenial('too_many_conversations', detail) };
}
