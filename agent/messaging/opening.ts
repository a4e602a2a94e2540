/**
 * Opens what lies in the mailbox, in its order. Each item is one step of the store (`taking.ts`, `joining.ts`); killed in between, it is opened again
 * from the state before. What never opens is named and set aside; what something is missing for waits.
 */
import { isCordonError } from '../../shared/errors.ts';
import { epochOf, membersOf } from '../../shared/seal/conversation.ts';
import { peek } from '../../shared/seal/message.ts';
import { openMessage } from '../../shared/seal/open.ts';
import type { Peeked } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type Context, rosterOf } from './context.ts';
import { join } from './joining.ts';
import type { MailItem, StoredMail } from './message-store.ts';
import type { ConversationRecord } from './records.ts';
import { readRejoinRequest } from './rejoin-request.ts';
import { askWriters, hearRequest, loseConversation } from './rejoining.ts';
import { nameIn, sayUnopened, sayUnreadable } from './sayings.ts';
import { takeCommit, takeContent, takeFate } from './taking.ts';

type Post = Extract<MailItem, { type: 'post' }>;
interface Letter {
  readonly number: number;
  readonly item: Post;
  readonly body: Uint8Array;
}

/** Nothing came of it yet, and of what follows in the same conversation nothing may. */
interface Later {
  readonly later: string;
}
/** A welcome has let this device in. */
interface Joined {
  readonly joined: string;
}
type Outcome = 'done' | Later | Joined;

/** A letter that nothing came of yet. */
interface Waiting {
  readonly number: number;
  readonly item: Pick<Post, 'id' | 'from'>;
  readonly conversation: string;
}

/** At once in memory. */
const PAGE = 64;
/** What waits for a welcome that does not come, for a commit that does not come, at most. */
const MOST_WAITING = 512;

/** Real time. A welcome leaves with the commit that it is for, and comes close to it. */
const WELCOME_WITHIN = 10_000;

export interface Opening {
  /** Everything that can be opened now of what the server accepted before this instant. Returns whether something waits for what has not come. */
  open(before: Instant): Promise<{ readonly waiting: boolean }>;
}

