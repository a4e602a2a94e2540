/**
 * Where a post goes and what its sender hears, from what the store knows: nothing twice, one commit an epoch, no mailbox beyond its quota. Pure
 * but for `known`, which is the caller's own and moves on with each post, so that a batch is decided one after the other.
 */
import { LARGEST_SEALED } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { plainDenial } from './denials.ts';
import type { Enrolment, JudgedPost, Placed, PlacedEntry, Posted } from './ports.ts';
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
  /** Of active devices. */
  readonly mailboxes: ReadonlyMap<DeviceId, Mailbox>;
  /** By `shareKey`, of mailboxes that were crowded before the batch. */
  readonly shares: Map<string, Share>;
}

export interface Placement extends Placed {
  /** It was accepted now, and not before. */
  readonly accepted: boolean;
}

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
  if (post.commit) {
    const winner = known.commits.get(epochKey(post.commit));
    if (winner !== undefined) {
      // Its own, and the answer has been forgotten since: it was accepted all the same.
      const outcome = winner === key ? 'accepted' : 'superseded';
      return without({ kind: 'posted', id: post.id, outcome, denial: null, recipients: [] });
    }
    known.commits.set(epochKey(post.commit), key);
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
