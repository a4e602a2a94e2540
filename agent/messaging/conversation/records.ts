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
  /** Real time at which this device detected that the message is missing. */
  readonly since: number;
  /** True if the device has reported the missing message to the user and to the sender's device. */
  readonly told: boolean;
}

interface Enrollment {
  readonly device: DeviceId;
  readonly generation: number;
}

/** True if the conversation's successors must not add the enrollment. */
export const isLeftOut = (
  { leftOut = [] }: Pick<ConversationRecord, 'leftOut'>,
  { device, generation }: { readonly device: string; readonly generation: number },
): boolean => leftOut.some((one) => one.device === device && one.generation === generation);

export interface ConversationRecord {
  readonly id: string;
  readonly title: string | null;
  readonly titleAt: Instant;
  /** People of the conversation, including the user. */
  readonly people: readonly PersonName[];
  /** Newest statement about each person's membership. People without a statement were in the group when this device joined. */
  readonly said: Readonly<Record<string, { readonly at: Instant; readonly belongs: boolean }>>;
  readonly state: ConversationView['state'];
  /** Devices in the group's MLS state, including this device. */
  readonly members: readonly Member[];
  /**
   * For each person, the enrollments (`device generation`) that have been members of the conversation. Records of older versions lack this
   * field.
   */
  readonly known?: Readonly<Record<string, readonly string[]>>;
  /** Devices that this device asks to add it again, while it waits to rejoin. */
  readonly ask: readonly DeviceId[];
  readonly asking: readonly { readonly device: string; readonly generation: number }[];
  /** Time of the newest accepted rejoin request of each device. Older requests are ignored. */
  readonly heard: Readonly<Record<string, number>>;
  /** True if title or people were changed on this device and the description of the change is not sent yet. */
  readonly aboutDue: boolean;
  /** True if an order returned a description to this device. The next group check sends the description again. */
  readonly aboutOwed?: boolean;
  /** Epoch in which this device joined. Messages of earlier epochs are not sealed for this device. */
  readonly since: number;
  /** Real time of the last group check; 0 if a check is due now. */
  readonly checkedAt: number;
  /**
   * Last usable epoch of a group that can no longer change: the server accepted a commit that this device refused, or accepts no commit
   * from this device.
   */
  readonly refusedIn?: number;
  /** Epoch in which the server did not accept this device's commit. `at`: real time of the first refusal. */
  readonly blocked?: { readonly epoch: number; readonly at: number };
  /** True if the server did not accept a welcome of this device, so the added devices cannot join. */
  readonly unwelcomed?: true;
  /** Predecessor and successor of the conversation. */
  readonly continues?: string;
  readonly next?: string;
  /**
   * Devices whose commit this device refused once (`refusals`) or repeatedly (`leftOut`), predecessor conversations included. Successor
   * conversations do not add the devices in `leftOut`.
   */
  readonly refusals?: readonly Enrollment[];
  readonly leftOut?: readonly Enrollment[];
  /** Newest text of this device that the server has stored for every recipient, and the epoch in which it was sealed. */
  readonly lastStored?: { readonly id: string; readonly epoch: number } | null;
  /** Messages that have not arrived, although later messages of the same device refer to them. */
  readonly missing?: readonly MissingText[];
  /** Number of contents that were sealed for only some of the members since the last content for all members. */
  readonly aside?: number;
  /** Real time of the last request to rejoin. */
  readonly askedAt: number;
}

/** Maximum length of the lists `refusals` and `leftOut`. */
export const MOST_REFUSALS = 64;

/**
 * Adds a device to the refusals after this device refused its commit. If the device makes such a commit again in a successor, the next
 * successor leaves the device out.
 */
export function refusalsAfter(
  { members, refusals = [], leftOut = [] }: ConversationRecord,
  device: string,
): Pick<ConversationRecord, 'refusals' | 'leftOut'> {
  const member = members.find((one) => one.device === device);
  if (!member) return { refusals, leftOut };
  const { generation } = member;
  const isSame = (one: { readonly device: string; readonly generation: number }) =>
    one.device === device && one.generation === generation;
  const enrollment = { device: member.device, generation };
  if (refusals.some(isSame)) return { refusals, leftOut: [...leftOut.filter((one) => !isSame(one)), enrollment] };
  return { refusals: [...refusals, enrollment].slice(-MOST_REFUSALS), leftOut };
}

/** MLS state that takes effect when the server accepts this device's commit. */
export interface PendingCommit {
  readonly post: string;
  /** MLS state after the commit, base64. */
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
  /** For a sent message: each device for which the message was sealed. */
  readonly recipients: readonly Recipient[];
  /** Refusal of the whole message by the server. `order`: the order that caused the refusal, if any. */
  readonly refused: (Refusal & { readonly order: string | null }) | null;
  /** For a received message: true if the user has seen it. */
  readonly seen: boolean;
}

export interface PostPurpose {
  readonly kind: 'text' | 'commit' | 'welcome' | 'about' | 'receipt' | 'rejoin';
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
  /** Stores the given values of a conversation. Values that are not given stay unchanged. */
  save(
    record: ConversationRecord,
    given?: { readonly group?: Uint8Array | null; readonly pending?: PendingCommit | null },
  ): void;
}

export interface MessageRecords {
  message(id: string): HistoryMessage | null;
  /** Stores a message. Returns false if the message is stored already. */
  addMessage(message: HistoryMessage): boolean;
  changeMessage(message: HistoryMessage): void;
  moveMessage(id: string, conversation: string): void;
  opened(stored: StoredMessage): HistoryMessage;
}

/** Seal context of a record. It names the record's row, so that a sealed record cannot be moved to another row. */
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
