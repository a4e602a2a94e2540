/** What this device says: it is sealed when it can be sent, so that it goes to whoever belongs to the conversation then and to nobody else. */
import { isCordonError } from '../../shared/errors.ts';
import { sealContent } from '../../shared/seal/conversation.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { aboutOf } from './begin.ts';
import { type Context, othersIn } from './context.ts';
import { heard } from './delivery.ts';
import type { DueReceipt } from './message-store.ts';
import type { MessageState, Refusal } from './messaging.ts';
import type { Posted } from './posts.ts';
import type { ConversationRecord, HeldMessage, PostPurpose } from './records.ts';
import type { Uploads } from './uploads.ts';

/** What one content holds. */
const RECEIPTS_AT_ONCE = 200;

/**
 * Each content uses up one key of this device's chain, also for those whom it is not sent to: to them it looks lost. So many may go to some alone,
 * far below what they pass over.
 */
const MOST_ASIDE = LARGEST_GAP / 5;

/** Sealed, stored and on its way, in one step. */
export async function sealAndPost(
  context: Context,
  record: ConversationRecord,
  content: Parameters<typeof sealContent>[1],
  step: { readonly to: ReturnType<typeof othersIn>; readonly purpose: PostPurpose; readonly id?: string; also(): void },
): Promise<void> {
  const { records, store, posts } = context;
  const group = records.group(record.id);
  if (!group) return;
  const sealed = await sealContent(group, content);
  const aside = step.to.length === othersIn(context, record).length ? 0 : (record.aside ?? 0) + 1;
  store.transaction(() => {
    records.save({ ...record, aside }, { group: sealed.state });
    step.also();
    const { to, purpose, id } = step;
    if (to.length > 0)
      posts.add({ to, body: sealed.message, ...(id === undefined ? {} : { id }) }, { ...purpose, epoch: sealed.epoch });
  });
}

export const isReady = ({ records }: Context, id: string): boolean =>
  records.conversation(id)?.state === 'ready' && records.pending(id) === null;

/** The server will not take its files, or it holds what cannot be sealed. Anything else may go better later. */
const REFUSED: ReadonlySet<string> = new Set(['too_large', 'conflict', 'service_denied', 'content_malformed']);

/** Messages that were written here and not sealed yet. */
export async function sendTexts(context: Context, conversation: string, uploads: Uploads): Promise<void> {
  const { records, store } = context;
  for (const stored of store.marked(conversation, 'unsent')) {
    const record = records.conversation(conversation);
    if (!record || !isReady(context, conversation)) return;
    const own = context.own().person;
    // Nobody whom it is for has been let in yet, and who comes later could not read it: it waits.
    const isFor = (people: readonly { readonly person: string }[]) => people.some(({ person }) => person !== own);
    if (isFor(record.people) && !isFor(record.members)) return;
    const message = records.opened(stored);
    try {
      // Its files are on their way: what was written after it stays behind it.
      if (!uploads.have(message)) return;
      await sealText(context, record, message);
    } catch (error) {
      if (!isCordonError(error) || !REFUSED.has(error.code)) throw error;
      const { code, message: detail, context: said } = error;
      const order = Array.isArray(said['orders']) ? String(said['orders'][0]) : null;
      records.changeMessage({ ...message, mark: 'none', refused: { order, code, detail } });
    }
  }
}

async function sealText(context: Context, record: ConversationRecord, message: HeldMessage): Promise<void> {
  const { id, at, text, attachments } = message;
  const recipients = record.members
    .filter(({ person }) => person !== context.own().person)
    .map(({ device, person, name }) => ({
      device,
      person,
      name,
      state: 'waiting' as const,
      order: null,
      refusal: null,
    }));
  const [after, ledger] = [record.lastStored ?? null, context.membership.ledger()];
  await sealAndPost(
    context,
    record,
    { type: 'text', id, at, text, attachments: [...attachments], after, ledger },
    {
      ...{ to: othersIn(context, record), purpose: { kind: 'text', conversation: record.id }, id },
      also: () => context.records.changeMessage({ ...message, mark: 'none', recipients }),
    },
  );
}

/** Title and people, after a change here. Who has left says so with the last thing that they seal. */
export async function sendAbout(context: Context, conversation: string): Promise<void> {
  const { records } = context;
  const record = records.conversation(conversation);
  if (!record?.aboutDue || records.pending(conversation)) return;
  const told: ConversationRecord = { ...record, aboutDue: false, aboutOwed: false };
  if (!records.group(conversation)) return records.save(told);
  await sealAndPost(context, told, aboutOf(context, record), {
    to: othersIn(context, record),
    purpose: { kind: 'about', conversation },
    also: () => {
      if (record.state === 'left') records.save({ ...told, members: [] }, { group: null });
    },
  });
}