/** `patience`: real milliseconds that what is missing may take. */
export function createOpening(context: Context, patience: number): Opening {
  const { records, store, realNow } = context;
  /** Since when a conversation has not come on. A restart begins to wait anew. */
  const stuck = new Map<string, number>();

  const aside = (
    letter: { readonly number: number; readonly item: Pick<MailItem, 'id'> },
    code: string,
    detail: string,
  ): Outcome => {
    context.alarm(code, detail, `mail ${letter.item.id}`);
    store.mailSetAside(letter.number);
    return 'done';
  };
  const drop = (number: number): Outcome => {
    store.mailOpened(number);
    return 'done';
  };

  const openItem = async ({ number, item }: StoredMail, blocked: ReadonlySet<string>): Promise<Outcome> => {
    if (item.type === 'fate') {
      takeFate(context, number, item);
      return 'done';
    }
    const letter: Letter = { number, item, body: Buffer.from(item.body, 'base64') };
    const request = readRejoinRequest(letter.body);
    if (request) {
      await hearRequest(context, letter, request);
      return 'done';
    }
    let seen: Peeked;
    try {
      seen = peek(letter.body);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      sayUnreadable(context, { from: item.from, body: letter.body });
      return aside(letter, error.code, `from ${item.from}: ${error.message}`);
    }
    if (seen.type === 'welcome') return comeIn(letter, seen.references);
    if (blocked.has(seen.conversation)) return { later: seen.conversation };
    return openIn(letter, seen);
  };

  const openIn = async (letter: Letter, seen: Exclude<Peeked, { type: 'welcome' }>): Promise<Outcome> => {
    const { conversation, epoch } = seen;
    const record = records.conversation(conversation);
    const group = records.group(conversation);
    if (record?.state === 'left') {
      // What is said is not for who has left. Until that is said itself, changes of the members are followed: nobody could read it otherwise.
      const isFollowed = record.aboutDue && seen.type === 'commit';
      if (!isFollowed || !group) return drop(letter.number);
    } else if (record?.state !== 'ready' || !group) return missing(conversation, record);
    if (epoch < record.since) return drop(letter.number);
    const roster = rosterOf(context.membership, record.members);
    try {
      const opened = await openMessage(group, letter.body, roster.authenticate);
      stuck.delete(conversation);
      const { device, generation } = opened.type === 'content' ? opened.from : opened.by;
      if (device !== letter.item.from || generation !== letter.item.generation) {
        const detail = `what ${device} has sealed came as from ${letter.item.from}`;
        context.alarm('sender_mismatch', detail, `mail ${letter.item.id}`);
      }
      if (opened.type === 'commit') {
        takeCommit(context, letter.number, record, opened, roster.of(membersOf(opened.state)));
      } else takeContent(context, letter.number, record, opened);
      return 'done';
    } catch (error) {
      return notOpened(letter, seen, record, error);
    }
  };

  const notOpened = (letter: Letter, seen: Peeked, record: ConversationRecord, error: unknown): Outcome => {
    if (!isCordonError(error) || error.code === 'unavailable') throw error;
    // What is not followed ends with the word that they have left.
    if (record.state === 'left') return error.code === 'epoch_ahead' ? { later: record.id } : drop(letter.number);
    const detail = `from ${letter.item.from} in ${record.id}: ${error.message}`;
    switch (error.code) {
      case 'epoch_ahead':
        // One's own commit may be what it follows on: its answer is on its way.
        if (records.pending(record.id)) return { later: record.id };
        // The sender made a change that this device refused, and sealed this message after it.
        if (madeRefused(record, letter.item)) return aside(letter, 'commit_refused', detail);
        return missing(record.id, record);
      case 'not_a_member':
        return drop(letter.number);
      case 'epoch_past':
        // A commit that another one has followed on changes nothing any more.
        if (seen.type === 'commit') return drop(letter.number);
        break;
      case 'message_gap': {
        const words = `${error.context['missing']} messages that ${nameIn(record, letter.item.from)} has sent have not come.`;
        loseConversation(context, record, error.message, words);
        return { later: record.id };
      }
      case 'state_copied':
      case 'conversation_damaged':
        loseConversation(
          context,
          record,
          error.message,
          'What this device keeps of the conversation was copied or damaged.',
        );
        return { later: record.id };
    }
    sayUnopened(context, record, letter.item.from, error.code);
    return aside(letter, error.code, detail);
  };

  const madeRefused = (record: ConversationRecord, { from, generation }: Post): boolean => {
    const group = records.group(record.id);
    const isRefuser = (record.refusals ?? []).some((one) => one.device === from && one.generation === generation);
    return isRefuser && group !== null && record.refusedIn === epochOf(group);
  };

  /** Something that has to come before this has not come: a welcome, or somebody's commit. In time it is asked for. */
  const missing = (conversation: string, record: ConversationRecord | null): Outcome => {
    const since = stuck.get(conversation) ?? realNow();
    stuck.set(conversation, since);
    const later = { later: conversation };
    if (realNow() - since < (record ? patience : Math.min(patience, WELCOME_WITHIN))) return later;
    stuck.set(conversation, realNow());
    if (record?.state === 'ready') {
      const words = 'A change of who is in this conversation has not come to this device.';
      loseConversation(context, record, 'a change of its members has not come', words);
    } else if (!record) records.save(unknown(conversation));
    return later;
  };

  const comeIn = async (letter: Letter, references: readonly string[]): Promise<Outcome> => {
    const joined = await join(context, letter, references);
    if (joined === null) return drop(letter.number);
    if ('code' in joined) return aside(letter, joined.code, joined.detail);
    stuck.delete(joined.conversation);
    return { joined: joined.conversation };
  };

  /** What nothing comes of is added to `waiting`. True when a welcome has come for some of it: then all is to be looked at anew, in its order. */
  const pass = async (before: Instant, waiting: Waiting[]): Promise<boolean> => {
    const blocked = new Set<string>();
    let after = 0;
    for (;;) {
      const page = store.unopenedMail(after, PAGE);
      for (const { number, item } of page) {
        after = number;
        if (item.type === 'post' && item.at >= before) continue;
        const outcome = await openItem({ number, item }, blocked);
        if (outcome !== 'done' && 'later' in outcome) {
          const conversation = outcome.later;
          blocked.add(conversation);
          if (item.type === 'post') waiting.push({ number, item: { id: item.id, from: item.from }, conversation });
          continue;
        }
        if (item.type === 'post') context.claims.heardFrom(item.from);
        if (outcome !== 'done' && blocked.has(outcome.joined)) return true;
      }
      if (page.length < PAGE) return false;
    }
  };

  return {
    async open(before) {
      let waiting: Waiting[] = [];
      try {
        while (await pass(before, waiting)) waiting = [];
      } finally {
        for (const [conversation, letters] of Map.groupBy(waiting.toReversed(), (letter) => letter.conversation)) {
          const writers = letters.map(({ item }) => item.from);
          askWriters(context, conversation, writers);
        }
      }
      // Whom a welcome lets in some day reads the newest.
      for (const letter of waiting.slice(0, -MOST_WAITING))
        aside(letter, 'mailbox_stuck', `more than ${MOST_WAITING} items wait for what has not come`);
      return { waiting: waiting.length > 0 };
    },
  };
}

/** Of a conversation that this device knows nothing of, but that somebody has written in: after a wipe, or when a welcome was lost. */
const unknown = (conversation: string): ConversationRecord => ({
  ...{
    id: conversation,
    title: null,
    titleAt: 0,
    aboutDue: false,
    people: [],
    said: {},
    state: 'rejoining',
    members: [],
  },
  ...{ ask: [], asking: [], heard: {}, since: 0, checkedAt: 0, askedAt: 0 },
});
