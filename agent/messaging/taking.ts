/** What follows from something that was opened: one step of the store each, in which the item goes. */
import type { Content } from '../../shared/seal/content.ts';
import type { Opened } from '../../shared/seal/open.ts';
import { type Context, peopleOf, together } from './context.ts';
import { ENROLMENT_ENDED, heard } from './delivery.ts';
import type { Member } from './membership.ts';
import type { MailItem } from './message-store.ts';
import { followOn, hearMissing } from './missing.ts';
import { noticeNewDevices } from './new-devices.ts';
import type { ConversationRecord } from './records.ts';
import { CLOCKS_DIFFER } from './rejoining.ts';
import { aboutSaid, note, noteOnce } from './sayings.ts';
import { hearLink } from './succession.ts';

/** `members`: those who are in it now. */
export function takeCommit(
  context: Context,
  number: number,
  record: ConversationRecord,
  opened: Extract<Opened, { type: 'commit' }>,
  members: readonly Member[],
): void {
  const { records, store } = context;
  const { state, selfRemoved, added } = opened;
  const came = (device: string) => added.some((leaf) => leaf.device === device);
  store.transaction(() => {
    store.mailOpened(number);
    if (selfRemoved) {
      records.save({ ...record, state: 'left', members: [], aboutDue: false }, { group: null, pending: null });
      return;
    }
    if (record.state === 'left') {
      records.save({ ...record, members }, { group: state, pending: null });
      return;
    }
    // Who brings in somebody who has left may only not have heard so: they are back when a word says it.
    const newcomers = peopleOf(members.filter(({ device }) => came(device))).filter(
      ({ person }) => record.said[person]?.belongs !== false,
    );
    const people = together(record.people, newcomers);
    const by = record.members.find(({ device }) => device === opened.by.device);
    for (const { person, name } of newcomers) {
      if (record.people.some((one) => one.person === person)) continue;
      note(context, record.id, context.now(), `${by?.name ?? 'Somebody'} brought in ${name}.`);
    }
    const asking = record.asking.filter(({ device }) => !came(device));
    // One's own for the same epoch has lost; its answer will say so. What it would have changed is still to be looked after.
    const checkedAt = records.pending(record.id) ? 0 : record.checkedAt;
    const known = noticeNewDevices(context, record.id, record, members);
    records.save({ ...record, members, people, asking, checkedAt, known }, { group: state, pending: null });
  });
}

const GONE =
  'A message came from a device that does not belong to this conversation any more: it was put out before, so it is not shown.';

export function takeContent(
  context: Context,
  number: number,
  record: ConversationRecord,
  { state, content, from: leaf }: Extract<Opened, { type: 'content' }>,
): void {
  const { records, store } = context;
  const from = record.members.find(({ device }) => device === leaf.device);
  // What it finds is an alarm; without a network it finds nothing, and the next message brings another.
  if (content.ledger) void context.membership.compareCheckpoint(content.ledger, leaf.device).catch(() => undefined);
  store.transaction(() => {
    records.save(record, { group: state });
    if (from) take(context, record, from, content);
    else if (content.type === 'text') noteOnce(context, record.id, GONE);
    store.mailOpened(number);
  });
}

function take(context: Context, record: ConversationRecord, from: Member, content: Content): void {
  const { records, store } = context;
  const conversation = record.id;
  const mine = from.person === context.own().person;
  switch (content.type) {
    case 'text': {
      const { id, at, text, attachments, after } = content;
      const { person, name, device } = from;
      const added = records.addMessage({
        ...{ id, conversation, mark: mine ? 'none' : 'unread', from: { person, name, device }, mine },
        ...{ at, text, attachments, recipients: [], refused: null, seen: mine },
      });
      if (added && !mine) store.addReceipt({ conversation, message: id, kind: 'delivered' });
      if (added) followOn(context, record, from, { id, after });
      return;
    }
    case 'receipt': {
      const { of, state } = content;
      if (state === 'missing') {
        hearMissing(context, record, from, of);
        return;
      }
      for (const id of of) {
        const message = records.message(id);
        if (message?.conversation !== conversation) continue;
        if (mine && state === 'read' && !message.mine) {
          records.changeMessage({ ...message, seen: true, mark: 'none' });
        } else if (message.mine) {
          const recipients = message.recipients.map((one) =>
            one.device === from.device ? heard(one, state, null) : one,
          );
          records.changeMessage({ ...message, recipients });
        }
      }
      return;
    }
    case 'about': {
      // The newest word counts: after one from the end of time nobody's would.
      const newest = Math.max(content.at, ...content.people.map(({ at }) => at));
      if (newest > context.now() + CLOCKS_DIFFER) {
        sayAheadOfTime(context, record, from, newest);
        return;
      }
      const { next, words } = aboutSaid(record, from, content, context.own());
      // Those who were put out by it go by the next commit of anyone who is in it.
      const gone = next.state === 'left' && !next.aboutDue ? { group: null, pending: null } : {};
      records.save(next, gone);
      hearLink(context, conversation, from, content);
      for (const text of words) note(context, conversation, content.at, text);
      return;
    }
  }
}

function sayAheadOfTime(context: Context, { id }: ConversationRecord, { name, device }: Member, at: number): void {
  const detail = `in ${id}: what ${device} says of title and people is dated ${at}, further ahead than clocks differ`;
  context.alarm('about_ahead', detail, `about ${id} ${device} ${at}`);
  const words = `${name} changed the title or the people of this conversation at a time that has not come yet, so it counts for nothing here. If it was meant well, the clock of ${name}’s device is wrong.`;
  noteOnce(context, id, words);
}

/** What the server says later of a post of one's own; only of messages is anything shown. What went back otherwise may have been a title. */
export function takeFate(context: Context, number: number, item: Extract<MailItem, { type: 'fate' }>): void {
  const { records, store } = context;
  const message = records.message(item.id);
  const state = item.fate === 'released' ? 'sent' : item.fate;
  const order = item.fate === 'released' ? null : item.order;
  const why = item.fate === 'returned' && order === null ? ENROLMENT_ENDED : null;
  store.transaction(() => {
    if (message?.mine) {
      const recipients = message.recipients.map((one) =>
        one.device === item.device ? heard(one, state, order, why) : one,
      );
      records.changeMessage({ ...message, recipients });
      const record = records.conversation(message.conversation);
      const isBack = item.fate === 'returned' || item.fate === 'expired';
      if (isBack && record?.lastStored?.id === item.id) records.save({ ...record, lastStored: null });
    } else if (!message && item.fate === 'returned') {
      for (const record of records.conversations()) {
        if (record.members.some(({ device }) => device === item.device)) records.save({ ...record, aboutOwed: true });
      }
    }
    store.mailOpened(number);
  });
}
