import { isCordonError } from '../../../shared/errors.ts';
import { epochOf, membersOf } from '../../../shared/seal/conversation.ts';
import { peek } from '../../../shared/seal/message.ts';
import { openMessage } from '../../../shared/seal/open.ts';
import type { Peeked } from '../../../shared/seal/terms.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { type Notes, nameIn } from '../conversation/notes.ts';
import type { ConversationRecord, ConversationRecords } from '../conversation/records.ts';
import { readRejoinRequest } from '../conversation/rejoin-request.ts';
import type { RejoinRequests } from '../conversation/rejoin-requests.ts';
import type { StateLoss } from '../conversation/state-loss.ts';
import { RefusedWelcome, type Welcomes } from '../conversation/welcome.ts';
import type { KeyPackageClaims } from '../keys/key-package-claims.ts';
import type { Membership } from '../members/membership.ts';
import { createRoster } from '../members/roster.ts';
import type { MailboxItem, MailboxStore, StoredItem } from '../message-store.ts';
import type { ReceivedItems } from './received-items.ts';

type Post = Extract<MailboxItem, { type: 'post' }>;
type PeekedMessage = Exclude<Peeked, { type: 'welcome' }>;

interface Letter {
  readonly number: number;
  readonly item: Post;
  readonly body: Uint8Array;
}

/**
 * Result of reading one item. `blocks`: conversation whose later items must wait, because this item waits for missing data. `joined`:
 * conversation that this device joined with a welcome.
 */
type Outcome = 'done' | { readonly blocks: string } | { readonly joined: string };

interface WaitingItem {
  readonly number: number;
  readonly item: Pick<Post, 'id' | 'from'>;
  readonly conversation: string;
}

const PAGE = 64;
const MOST_WAITING = 512;
/** Milliseconds to wait for a missing welcome, which is posted together with its commit. */
const WELCOME_WITHIN = 10_000;

/**
 * Decrypts the items of the mailbox in their order. Each item is one transaction, so after a crash the device decrypts it again with the
 * same MLS state. An item that can never be decrypted raises an alert and is set aside. An item that needs missing data waits.
 */
export interface MailboxReader {
  /** Reads the items that the server accepted before the time `before`. `isWaiting`: some items still wait for missing data. */
  open(before: Instant): Promise<{ readonly isWaiting: boolean }>;
}

export interface MailboxReaderPorts {
  /** Milliseconds to wait for a missing welcome or commit. */
  readonly patience: number;
  readonly records: ConversationRecords;
  readonly store: Pick<MailboxStore, 'unopenedItems' | 'itemOpened' | 'itemSetAside'>;
  readonly membership: Pick<Membership, 'proofOf'>;
  readonly claims: Pick<KeyPackageClaims, 'heardFrom'>;
  readonly welcomes: Welcomes;
  readonly received: ReceivedItems;
  readonly rejoinRequests: Pick<RejoinRequests, 'accept' | 'askWriters'>;
  readonly stateLoss: Pick<StateLoss, 'reset'>;
  readonly notes: Pick<Notes, 'addUnopened' | 'addUnreadable'>;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly realNow: () => number;
}

