import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { SealedAttachment } from '../../../shared/seal/content.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Vault } from '../keys/vault.ts';
import type { Recipient } from '../mailbox/delivery-state.ts';
import type { Member } from '../members/member.ts';
import type { MessageMark, MessageStore, StoredMessage } from '../message-store.ts';
import type { ConversationView, Refusal } from '../messaging.ts';

export interface PersonName {
  readonly person: string;
  readonly name: string;
}

export interface MissingText {
  readonly id: string;
  readonly device: DeviceId;
  /** When this device detected that the message is missing, by the machine's own clock. */
  readonly detectedAt: number;
  readonly reported: boolean;
}

interface Enrollment {
  readonly device: DeviceId;
  readonly generation: number;
}

/**
 * Returns true if the given device must not be added to the conversation. Members have repeatedly refused invalid changes (commits) that
 * the device made.
 */
export const isExcluded = (
  { excludedDevices = [] }: Pick<ConversationRecord, 'excludedDevices'>,
  { device, generation }: { readonly device: string; readonly generation: number },
): boolean => excludedDevices.some((one) => one.device === device && one.generation === generation);

export interface ConversationRecord {
  readonly id: string;
  readonly title: string | null;
  readonly titleAt: Instant;
  readonly people: readonly PersonName[];
  /**
   * For each person, the newest statement of a member about whether the person belongs to the conversation. A person without a statement
   * has belonged to the conversation since this device began or joined the conversation.
   */
  readonly membershipStatements: Readonly<Record<string, { readonly at: Instant; readonly belongs: boolean }>>;
  readonly state: ConversationView['state'];
  readonly members: readonly Member[];
  /**
   * For each person, all devices of the person that were ever members of the conversation, each as a text `device enrollmentNumber`.
   */
  readonly knownDevices: Readonly<Record<string, readonly string[]>>;
  /** Devices that this device asks to add it again, after the loss of the MLS state. */
  readonly devicesToAsk: readonly DeviceId[];
  /** Devices whose accepted request to rejoin waits for a commit. */
  readonly rejoinRequestedBy: readonly { readonly device: string; readonly generation: number }[];
  /** For each device, the time of its newest accepted rejoin request. Older requests are ignored. */
  readonly rejoinRequestTimes: Readonly<Record<string, number>>;
  /**
   * True if this device must still send the conversation's title and people to the other members, for example because the user changed the
   * title.
   */
  readonly descriptionDue: boolean;
  /**
   * True if an order prevented a member's device from receiving the conversation's title and people. This device sends both again after the
   * next group check (`group-checks.ts`).
   */
  readonly descriptionBlocked?: boolean;
  /** Epoch (version of the group's keys) in which this device joined. Earlier messages are not sealed for this device. */
  readonly joinedInEpoch: number;
  /**
   * Time, by the machine's own clock, of the last check that the group contains the current devices of its people; 0 if a check is due now.
   */
  readonly checkedAt: number;
  /**
   * Last usable epoch (version of the group's keys), if this device can no longer change the group's members: it refused a commit that the
   * server had accepted, or the server accepts no commit from it.
   */
  readonly unchangeableInEpoch?: number;
  /**
   * Epoch (version of the group's keys) in which the server did not accept this device's commit. `at`: time of the first refusal by the
   * machine's own clock.
   */
  readonly refusedCommit?: { readonly epoch: number; readonly at: number };
  /**
   * True if the server refused a message with which this device invites devices to the conversation (welcome, RFC 9420). The invited
   * devices cannot join, so a new conversation with the same people must begin.
   */
  readonly welcomeRefused?: true;
  /**
   * Links to other conversations. `continues`: identifier of the earlier conversation that this one continues. `next`: identifier of the
   * later conversation that continues this one. A conversation continues in a new one if its members can no longer change.
   */
  readonly continues?: string;
  readonly next?: string;
  /**
   * Devices whose invalid commits (changes of the members, RFC 9420) this device refused. Refusals in earlier conversations that this
   * conversation continues count too. `refusedDevices`: devices with at least one refusal. `excludedDevices`: devices with several refusals,
   * which are not added to the next conversation.
   */
  readonly refusedDevices?: readonly Enrollment[];
  readonly excludedDevices?: readonly Enrollment[];
  /**
   * Newest text message of this device that the server has stored for every recipient. `epoch`: version of the group's keys with which the
   * message was encrypted. This device's next message names both values, so that recipients notice a missing message.
   */
  readonly lastStored?: { readonly id: string; readonly epoch: number } | null;
  readonly missing?: readonly MissingText[];
  /**
   * Number of consecutive messages that this device encrypted for only some of the members. The number is limited, because the other
   * members accept only a limited gap in this device's sequence of keys.
   */
  readonly partialMessages?: number;
  /** Time of this device's last rejoin request, by the machine's own clock; 0 before the first one. */
  readonly rejoinRequestedAt: number;
}

export const MOST_REFUSALS = 64;

