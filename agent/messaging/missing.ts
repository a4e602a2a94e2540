/**
 * What whoever carries messages keeps back or turns round. Each text names the last one of its device that the server had taken for everybody. Whose
 * device lacks that one tells the person, and the device that sent it, which alone knows whether an order has sent it back since; the server tells
 * it so before anything else could.
 */
import type { Content } from '../../shared/seal/content.ts';
import { type Context, othersIn } from './context.ts';
import type { Member } from './membership.ts';
import type { ConversationRecord } from './records.ts';
import { nameIn, noteOnce } from './sayings.ts';
import { isReady, sealAndPost } from './sending.ts';

/** Remembered at once in one conversation: a member can name as many as they like. */
const MOST_MISSING = 64;

/** A text has come: whether it was missed, and whether what it follows on is here. */
export function followOn(
  context: Context,
  record: ConversationRecord,
  { device, name }: Member,
  { id, after }: Pick<Extract<Content, { type: 'text' }>, 'id' | 'after'>,
): void {
  const { records, realNow, alarm } = context;
  const missed = record.missing ?? [];
  const others = missed.filter((one) => one.id !== id || one.device !== device);
  if (others.length < missed.length) {
    // It had its place in the mailbox before the one that names it was sealed.
    alarm('message_late', `in ${record.id}: ${id} of ${device} came behind one that was sealed after it`, `late ${id}`);
    const words = `A message of ${name} came after a later one: the time beside each says when it was written.`;
    noteOnce(context, record.id, words);
  }
  // What was sealed before this device came in is not for it.
  const isFor = after !== null && after.epoch >= record.since;
  const lacks = isFor && !records.message(after.id) && !others.some((one) => one.id === after.id);
  const missing = lacks ? [...others, { id: after.id, device, since: realNow(), told: false }] : others;
  if (lacks || others.length < missed.length) records.save({ ...record, missing: missing.slice(-MOST_MISSING) });
}

/** Says what has not come in time. Returns after how many milliseconds to look again, or null. */
export async function tellMissing(context: Context, conversation: string, patience: number): Promise<number | null> {
  const { records, realNow } = context;
  for (;;) {
    const record = records.conversation(conversation);
    const untold = record?.missing?.filter(({ told }) => !told) ?? [];
    if (!record || untold.length === 0 || !isReady(context, conversation)) return null;
    const now = realNow();
    const waits = untold.map(({ since }) => since + patience - now);
    // After a clock was set back it would wait for as long again.
    const due = untold.filter((_one, index) => (waits[index] ?? 0) <= 0 || (waits[index] ?? 0) > patience);
    const [first] = due;
    if (!first) return Math.min(...waits);
    const of = due.flatMap(({ id, device }) => (device === first.device ? [id] : []));
    const missing = (record.missing ?? []).map((one) => (of.includes(one.id) ? { ...one, told: true } : one));
    const name = nameIn(record, first.device);
    const words = `A message that ${name} sent has not come to this device, and later ones have. If you miss something, ask ${name} to send it again.`;
    const ledger = context.membership.ledger();
    await sealAndPost(
      context,
      { ...record, missing },
      { type: 'receipt', of, state: 'missing', ledger },
      {
        to: othersIn(context, record).filter((device) => device === first.device),
        purpose: { kind: 'receipt', conversation },
        also: () => noteOnce(context, conversation, words),
      },
    );
  }
}

/** Somebody's device lacks texts of this one. What the server has said to lie with it, and nothing else since, it has kept back. */
export function hearMissing(
  context: Context,
  { id: conversation }: ConversationRecord,
  { device, name }: Member,
  of: readonly string[],
): void {
  for (const id of of) {
    const message = context.records.message(id);
    if (message?.conversation !== conversation || !message.mine) continue;
    const recipient = message.recipients.find((one) => one.device === device);
    if (recipient?.state !== 'sent') continue;
    const detail = `in ${conversation}: the server has taken ${id} for ${device}, where later ones have come and it has not`;
    context.alarm('message_missing', detail, `missing ${id} ${device}`);
    const words = `A message that you sent has not come to a device of ${name}, and later ones have: it is the one that stays “sent”. Send it again.`;
    noteOnce(context, conversation, words);
  }
}
