/**
 * Opens what lies in the mailbox, in its order. Each item is one step of the store: the group's new state, what was said, what its sender is to be
 * told, and the item gone; killed in between, it is opened again from the state before. What never opens is named and set aside.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { Content } from '../../shared/seal/content.ts';
import { membersOf } from '../../shared/seal/conversation.ts';
import { joinConversation } from '../../shared/seal/join.ts';
import { peek } from '../../shared/seal/message.ts';
import { type Opened, openMessage } from '../../shared/seal/open.ts';
import type { Peeked } from '../../shared/seal/terms.ts';
import { type Context, peopleOf, rosterOf, together } from './context.ts';
import { heard } from './delivery.ts';
import type { Member } from './membership.ts';
import type { MailItem, StoredMail } from './message-store.ts';
import type { ConversationRecord } from './records.ts';
import { readRejoinRequest } from './rejoin-request.ts';
import { askToRejoin, hearRequest, isBeyondRepair, loseConversation } from './rejoining.ts';
import { aboutSaid, note, sayUnopened } from './sayings.ts';

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
type Outcome = 'done' | Later;

/** At once in memory. */
const PAGE = 64;
/** What waits for a welcome that does not come, for a commit that does not come, at most. */
const MOST_WAITING = 512;

/** Real time. A welcome leaves with the commit that it is for, and comes close to it. */
const WELCOME_WITHIN = 10_000;

export interface Opening {
  /** Everything that can be opened now. Returns whether something waits for what has not come. */
  open(): Promise<{ readonly waiting: boolean }>;
}

