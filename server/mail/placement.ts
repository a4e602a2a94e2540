/**
 * Decides in which mail queues a mail is stored, and the response to its sender. No mail is placed twice, and no queue exceeds its limits.
 * The functions are pure, except that each mail updates the argument `known` for the next mail of the batch.
 */
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailResponse, SealedMail } from '../../shared/protocol/mail-http.ts';
import type { WaitingRule } from '../../shared/verdict/terms.ts';
import type { Enrollment } from '../relay/relay.ts';
import type { JudgedMail, MailEntry, MailQueue, PlacedMail } from './ports.ts';

const MiB = 1024 * 1024;
/** Maximum number and bytes of the mails in one queue. */
export const QUEUE_LIMITS = {
  device: { entries: 2_000, bytes: 512 * MiB },
  /** The limits of a mail connector's queue are higher, because all devices send their outbound mail to a few connectors. */
  connector: { entries: 20_000, bytes: 4_096 * MiB },
} as const;

export interface MailShare {
  entries: number;
  bytes: number;
}

export interface KnownPiece {
  readonly sender: Enrollment;
  readonly sha256: string;
  readonly size: number;
  /** True if a mail names the piece. */
  named: boolean;
}

export interface KnownMail {
  /** Earlier responses, by `mailKey`. */
  readonly responses: Map<string, MailResponse>;
  readonly queues: ReadonlyMap<DeviceId, MailQueue>;
  readonly pieces: ReadonlyMap<string, KnownPiece>;
  /**
   * Waiting mail of each sender in each queue, by `mailShareKey`. At the start of a batch, only queues that are at least half full are
   * included, because only these limit individual senders.
   */
  readonly shares: Map<string, MailShare>;
}

export const mailKey = ({ device, generation }: Enrollment, id: string) => `${device} ${generation} ${id}`;
export const mailShareKey = (recipient: DeviceId, sender: DeviceId) => `${recipient} ${sender}`;

const limitsOf = ({ connector }: Pick<MailQueue, 'connector'>) => QUEUE_LIMITS[connector ? 'connector' : 'device'];

/** True for a queue that is half full. It then refuses more mail from a sender whose mail fills a quarter of it. */
export function isCrowdedQueue(queue: Pick<MailQueue, 'connector' | 'entries' | 'bytes'>): boolean {
  const most = limitsOf(queue);
  return queue.entries >= most.entries / 2 || queue.bytes >= most.bytes / 2;
}

/** Size of a mail for the limits of a queue. */
export const bytesOf = ({ header, pieces }: SealedMail): number =>
  header.length + pieces.reduce((sum, { size }) => sum + size, 0);

export function placeMail({ mail, recipients }: JudgedMail, known: KnownMail): PlacedMail {
  const { sender } = mail;
  const key = mailKey(sender, mail.id);
  const before = known.responses.get(key);
  if (before) return { result: 'placed', response: before, entries: [] };
  const own = known.queues.get(sender.device);
  if (own?.generation !== sender.generation) return { result: 'sender-ended' };
  for (const { id, sha256, size } of mail.pieces) {
    const piece = known.pieces.get(id);
    const isOwn = piece?.sender.device === sender.device && piece.sender.generation === sender.generation;
    if (!isOwn || piece.named || piece.sha256 !== sha256 || piece.size !== size) {
      return { result: 'piece-missing', piece: id };
    }
  }
  const bytes = bytesOf(mail);
  const entries: MailEntry[] = [];
  const outcomes = recipients.map(({ device, generation, known: exists, denial, waiting }) => {
    const queue = known.queues.get(device);
    if (!exists || queue?.generation !== generation) return { device, outcome: 'unknown' as const, denial: null };
    const outcome = outcomeOf(queue, { denial, waiting, bytes });
    const full = outcome === 'full' || (outcome !== 'refused' && exceedsShare(queue, own, known.shares));
    if (full) return { device, outcome: 'full' as const, denial: null };
    if (outcome === 'refused') return { device, outcome, denial };
    addTo(queue, own, bytes, known.shares);
    entries.push({ device, generation, seq: queue.lastSeq, bytes, heldBy: denial?.order ?? null });
    return { device, outcome, denial };
  });
  const response: MailResponse = { denial: null, recipients: outcomes };
  // Without an entry, nothing is stored. The sender may repeat the mail later, when a queue has room or an order has ended.
  if (entries.length === 0) return { result: 'placed', response, entries };
  known.responses.set(key, response);
  for (const { id } of mail.pieces) {
    const piece = known.pieces.get(id);
    if (piece) piece.named = true;
  }
  return { result: 'placed', response, entries };
}

/** Outcome of new mail for a device, apart from the share of its sender. */
export function outcomeOf(
  queue: Pick<MailQueue, 'connector' | 'entries' | 'bytes' | 'gate'>,
  mail: { readonly denial: DenialNotice | null; readonly waiting: WaitingRule | null; readonly bytes: number },
): 'stored' | 'held' | 'refused' | 'full' {
  const { denial, waiting, bytes } = mail;
  // Refuse at once, because the order would return the stored mail anyway. While an order suspends mail, the rule of the queue can only
  // become stricter.
  if (denial && (waiting === 'return' || queue.gate === 'return')) return 'refused';
  const most = limitsOf(queue);
  if (queue.entries >= most.entries || queue.bytes + bytes > most.bytes) return 'full';
  return denial ? 'held' : 'stored';
}

/** The limit for one sender does not apply to mail connectors, because a connector carries the mail of all outside senders. */
function exceedsShare(queue: MailQueue, sender: MailQueue, shares: KnownMail['shares']): boolean {
  if (sender.connector || !isCrowdedQueue(queue)) return false;
  const share = shares.get(mailShareKey(queue.device, sender.device));
  const most = limitsOf(queue);
  return share !== undefined && (share.entries >= most.entries / 4 || share.bytes >= most.bytes / 4);
}

function addTo(queue: MailQueue, sender: MailQueue, bytes: number, shares: KnownMail['shares']): void {
  queue.lastSeq += 1;
  queue.entries += 1;
  queue.bytes += bytes;
  const key = mailShareKey(queue.device, sender.device);
  const share = shares.get(key) ?? { entries: 0, bytes: 0 };
  shares.set(key, { entries: share.entries + 1, bytes: share.bytes + bytes });
}
