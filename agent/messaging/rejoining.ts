/**
 * When a state is lost: this device was restored from a copy, or cannot go on. A state that was in two places would use keys twice, so it is
 * forgotten, never mended; what was said stays. The others are asked to let the device in again.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Context } from './context.ts';
import type { MailItem } from './message-store.ts';
import type { ConversationRecord } from './records.ts';
import { makeRejoinRequest, type ReadRequest } from './rejoin-request.ts';
import { noteOnce } from './sayings.ts';

/** Real time. Whom the request reached keeps it; asking again is for those who were not there. */
const ASK_EVERY = 60 * 60_000;
/** What bears a time further ahead than this was not said by an honest clock. */
export const CLOCKS_DIFFER = 24 * 60 * 60_000;
/** Requests go to so many devices at most: one of them is enough. */
const ASKED = 64;

/** All states and everything that was made from them. Messages that the server has not confirmed are sealed anew, under the ids that they had. */
export function beginAnew(context: Context, also: () => void): void {
  const { records, store, posts, stock } = context;
  store.transaction(() => {
    also();
    for (const { kind, id } of posts.forget(null)) if (kind === 'text') unsend(context, id);
    for (const record of records.conversations()) {
      if (record.state === 'left') continue;
      records.save(forgotten(record), { group: null, pending: null });
      sayLost(context, record.id, 'This device was restored from a copy, or enrolled anew.');
    }
    stock.replaceAll();
  });
}

const forgotten = (record: ConversationRecord): ConversationRecord => ({
  ...record,
  state: 'rejoining',
  ask: record.members.map(({ device }) => device),
  asking: [],
  askedAt: 0,
});

function unsend({ records }: Context, id: string): void {
  const message = records.message(id);
  if (message) records.changeMessage({ ...message, mark: 'unsent', recipients: [] });
}

/** `why`: for the organisation. `words`: for the person, who knows the others by name. */
export function loseConversation(context: Context, record: ConversationRecord, why: string, words: string): void {
  const { records, store, posts } = context;
  context.alarm('conversation_lost', `${record.id}: ${why}`, `${record.id} ${record.since} ${context.realNow()}`);
  store.transaction(() => {
    for (const { kind, id } of posts.forget(record.id)) if (kind === 'text') unsend(context, id);
    records.save(forgotten(record), { group: null, pending: null });
    sayLost(context, record.id, words);
  });
}

/** What was sealed before this device is let in again is not for it: nothing else tells the person that it is missing. */
const sayLost = (context: Context, conversation: string, why: string): void =>
  noteOnce(
    context,
    conversation,
    `${why} This device has asked the others to let it in again. What they write until then cannot be opened here: ask them for what you miss.`,
  );

export function askToRejoin(context: Context, record: ConversationRecord): void {
  if (record.state !== 'rejoining' || context.realNow() - record.askedAt < ASK_EVERY) return;
  postRequest(context, { ...record, askedAt: context.realNow() }, whomToAsk(context, record.ask));
}

/**
 * Who writes in it while this device waits is there, which those who were asked before may not be for weeks, or ever again: they are asked too, each
 * at once. `writers`: newest first.
 */
export function askWriters(context: Context, conversation: string, writers: readonly DeviceId[]): void {
  const record = context.records.conversation(conversation);
  if (record?.state !== 'rejoining') return;
  const before = record.askedAt === 0 ? [] : whomToAsk(context, record.ask);
  const ask = whomToAsk(context, [...writers, ...record.ask]);
  const fresh = ask.filter((other) => !before.includes(other));
  postRequest(context, { ...record, ask, askedAt: record.askedAt || context.realNow() }, fresh);
}

const whomToAsk = ({ device }: Context, known: readonly DeviceId[]): readonly DeviceId[] =>
  [...new Set(known)].filter((other) => other !== device).slice(0, ASKED);

function postRequest(context: Context, record: ConversationRecord, to: readonly DeviceId[]): void {
  if (to.length === 0) return;
  const { records, store, posts, device, generation, realNow } = context;
  const asked = { conversation: record.id, device, generation, at: realNow() };
  const body = makeRejoinRequest(asked, context.self().key.privateKey);
  store.transaction(() => {
    posts.add({ to, body }, { kind: 'rejoin', conversation: record.id });
    records.save(record);
  });
}

/** Somebody asks. Whether it is one of the people's devices, and its own word, is looked at before anything is done. */
export async function hearRequest(
  context: Context,
  { number, item }: { readonly number: number; readonly item: Extract<MailItem, { type: 'post' }> },
  { request, signedBy }: ReadRequest,
): Promise<void> {
  const { records, store, realNow } = context;
  const drop = () => store.mailOpened(number);
  const { conversation, device, generation, at } = request;
  const record = records.conversation(conversation);
  if (record?.state !== 'ready' || device === context.device) return drop();
  const claimed = item.from === device && item.generation === generation;
  const found = await context.membership.membersOf(record.people.map(({ person }) => person));
  const member = [...found.values()].flat().find((one) => one.device === device && one.generation === generation);
  if (!claimed || !member || !signedBy(member.signatureKey)) {
    context.alarm('signature_invalid', `a request to rejoin that ${device} has not signed`, `rejoin ${item.id}`);
    return drop();
  }
  // Sent again by whoever carries it, or from a clock that is far ahead.
  if (at <= (record.heard[device] ?? 0) || at > realNow() + CLOCKS_DIFFER) return drop();
  store.transaction(() => {
    const asking = [...record.asking.filter((one) => one.device !== device), { device, generation }];
    records.save({ ...record, asking, heard: { ...record.heard, [device]: at }, checkedAt: 0 });
    drop();
  });
}