/** `patience`: real milliseconds that what is missing may take. */
export function createOpening(context: Context, patience: number): Opening {
  const { records, store, realNow } = context;
  /** Since when a conversation has not come on. A restart begins to wait anew. */
  const stuck = new Map<string, number>();

  const aside = (
    letter: { readonly number: number; readonly item: MailItem },
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
    if (item.type === 'fate') return hearFate(context, number, item);
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
      return aside(letter, error.code, `from ${item.from}: ${error.message}`);
    }
    if (seen.type === 'welcome') return join(letter, seen.references);
    if (blocked.has(seen.conversation)) return { later: seen.conversation };
    return openIn(letter, seen);
  };

  const openIn = async (letter: Letter, seen: Exclude<Peeked, { type: 'welcome' }>): Promise<Outcome> => {
    const { conversation, epoch } = seen;
    const record = records.conversation(conversation);
    const group = records.group(conversation);
    if (record?.state === 'left') return drop(letter.number);
    if (record?.state !== 'ready' || !group) return missing(letter, conversation, record);
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
      if (opened.type === 'commit') takeCommit(letter, record, opened, roster.of(membersOf(opened.state)));
      else takeContent(letter, record, opened);
      return 'done';
    } catch (error) {
      return notOpened(letter, record, error);
    }
  };

  const notOpened = (letter: Letter, record: ConversationRecord, error: unknown): Outcome => {
    if (!isCordonError(error) || error.code === 'unavailable') throw error;
    const detail = `from ${letter.item.from} in ${record.id}: ${error.message}`;
    switch (error.code) {
      case 'epoch_ahead':
        // One's own commit may be what it follows on: its answer is on its way.
        if (records.pending(record.id)) return { later: record.id };
        return missing(letter, record.id, record);
      case 'epoch_past':
      case 'not_a_member':
        return drop(letter.number);
      default:
        if (isBeyondRepair(error)) {
          loseConversation(context, record, error.message);
          return { later: record.id };
        }
        sayUnopened(context, record, letter.item.from, error.code);
        return aside(letter, error.code, detail);
    }
  };

  /** Something that has to come before this has not come: a welcome, or somebody's commit. In time it is asked for. */
  const missing = (letter: Letter, conversation: string, record: ConversationRecord | null): Outcome => {
    const since = stuck.get(conversation) ?? realNow();
    stuck.set(conversation, since);
    const later = { later: conversation };
    if (realNow() - since < (record ? patience : Math.min(patience, WELCOME_WITHIN))) return later;
    stuck.set(conversation, realNow());
    if (record?.state === 'ready') loseConversation(context, record, 'a change of its members has not come');
    else if (!record) askToRejoin(context, unknown(conversation, letter.item.from));
    return later;
  };

  const join = async (letter: Letter, references: readonly string[]): Promise<Outcome> => {
    const { number, item, body } = letter;
    const found = context.stock.find(references);
    if (!found && context.stock.wasUsed(references)) {
      const detail = `${item.from} would let this device in by a key package that was used: it was given out twice, or the welcome sent again`;
      return aside(letter, 'key_package_reused', detail);
    }
    // For a package whose private half was given up. Who is missed so is asked for again, as soon as somebody writes.
    if (!found) return drop(number);
    const roster = rosterOf(context.membership, await ownDevices(context));
    try {
      const { conversation, epoch, members, state } = await joinConversation(
        body,
        found.half,
        context.self(),
        roster.authenticate,
      );
      const before = records.conversation(conversation);
      if (before?.state === 'ready') {
        const detail = `${item.from} would let this device into ${conversation}, in which it is`;
        return aside(letter, 'unexpected_welcome', detail);
      }
      // Sent again, which the package of last resort would let happen. To begin where one has been would use keys twice.
      if (before && epoch <= before.since) {
        const detail = `${item.from} would let this device into ${conversation} where it has been before`;
        return aside(letter, 'welcome_replayed', detail);
      }
      const known = roster.of(members);
      stuck.delete(conversation);
      store.transaction(() => {
        records.save(
          {
            ...{ id: conversation, title: before?.title ?? null, aboutAt: before?.aboutAt ?? 0, aboutDue: false },
            ...{ people: peopleOf(known), state: 'ready', members: known, ask: [], asking: [] },
            ...{ heard: before?.heard ?? {}, since: epoch, checkedAt: realNow(), askedAt: 0 },
          },
          { group: state, pending: null },
        );
        context.stock.used(found.reference);
        store.mailOpened(number);
      });
      return 'done';
    } catch (error) {
      if (!isCordonError(error) || error.code === 'unavailable') throw error;
      return aside(letter, error.code, `from ${item.from}: ${error.message}`);
    }
  };

  const takeCommit = (
    { number }: Letter,
    record: ConversationRecord,
    opened: Extract<Opened, { type: 'commit' }>,
    members: readonly Member[],
  ): void => {
    const { state, selfRemoved, added } = opened;
    const came = (device: string) => added.some((leaf) => leaf.device === device);
    store.transaction(() => {
      store.mailOpened(number);
      if (selfRemoved) {
        records.save({ ...record, state: 'left', members: [], aboutDue: false }, { group: null, pending: null });
        return;
      }
      const newcomers = peopleOf(members.filter(({ device }) => came(device)));
      const people = together(record.people, newcomers);
      const by = record.members.find(({ device }) => device === opened.by.device);
      for (const { person, name } of newcomers) {
        if (record.people.some((one) => one.person === person)) continue;
        note(context, record.id, context.now(), `${by?.name ?? 'Somebody'} brought in ${name}.`);
      }
      const asking = record.asking.filter(({ device }) => !came(device));
      // One's own for the same epoch has lost; its answer will say so.
      records.save({ ...record, members, people, asking }, { group: state, pending: null });
    });
  };

  const takeContent = (
    { number }: Letter,
    record: ConversationRecord,
    { state, content, from: leaf }: Extract<Opened, { type: 'content' }>,
  ): void => {
    const from = record.members.find(({ device }) => device === leaf.device);
    // What it finds is an alarm; without a network it finds nothing, and the next message brings another.
    if (content.ledger) void context.membership.compareCheckpoint(content.ledger, leaf.device).catch(() => undefined);
    store.transaction(() => {
      records.save(record, { group: state });
      if (from) take(record, from, content);
      store.mailOpened(number);
    });
  };

  const take = (record: ConversationRecord, from: Member, content: Content): void => {
    const conversation = record.id;
    const mine = from.person === context.own().person;
    switch (content.type) {
      case 'text': {
        const { id, at, text, attachments } = content;
        const { person, name, device } = from;
        const added = records.addMessage({
          ...{
            id,
            conversation,
            mark: mine ? 'none' : 'unread',
            mine,
            at,
            text,
            attachments,
            from: { person, name, device },
          },
          ...{ recipients: [], refused: null, seen: mine },
        });
        if (added && !mine) store.addReceipt({ conversation, message: id, kind: 'delivered' });
        return;
      }
      case 'receipt':
        for (const id of content.of) {
          const message = records.message(id);
          if (message?.conversation !== conversation) continue;
          if (mine && content.state === 'read' && !message.mine) {
            records.changeMessage({ ...message, seen: true, mark: 'none' });
          } else if (message.mine) {
            const recipients = message.recipients.map((one) =>
              one.device === from.device ? heard(one, content.state, null) : one,
            );
            records.changeMessage({ ...message, recipients });
          }
        }
        return;
      case 'about': {
        if (content.at <= record.aboutAt) return;
        const { next, words } = aboutSaid(record, from, content, context.own());
        // Those who were put out by it go by the next commit of anyone who is in it.
        const gone = next.state === 'left' ? { group: null, pending: null } : {};
        records.save(next, gone);
        for (const text of words) note(context, conversation, content.at, text);
        return;
      }
    }
  };

  return {
    async open() {
      const blocked = new Set<string>();
      let waiting = 0;
      let after = 0;
      for (;;) {
        const page = store.unopenedMail(after, PAGE);
        for (const mail of page) {
          after = mail.number;
          const outcome = await openItem(mail, blocked);
          if (outcome === 'done') continue;
          blocked.add(outcome.later);
          waiting += 1;
          if (waiting > MOST_WAITING)
            aside(mail, 'mailbox_stuck', `more than ${MOST_WAITING} items wait for what has not come`);
        }
        if (page.length < PAGE) return { waiting: waiting > 0 };
      }
    },
  };
}

/** Of a conversation that this device knows nothing of, but that somebody has written in: after a wipe, or when a welcome was lost. */
const unknown = (conversation: string, from: Post['from']): ConversationRecord => ({
  ...{ id: conversation, title: null, aboutAt: 0, aboutDue: false, people: [], state: 'rejoining', members: [] },
  ...{ ask: [from], asking: [], heard: {}, since: 0, checkedAt: 0, askedAt: 0 },
});

/** What the server says later of a post of one's own; only of messages is anything shown. */
function hearFate(context: Context, number: number, item: Extract<MailItem, { type: 'fate' }>): Outcome {
  const { records, store } = context;
  const message = records.message(item.id);
  const state = item.fate === 'released' ? 'sent' : item.fate;
  store.transaction(() => {
    if (message?.mine) {
      const recipients = message.recipients.map((one) =>
        one.device === item.device ? heard(one, state, item.fate === 'released' ? null : item.order) : one,
      );
      records.changeMessage({ ...message, recipients });
    }
    store.mailOpened(number);
  });
  return 'done';
}

/** This device is in its own groups without anybody vouching for it. */
async function ownDevices({ membership, own, device }: Context): Promise<readonly Member[]> {
  const { person } = own();
  const found = (await membership.membersOf([person])).get(person) ?? [];
  return found.filter((member) => member.device === device);
}