export function createMailboxReader(ports: MailboxReaderPorts): MailboxReader {
  const { store } = ports;
  const items = new ItemReader(ports);

  /** Reads all items once. Returns true if a welcome arrived after items that need it, so that all items must be read again. */
  const pass = async (before: Instant, waiting: WaitingItem[]): Promise<boolean> => {
    const blocked = new Set<string>();
    let after = 0;
    for (;;) {
      const page = store.unopenedItems(after, PAGE);
      for (const { number, item } of page) {
        after = number;
        if (item.type === 'post' && item.at >= before) continue;
        const outcome = await items.read({ number, item }, blocked);
        if (outcome !== 'done' && 'blocks' in outcome) {
          const conversation = outcome.blocks;
          blocked.add(conversation);
          if (item.type === 'post') waiting.push({ number, item: { id: item.id, from: item.from }, conversation });
          continue;
        }
        if (item.type === 'post') ports.claims.heardFrom(item.from);
        if (outcome !== 'done' && blocked.has(outcome.joined)) return true;
      }
      if (page.length < PAGE) return false;
    }
  };

  return {
    async open(before) {
      let waiting: WaitingItem[] = [];
      try {
        while (await pass(before, waiting)) waiting = [];
      } finally {
        for (const [conversation, letters] of Map.groupBy(waiting.toReversed(), (letter) => letter.conversation)) {
          const writers = letters.map(({ item }) => item.from);
          ports.rejoinRequests.askWriters(conversation, writers);
        }
      }
      // If too many items wait, the device sets the oldest aside. A later welcome is most likely to make the newest items readable.
      for (const letter of waiting.slice(0, -MOST_WAITING))
        items.setAside(letter, 'mailbox_stuck', `more than ${MOST_WAITING} items wait for missing data`);
      return { isWaiting: waiting.length > 0 };
    },
  };
}

class ItemReader {
  readonly #ports: MailboxReaderPorts;
  /** For each conversation, when the wait for missing data began, by the machine's own clock. After a restart, the wait begins again. */
  readonly #waitingSince = new Map<string, number>();

  constructor(ports: MailboxReaderPorts) {
    this.#ports = ports;
  }

  async read({ number, item }: StoredItem, blocked: ReadonlySet<string>): Promise<Outcome> {
    const { received, rejoinRequests, notes } = this.#ports;
    if (item.type === 'delivery-report') {
      received.applyDeliveryReport(number, item);
      return 'done';
    }
    const letter: Letter = { number, item, body: Buffer.from(item.body, 'base64') };
    const request = readRejoinRequest(letter.body);
    if (request) {
      await rejoinRequests.accept(letter, request);
      return 'done';
    }
    let header: Peeked;
    try {
      header = peek(letter.body);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      notes.addUnreadable({ from: item.from, body: letter.body });
      return this.setAside(letter, error.code, `from ${item.from}: ${error.message}`);
    }
    if (header.type === 'welcome') return this.#acceptWelcome(letter, header.references);
    if (blocked.has(header.conversation)) return { blocks: header.conversation };
    return this.#decrypt(letter, header);
  }

  setAside(
    letter: { readonly number: number; readonly item: Pick<MailboxItem, 'id'> },
    code: string,
    detail: string,
  ): Outcome {
    this.#ports.alert(code, detail, `mail ${letter.item.id}`);
    this.#ports.store.itemSetAside(letter.number);
    return 'done';
  }