export function refusalsAfter(
  { members, refusedDevices = [], excludedDevices = [] }: ConversationRecord,
  device: string,
): Pick<ConversationRecord, 'refusedDevices' | 'excludedDevices'> {
  const member = members.find((one) => one.device === device);
  if (!member) return { refusedDevices, excludedDevices };
  const { generation } = member;
  const isSame = (one: { readonly device: string; readonly generation: number }) =>
    one.device === device && one.generation === generation;
  const enrollment = { device: member.device, generation };
  if (refusedDevices.some(isSame))
    return { refusedDevices, excludedDevices: [...excludedDevices.filter((one) => !isSame(one)), enrollment] };
  return { refusedDevices: [...refusedDevices, enrollment].slice(-MOST_REFUSALS), excludedDevices };
}

/** This device's commit that the server has not accepted yet. Its MLS state takes effect when the server accepts the commit. */
export interface PendingCommit {
  readonly post: string;
  readonly state: string;
  readonly welcome: string | null;
  readonly members: readonly Member[];
  readonly newcomers: readonly Member[];
}

export interface MessageRecord {
  readonly from: (PersonName & { readonly device: string }) | null;
  readonly mine: boolean;
  readonly at: Instant;
  readonly text: string;
  readonly attachments: readonly SealedAttachment[];
  readonly recipients: readonly Recipient[];
  /** The server's refusal of the whole message. `order`: the order that caused the refusal, or null. */
  readonly refused: (Refusal & { readonly order: string | null }) | null;
  readonly isRead: boolean;
}

/** Kind and conversation of an outgoing message, stored so that the device can process the server's response. */
export interface PostPurpose {
  readonly kind: 'text' | 'commit' | 'welcome' | 'description' | 'receipt' | 'rejoin';
  readonly conversation: string;
  readonly epoch?: number;
}

export interface HistoryMessage extends MessageRecord {
  readonly id: string;
  readonly conversation: string;
  readonly mark: MessageMark;
}

export interface ConversationRecords {
  conversation(id: string): ConversationRecord | null;
  conversations(): readonly ConversationRecord[];
  group(id: string): Uint8Array | null;
  pending(id: string): PendingCommit | null;
  /** Stores the record. An MLS state or a pending commit that is not given stays unchanged. */
  save(
    record: ConversationRecord,
    given?: { readonly group?: Uint8Array | null; readonly pending?: PendingCommit | null },
  ): void;
}

export interface MessageRecords {
  message(id: string): HistoryMessage | null;
  addMessage(message: HistoryMessage): boolean;
  changeMessage(message: HistoryMessage): void;
  moveMessage(id: string, conversation: string): void;
  opened(stored: StoredMessage): HistoryMessage;
}

/**
 * Stored conversations and messages, encrypted with the device's messaging key. The encryption also authenticates the name of the database
 * row, so that an encrypted record cannot be moved to another row.
 */
export interface Records extends ConversationRecords, MessageRecords {}

export function createRecords(store: MessageStore, vault: Vault): Records {
  const place = (what: string, id: string) => `${what} ${id}`;

  const conversation = (id: string): ConversationRecord | null => {
    const stored = store.conversation(id);
    return stored ? vault.unseal<ConversationRecord>(place('conversation', id), stored.meta) : null;
  };

  const sealed = ({ id, conversation: where, mark, ...record }: HistoryMessage): StoredMessage => ({
    id,
    conversation: where,
    mark,
    body: vault.seal(place('message', id), record),
  });

  const opened = ({ id, conversation: where, mark, body }: StoredMessage): HistoryMessage => ({
    ...vault.unseal<MessageRecord>(place('message', id), body),
    id,
    conversation: where,
    mark,
  });

  return {
    conversation,
    conversations: () =>
      store.conversationIds().flatMap((id) => {
        const record = conversation(id);
        return record ? [record] : [];
      }),
    group(id) {
      const group = store.conversation(id)?.group;
      return group ? vault.openBytes(place('group', id), group) : null;
    },
    pending(id) {
      const pending = store.conversation(id)?.pending;
      return pending ? vault.unseal<PendingCommit>(place('pending', id), pending) : null;
    },
    save(record, { group, pending } = {}) {
      const { id } = record;
      const before = store.conversation(id);
      store.saveConversation({
        id,
        meta: vault.seal(place('conversation', id), record),
        group: group === undefined ? (before?.group ?? null) : group && vault.sealBytes(place('group', id), group),
        pending:
          pending === undefined ? (before?.pending ?? null) : pending && vault.seal(place('pending', id), pending),
      });
    },
    message(id) {
      const stored = store.historyMessage(id);
      return stored ? opened(stored) : null;
    },
    addMessage: (message) => store.addToHistory(sealed(message)),
    changeMessage(message) {
      const { id, body, mark } = sealed(message);
      store.changeMessage(id, body, mark);
    },
    moveMessage: (id, to) => store.moveMessage(id, to),
    opened,
  };
}

export const otherDevicesIn = ({ members }: Pick<ConversationRecord, 'members'>, own: string): readonly DeviceId[] =>
  members.map(({ device }) => device).filter((device) => device !== own);
