import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Self } from '../../../shared/seal/terms.ts';
import type { Posts } from '../mailbox/posts.ts';
import type { Membership } from '../members/membership.ts';
import type { MailboxItem, MessageStore } from '../message-store.ts';
import type { ConversationRecord, ConversationRecords } from './records.ts';
import { makeRejoinRequest, type ReadRequest } from './rejoin-request.ts';

/** Minimum milliseconds between two rejoin requests of this device. A repeated request reaches members that were offline before. */
const ASK_EVERY = 60 * 60_000;
/** Maximum difference between the requesting device's clock and this device's clock, in milliseconds. */
export const LARGEST_CLOCK_ERROR = 24 * 60 * 60_000;
/** Maximum number of members that this device asks to add it to a conversation again. One online member is enough to add the device. */
const MOST_ASKED = 64;

export interface RejoinRequests {
  /** Asks members to add this device again, at most once an hour. These members were in the group when this device lost the MLS state. */
  ask(conversation: string): void;
  /**
   * Asks the senders of unreadable messages to add this device again. The senders are current members, while the members before this
   * device's loss of the MLS state may be offline for weeks. `writers`: most recent first.
   */
  askWriters(conversation: string, writers: readonly DeviceId[]): void;
  /** Stores another device's rejoin request, after checking the signature and the membership. */
  accept(
    letter: { readonly number: number; readonly item: Extract<MailboxItem, { type: 'post' }> },
    read: ReadRequest,
  ): Promise<void>;
}

export function createRejoinRequests(ports: {
  readonly self: () => Self;
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction' | 'itemOpened'>;
  readonly posts: Pick<Posts, 'add'>;
  readonly membership: Pick<Membership, 'membersOf'>;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly realNow: () => number;
}): RejoinRequests {
  const { records, store, posts, realNow } = ports;

  const otherDevices = (known: readonly DeviceId[]): readonly DeviceId[] =>
    [...new Set(known)].filter((other) => other !== ports.self().device).slice(0, MOST_ASKED);

  const post = (record: ConversationRecord, to: readonly DeviceId[]): void => {
    if (to.length === 0) return;
    const { device, generation, key } = ports.self();
    const body = makeRejoinRequest({ conversation: record.id, device, generation, at: realNow() }, key.privateKey);
    store.transaction(() => {
      posts.add({ to, body }, { kind: 'rejoin', conversation: record.id });
      records.save(record);
    });
  };

  return {
    ask(conversation) {
      const record = records.conversation(conversation);
      if (record?.state !== 'rejoining' || realNow() - record.rejoinRequestedAt < ASK_EVERY) return;
      post({ ...record, rejoinRequestedAt: realNow() }, otherDevices(record.devicesToAsk));
    },
    askWriters(conversation, writers) {
      const record = records.conversation(conversation);
      if (record?.state !== 'rejoining') return;
      const before = record.rejoinRequestedAt === 0 ? [] : otherDevices(record.devicesToAsk);
      const devicesToAsk = otherDevices([...writers, ...record.devicesToAsk]);
      const notAsked = devicesToAsk.filter((other) => !before.includes(other));
      post({ ...record, devicesToAsk, rejoinRequestedAt: record.rejoinRequestedAt || realNow() }, notAsked);
    },
    async accept({ number, item }, { request, signedBy }) {
      const drop = () => store.itemOpened(number);
      const { conversation, device, generation, at } = request;
      const record = records.conversation(conversation);
      if (record?.state !== 'ready' || device === ports.self().device) return drop();
      const isSender = item.from === device && item.generation === generation;
      const found = await ports.membership.membersOf(record.people.map(({ person }) => person));
      const member = [...found.values()].flat().find((one) => one.device === device && one.generation === generation);
      if (!isSender || !member || !signedBy(member.signatureKey)) {
        ports.alert('signature_invalid', `a request to rejoin that ${device} has not signed`, `rejoin ${item.id}`);
        return drop();
      }
      // The server has sent an old request again, or the requesting device's clock is far ahead.
      if (at <= (record.rejoinRequestTimes[device] ?? 0) || at > realNow() + LARGEST_CLOCK_ERROR) return drop();
      store.transaction(() => {
        const rejoinRequestedBy = [
          ...record.rejoinRequestedBy.filter((one) => one.device !== device),
          { device, generation },
        ];
        records.save({
          ...record,
          rejoinRequestedBy,
          rejoinRequestTimes: { ...record.rejoinRequestTimes, [device]: at },
          checkedAt: 0,
        });
        drop();
      });
    },
  };
}
