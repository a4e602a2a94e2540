import type { Content } from '../../../shared/seal/content.ts';
import { type Notes, nameIn } from '../conversation/notes.ts';
import type { ConversationRecord, Records } from '../conversation/records.ts';
import type { Member } from '../members/member.ts';
import type { Membership } from '../members/membership.ts';
import type { ContentPosts } from './content-posts.ts';

/**
 * Maximum number of missing messages that are stored for one conversation. Without this limit, a member could claim any number of missing
 * messages.
 */
const MOST_MISSING = 64;

/**
 * Detection of messages that the server drops or reorders. Each message names the sender's previous message that the server confirmed as
 * stored for every recipient. A device that lacks the named message informs its user and the sender's device. The sender's device knows
 * whether an order, and not the server, stopped the message.
 */
export interface MessageGaps {
  /** Records the arrival of a message. If the message names a previous one that has not arrived, records that one as missing. */
  check(record: ConversationRecord, from: Member, text: Pick<Extract<Content, { type: 'text' }>, 'id' | 'after'>): void;
  /** Reports overdue messages. Returns the milliseconds until the next check, or null if no message is missing. */
  report(conversation: string): Promise<number | null>;
  /**
   * Processes another device's report that messages of this device did not arrive. If the server had confirmed that it stored these
   * messages, raises an alert.
   */
  acceptReport(record: ConversationRecord, from: Member, missing: readonly string[]): void;
}

export function createMessageGaps(ports: {
  readonly patience: number;
  readonly records: Records;
  readonly membership: Pick<Membership, 'ledger'>;
  readonly contentPosts: ContentPosts;
  readonly notes: Pick<Notes, 'addOnce'>;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly realNow: () => number;
}): MessageGaps {
  const { patience, records, contentPosts, notes, alert, realNow } = ports;
  return {
    check(record, { device, name }, { id, after }) {
      const known = record.missing ?? [];
      const others = known.filter((one) => one.id !== id || one.device !== device);
      const wasMissing = others.length < known.length;
      if (wasMissing) {
        // The server stored this message before its sender sealed a later one, but delivered the later one first.
        alert(
          'message_late',
          `in ${record.id}: message ${id} of ${device} arrived after a message that was sealed later`,
          `late ${id}`,
        );
        const text = `A message from ${name} arrived late. The time beside each message shows when it was written.`;
        notes.addOnce(record.id, text);
      }
      // A message from before this device joined was not sealed for this device, so it is not missing.
      const isForThisDevice = after !== null && after.epoch >= record.joinedInEpoch;
      const isMissing = isForThisDevice && !records.message(after.id) && !others.some((one) => one.id === after.id);
      const missing = isMissing
        ? [...others, { id: after.id, device, detectedAt: realNow(), reported: false }]
        : others;
      if (isMissing || wasMissing) records.save({ ...record, missing: missing.slice(-MOST_MISSING) });
    },

    async report(conversation) {
      for (;;) {
        const record = records.conversation(conversation);
        const unreported = record?.missing?.filter(({ reported }) => !reported) ?? [];
        if (!record || unreported.length === 0 || !contentPosts.isReady(conversation)) return null;
        const now = realNow();
        const waits = unreported.map(({ detectedAt: since }) => since + patience - now);
        // A remaining wait that is longer than `patience` shows that the clock was set back.
        const [first, ...more] = unreported.filter((_one, i) => (waits[i] ?? 0) <= 0 || (waits[i] ?? 0) > patience);
        if (!first) return Math.min(...waits);
        const messages = [first, ...more].flatMap(({ id, device }) => (device === first.device ? [id] : []));
        const missing = (record.missing ?? []).map((one) =>
          messages.includes(one.id) ? { ...one, reported: true } : one,
        );
        const name = nameIn(record, first.device);
        const text = `A message from ${name} did not arrive on this device, although later messages did. If you miss something, ask ${name} to send it again.`;
        await contentPosts.add(
          { ...record, missing },
          { type: 'receipt', messages, state: 'missing', ledger: ports.membership.ledger() },
          {
            to: contentPosts.othersIn(record).filter((device) => device === first.device),
            purpose: { kind: 'receipt', conversation },
            also: () => notes.addOnce(conversation, text),
          },
        );
      }
    },

    acceptReport({ id: conversation }, { device, name }, missing) {
      for (const id of missing) {
        const message = records.message(id);
        if (message?.conversation !== conversation || !message.mine) continue;
        const recipient = message.recipients.find((one) => one.device === device);
        if (recipient?.state !== 'sent') continue;
        const detail = `in ${conversation}: the server stored ${id} for ${device}, which has later messages but not this one`;
        alert('message_missing', detail, `missing ${id} ${device}`);
        const text = `A message that you sent did not arrive on a device of ${name}, although later messages did. The message keeps the state “sent”. Send it again.`;
        notes.addOnce(conversation, text);
      }
    },
  };
}