  #drop({ number }: Letter): Outcome {
    this.#ports.store.itemOpened(number);
    return 'done';
  }

  async #decrypt(letter: Letter, header: PeekedMessage): Promise<Outcome> {
    const { records, membership, received, alert } = this.#ports;
    const { conversation, epoch } = header;
    const record = records.conversation(conversation);
    const group = records.group(conversation);
    if (record?.state === 'left') {
      // After the user has left, the device still applies commits until it has sealed the departure. Otherwise the other members could not
      // decrypt the departure.
      const isApplied = record.descriptionDue && header.type === 'commit';
      if (!isApplied || !group) return this.#drop(letter);
    } else if (record?.state !== 'ready' || !group) return this.#wait(conversation, record);
    if (epoch < record.joinedInEpoch) return this.#drop(letter);
    const roster = createRoster(membership, record.members);
    try {
      const opened = await openMessage(group, letter.body, roster.authenticate);
      this.#waitingSince.delete(conversation);
      const { device, generation } = opened.type === 'content' ? opened.from : opened.by;
      if (device !== letter.item.from || generation !== letter.item.generation) {
        const detail = `the server delivered a message of ${device} as a message of ${letter.item.from}`;
        alert('sender_mismatch', detail, `mail ${letter.item.id}`);
      }
      if (opened.type === 'commit')
        received.applyCommit(letter.number, record, opened, roster.of(membersOf(opened.state)));
      else received.applyContent(letter.number, record, opened);
      return 'done';
    } catch (error) {
      return this.#notDecrypted(letter, header, record, error);
    }
  }

  #notDecrypted(letter: Letter, header: PeekedMessage, record: ConversationRecord, error: unknown): Outcome {
    const { records, stateLoss, notes } = this.#ports;
    if (!isCordonError(error) || error.code === 'unavailable') throw error;
    // After the user has left, items matter only until the departure is sealed. An item from a later epoch (version of the group's keys)
    // waits for a missing commit; other items are dropped.
    if (record.state === 'left') return error.code === 'epoch_ahead' ? { blocks: record.id } : this.#drop(letter);
    const detail = `from ${letter.item.from} in ${record.id}: ${error.message}`;
    switch (error.code) {
      case 'epoch_ahead':
        // This device's own commit waits for the server's response. The message may belong to the epoch (version of the group's keys) after
        // this commit.
        if (records.pending(record.id)) return { blocks: record.id };
        // The message is sealed in the epoch (version of the group's keys) after a commit that this device refused, so this device cannot
        // read it.
        if (this.#isAfterRefusal(record, letter.item)) return this.setAside(letter, 'commit_refused', detail);
        return this.#wait(record.id, record);
      case 'not_a_member':
        return this.#drop(letter);
      case 'epoch_past':
        // A commit for an epoch (version of the group's keys) that is already past has no effect.
        if (header.type === 'commit') return this.#drop(letter);
        break;
      case 'message_gap': {
        const text = `${error.context['missing']} messages from ${nameIn(record, letter.item.from)} did not arrive.`;
        stateLoss.reset(record, error.message, text);
        return { blocks: record.id };
      }
      case 'state_copied':
      case 'conversation_damaged':
        stateLoss.reset(record, error.message, 'The keys of this conversation on this device were copied or damaged.');
        return { blocks: record.id };
    }
    notes.addUnopened(record, letter.item.from, error.code);
    return this.setAside(letter, error.code, detail);
  }

  #isAfterRefusal(record: ConversationRecord, { from, generation }: Post): boolean {
    const group = this.#ports.records.group(record.id);
    const isRefused = (record.refusedDevices ?? []).some((one) => one.device === from && one.generation === generation);
    return isRefused && group !== null && record.unchangeableInEpoch === epochOf(group);
  }

  #wait(conversation: string, record: ConversationRecord | null): Outcome {
    const { patience, records, stateLoss, realNow } = this.#ports;
    const since = this.#waitingSince.get(conversation) ?? realNow();
    this.#waitingSince.set(conversation, since);
    const outcome = { blocks: conversation };
    if (realNow() - since < (record ? patience : Math.min(patience, WELCOME_WITHIN))) return outcome;
    this.#waitingSince.set(conversation, realNow());
    if (record?.state === 'ready') {
      const text = 'A change of members did not arrive on this device.';
      stateLoss.reset(record, 'a change of its members has not arrived', text);
    } else if (!record) records.save(unknownConversation(conversation));
    return outcome;
  }

  async #acceptWelcome(letter: Letter, references: readonly string[]): Promise<Outcome> {
    try {
      const joined = await this.#ports.welcomes.accept(letter, references);
      if (joined === null) return this.#drop(letter);
      this.#waitingSince.delete(joined);
      return { joined };
    } catch (error) {
      if (error instanceof RefusedWelcome) return this.setAside(letter, error.code, error.message);
      throw error;
    }
  }
}

/** Record for a conversation that this device does not know, because the workspace was wiped or a welcome was lost. */
const unknownConversation = (id: string): ConversationRecord => ({
  id,
  title: null,
  titleAt: 0,
  descriptionDue: false,
  people: [],
  membershipStatements: {},
  state: 'rejoining',
  members: [],
  knownDevices: {},
  devicesToAsk: [],
  rejoinRequestedBy: [],
  rejoinRequestTimes: {},
  joinedInEpoch: 0,
  checkedAt: 0,
  rejoinRequestedAt: 0,
});