/** What the server said of a title. Whom an order keeps it from is to have it later. */
export function answeredAbout({ records, store, posts }: Context, { conversation }: PostPurpose, answer: Posted): void {
  store.transaction(() => {
    posts.settled(answer);
    const record = records.conversation(conversation);
    const back = answer.recipients.some(({ outcome }) => outcome === 'refused');
    if (record && back) records.save({ ...record, aboutOwed: true });
  });
}

/** Tells senders what has become of their messages here; one's own other devices what was read. */
export async function sendReceipts(context: Context, conversation: string): Promise<void> {
  const { records, store } = context;
  for (;;) {
    const due = store.dueReceipts(conversation, RECEIPTS_AT_ONCE);
    const [first] = due;
    const record = records.conversation(conversation);
    if (!first) return;
    if (!record || record.state === 'left') return store.removeReceipts(due);
    if (!isReady(context, conversation)) return;
    const batch = due.filter(({ kind }) => kind === first.kind);
    const senders = new Set(batch.flatMap(({ message }) => records.message(message)?.from?.person ?? []));
    if (first.kind === 'read') senders.add(context.own().person);
    const others = record.members.filter(({ device }) => device !== context.device);
    const isDueToAll = (record.aside ?? 0) >= MOST_ASIDE;
    const to = isDueToAll ? others : others.filter(({ person }) => senders.has(person));
    const content = {
      ...{ type: 'receipt' as const, of: batch.map(({ message }) => message), state: first.kind },
      ledger: context.membership.ledger(),
    };
    await sealAndPost(context, record, content, {
      to: to.map(({ device }) => device),
      purpose: { kind: 'receipt', conversation },
      also: () => store.removeReceipts(batch),
    });
  }
}

/** These have been seen. False when they all were before. */
export function markRead({ records, store }: Context, conversation: string, messages: readonly string[]): boolean {
  const unread = messages
    .flatMap((id) => records.message(id) ?? [])
    .filter((one) => one.conversation === conversation && one.mark === 'unread');
  store.transaction(() => {
    for (const message of unread) {
      records.changeMessage({ ...message, seen: true, mark: 'none' });
      const receipt: DueReceipt = { conversation, message: message.id, kind: 'read' };
      store.removeReceipts([{ ...receipt, kind: 'delivered' }]);
      store.addReceipt(receipt);
    }
  });
  return unread.length > 0;
}

const OUTCOMES: Readonly<Record<Posted['recipients'][number]['outcome'], MessageState>> = {
  stored: 'sent',
  held: 'held',
  refused: 'refused',
  unknown: 'refused',
  full: 'refused',
};

/** It lies with the device, or has. */
const HAVE: ReadonlySet<MessageState> = new Set(['sent', 'delivered', 'read']);

/** What the server answers by a word alone. */
const PLAIN: Readonly<Record<'unknown' | 'full', Refusal>> = {
  unknown: { code: 'device_unknown', detail: 'The device is not enrolled any more.' },
  full: {
    code: 'too_large',
    detail: 'Their mailbox at the server is full: send it again when they have fetched what waits in it.',
  },
};

const UNSAID = { order: null, code: 'unavailable', detail: 'The server has refused it and says nothing of why.' };

function refusalOf({ outcome, denial }: Posted['recipients'][number]): Refusal | null {
  if (denial) return { code: denial.code, detail: denial.detail };
  return outcome === 'unknown' || outcome === 'full' ? PLAIN[outcome] : null;
}

/** What the server said of a message of one's own. */
export function answeredText(context: Context, { epoch }: PostPurpose, answer: Posted): void {
  const { records, store, posts, membership } = context;
  const message = records.message(answer.id);
  store.transaction(() => {
    posts.settled(answer);
    if (!message) return;
    if (answer.outcome !== 'accepted') {
      const { order, code, detail } = answer.denial ?? UNSAID;
      records.changeMessage({ ...message, refused: { order, code, detail } });
      return;
    }
    const recipients = message.recipients.map((one) => {
      const said = answer.recipients.find(({ device }) => device === one.device);
      // An answer that comes again is older than what the mailbox has told since.
      if (!said || one.state !== 'waiting') return one;
      return heard(one, OUTCOMES[said.outcome], said.denial?.order ?? null, refusalOf(said));
    });
    const record = records.conversation(message.conversation);
    const gone: readonly string[] = answer.recipients.flatMap(({ outcome, device }) =>
      outcome === 'unknown' ? [device] : [],
    );
    for (const { person } of message.recipients.filter(({ device }) => gone.includes(device)))
      membership.changed(person);
    const isWithAll =
      answer.recipients.every(({ outcome }) => outcome === 'stored') &&
      recipients.every(({ state }) => HAVE.has(state));
    if (record) {
      records.save({
        ...record,
        ...(gone.length > 0 ? { checkedAt: 0 } : {}),
        ...(isWithAll && epoch !== undefined ? { lastStored: { id: message.id, epoch } } : {}),
      });
    }
    records.changeMessage({ ...message, recipients });
  });
}
