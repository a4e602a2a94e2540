/** What the sealed rows of the store say, and nothing of how they are sealed: each record is bound to its own place. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { SealedAttachment } from '../../shared/seal/content.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Recipient } from './delivery.ts';
import type { Member } from './membership.ts';
import type { MessageMark, MessageStore, StoredMessage } from './message-store.ts';
import type { ConversationView, Refusal } from './messaging.ts';
import type { Vault } from './vault.ts';

export interface Named {
  readonly person: string;
  readonly name: string;
}

export interface MissingText {
  readonly id: string;
  /** Whose it is. */
  readonly device: DeviceId;
  /** When this device noticed, in real time. */
  readonly since: number;
  /** The person here and the device that sent it have been told. */
  readonly told: boolean;
}

interface Enrolment {
  readonly device: DeviceId;
  readonly generation: number;
}

export const isLeftOut = (
  { leftOut = [] }: Pick<ConversationRecord, 'leftOut'>,
  { device, generation }: { readonly device: string; readonly generation: number },
): boolean => leftOut.some((one) => one.device === device && one.generation === generation);

export interface ConversationRecord {
  readonly id: string;
  readonly title: string | null;
  /** When it was called so. */
  readonly titleAt: Instant;
  /** Who belongs to it, oneself included. */
  readonly people: readonly Named[];
  /** The newest word on whether somebody belongs to it. There is none on those who came with the group and were not spoken of since. */
  readonly said: Readonly<Record<string, { readonly at: Instant; readonly belongs: boolean }>>;
  readonly state: ConversationView['state'];
  /** The devices in the group, as of its state; this one is among them. */
  readonly members: readonly Member[];
  /** Enrolments (`device generation`) of each person that were in the conversation at some time: any other one is new. Absent in older records. */
  readonly known?: Readonly<Record<string, readonly string[]>>;
  /** While rejoining: whom to ask. */
  readonly ask: readonly DeviceId[];
  /** Devices that have lost the state and asked to be let in again. */
  readonly asking: readonly { readonly device: string; readonly generation: number }[];
  /** The newest request of each device that was heard: older ones count for nothing. */
  readonly heard: Readonly<Record<string, number>>;
  /** Title or people were changed here, and the others are not told yet. */
  readonly aboutDue: boolean;
  /** An order has sent it back from somebody: it is said again when members are compared next. */
  readonly aboutOwed?: boolean;
  /** The epoch in which this device came in: what was sealed before is not for it. */
  readonly since: number;
  /** When its members were last compared with its people's devices, in real time; 0: to be done. */
  readonly checkedAt: number;
  /** No change can follow in this epoch: the server took a commit that this device refused, or accepts no commit of this device. */
  readonly refusedIn?: number;
  /** The server did not accept a change of this device in this epoch. `at`: real time of the first refusal. */
  readonly blocked?: { readonly epoch: number; readonly at: number };
  /** The server did not accept a welcome of this device, so its newcomers cannot join. */
  readonly unwelcomed?: true;
  /** The conversation that this one continues, and the conversation that continues this one. */
  readonly continues?: string;
  readonly next?: string;
  /** Devices whose change this device refused, here or in a predecessor: once, and more often. The latter are left out of successors. */
  readonly refusals?: readonly Enrolment[];
  readonly leftOut?: readonly Enrolment[];
  /** The newest text of this device that the server has said lies with everybody it was for, and the epoch in which it was sealed. */
  readonly lastStored?: { readonly id: string; readonly epoch: number } | null;
  /** Texts that later ones of the same device name, and that have not come. */
  readonly missing?: readonly MissingText[];
  /** How many contents this device has sealed since the last one that went to everybody in it. */
  readonly aside?: number;
  /** When this device last asked to be let in again, in real time. */
  readonly askedAt: number;
}

/** Maximum length of `refusals` and of `leftOut`. */
export const MOST_REFUSALS = 64;

/** A device sent a change that this device refused. A device that repeats it in a successor is left out of the next one. */
export function refusalsAfter(
  { members, refusals = [], leftOut = [] }: ConversationRecord,
  device: string,
): Pick<ConversationRecord, 'refusals' | 'leftOut'> {
  const member = members.find((one) => one.device === device);
  if (!member) return { refusals, leftOut };
  const { generation } = member;
  const isSame = (one: { readonly device: string; readonly generation: number }) =>
    one.device === device && one.generation === generation;
  const enrolment = { device: member.device, generation };
  if (refusals.some(isSame)) return { refusals, leftOut: [...leftOut.filter((one) => !isSame(one)), enrolment] };
  return { refusals: [...refusals, enrolment].slice(-MOST_REFUSALS), leftOut };
}

/** What follows when the server takes a commit of one's own. */
export interface PendingCommit {
  /** The post that carries it. */
  readonly post: string;
  /** The state after it, base64. */
  readonly state: string;
  readonly welcome: string | null;
  readonly members: readonly Member[];
  readonly newcomers: readonly Member[];
}

export interface MessageRecord {
  readonly from: (Named & { readonly device: string }) | null;
  readonly mine: boolean;
  readonly at: Instant;
  readonly text: string;
  readonly attachments: readonly SealedAttachment[];
  /** Of one's own, once it was sealed: each device that it was sealed for. */
  readonly recipients: readonly Recipient[];
  /** The whole message was refused, by this order if one is named. */
  readonly refused: (Refusal & { readonly order: string | null }) | null;
  /** Of others': it was seen. */
  readonly seen: boolean;
}

/** What a post was for. */
export interface PostPurpose {
  readonly kind: 'text' | 'commit' | 'welcome' | 'about' | 'receipt' | 'rejoin';
  readonly conversation: string;
  /** In which a content was sealed. */
  readonly epoch?: number;
}

export interface HeldMessage extends MessageRecord {
  readonly id: string;
  readonly conversation: string;
  readonly mark: MessageMark;
}

export interface Records {
  conversation(id: string): ConversationRecord | null;
  conversations(): readonly ConversationRecord[];
  group(id: string): Uint8Array | null;
  pending(id: string): PendingCommit | null;
  /** What is not given stays as it is. */
  save(
    record: ConversationRecord,
    given?: { readonly group?: Uint8Array | null; readonly pending?: PendingCommit | null },
  ): void;
  message(id: string): HeldMessage | null;
  /** False when it is known. */
  addMessage(message: HeldMessage): boolean;
  changeMessage(message: HeldMessage): void;
  /** From one conversation to another. */
  moveMessage(id: string, conversation: string): void;
  opened(stored: StoredMessage): HeldMessage;
}

export function createRecords(store: MessageStore, vault: Vault): Records {
  const place = (what: string, id: string) => `${what} ${id}`;

  const conversation = (id: string): ConversationRecord | null => {
    const stored = store.conversation(id);
    return stored ? vault.unseal<ConversationRecord>(place('conversation', id), stored.meta) : null;
  };

  const sealed = ({ id, conversation: where, mark, ...record }: HeldMessage): StoredMessage => ({
    ...{ id, conversation: where, mark },
    body: vault.seal(place('message', id), record),
  });

  const opened = ({ id, conversation: where, mark, body }: StoredMessage): HeldMessage => ({
    ...vault.unseal<MessageRecord>(place('message', id), body),
    ...{ id, conversation: where, mark },
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
