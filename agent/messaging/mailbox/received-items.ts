import type { Content } from '../../../shared/seal/content.ts';
import type { Opened } from '../../../shared/seal/open.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { describedBy } from '../conversation/description.ts';
import type { Notes } from '../conversation/notes.ts';
import type { ConversationRecord, PersonName, Records } from '../conversation/records.ts';
import { LARGEST_CLOCK_ERROR } from '../conversation/rejoin-requests.ts';
import type { Succession } from '../conversation/succession.ts';
import type { Member } from '../members/member.ts';
import type { Membership } from '../members/membership.ts';
import type { NewDeviceNotes } from '../members/new-devices.ts';
import { mergePeople, peopleOf } from '../members/roster.ts';
import type { MailboxItem, MessageStore } from '../message-store.ts';
import { ENROLLMENT_ENDED, withDeliveryState } from './delivery-state.ts';
import type { MessageGaps } from './message-gaps.ts';

/** Effects of decrypted mailbox items. Each effect is one transaction, which also removes the item. */
export interface ReceivedItems {
  applyCommit(
    number: number,
    record: ConversationRecord,
    opened: Extract<Opened, { type: 'commit' }>,
    members: readonly Member[],
  ): void;
  applyContent(number: number, record: ConversationRecord, opened: Extract<Opened, { type: 'content' }>): void;
  /** Applies a later statement of the server about a message of this device, for example that the message was delivered or returned. */
  applyDeliveryReport(number: number, item: Extract<MailboxItem, { type: 'delivery-report' }>): void;
}

export interface ReceivedItemPorts {
  readonly own: () => PersonName;
  readonly records: Records;
  readonly store: Pick<MessageStore, 'transaction' | 'itemOpened' | 'addReceipt'>;
  readonly membership: Pick<Membership, 'compareCheckpoint'>;
  readonly notes: Notes;
  readonly newDevices: NewDeviceNotes;
  readonly gaps: Pick<MessageGaps, 'check' | 'acceptReport'>;
  readonly succession: Pick<Succession, 'acceptLink'>;
  readonly now: () => Instant;
  readonly alert: (code: string, detail: string, event: string) => void;
}

export function createReceivedItems(ports: ReceivedItemPorts): ReceivedItems {
  const { records, store, notes, now } = ports;
  return {
    applyCommit(number, record, { state, selfRemoved, added, by }, members) {
      const isAdded = (device: string) => added.some((leaf) => leaf.device === device);
      store.transaction(() => {
        store.itemOpened(number);
        if (selfRemoved) {
          records.save(
            { ...record, state: 'left', members: [], descriptionDue: false },
            { group: null, pending: null },
          );
          return;
        }
        if (record.state === 'left') {
          records.save({ ...record, members }, { group: state, pending: null });
          return;
        }
        // A commit may add devices of a person who has left, if the committing device did not know of the departure. Only a description
        // (statement of title and people) makes the person a member again.
        const newcomers = peopleOf(members.filter(({ device }) => isAdded(device))).filter(
          ({ person }) => record.membershipStatements[person]?.belongs !== false,
        );
        const author = record.members.find(({ device }) => device === by.device)?.name ?? 'An unknown member';
        for (const { person, name } of newcomers) {
          if (record.people.some((one) => one.person === person)) continue;
          notes.add(record.id, now(), `${author} added ${name}.`);
        }
        const next: ConversationRecord = {
          ...record,
          members,
          people: mergePeople(record.people, newcomers),
          rejoinRequestedBy: record.rejoinRequestedBy.filter(({ device }) => !isAdded(device)),
          // The accepted commit of another member discards this device's pending commit for the same epoch (version of the group's keys). A
          // new check finds the changes that are still missing.
          checkedAt: records.pending(record.id) ? 0 : record.checkedAt,
          knownDevices: ports.newDevices.add(record.id, record, members),
        };
        records.save(next, { group: state, pending: null });
      });
    },

    applyContent(number, record, { state, content, from: leaf }) {
      const from = record.members.find(({ device }) => device === leaf.device);
      // The sender's ledger checkpoint must agree with this device's; a contradiction raises an alert. Without a network, the next message
      // repeats the comparison.
      if (content.ledger) {
        void ports.membership.compareCheckpoint(content.ledger, leaf.device).catch(() => undefined);
      }
      store.transaction(() => {
        records.save(record, { group: state });
        if (from) applyFrom(ports, record, from, content);
        else if (content.type === 'text') {
          const text = 'A device that was removed from this conversation sent a message. The message is not shown.';
          notes.addOnce(record.id, text);
        }
        store.itemOpened(number);
      });
    },

    applyDeliveryReport(number, item) {
      const message = records.message(item.id);
      const state = item.status === 'released' ? 'sent' : item.status;
      const order = item.status === 'released' ? null : item.order;
      const refusal = item.status === 'returned' && order === null ? ENROLLMENT_ENDED : null;
      store.transaction(() => {
        if (message?.mine) {
          const recipients = message.recipients.map((one) =>
            one.device === item.device ? withDeliveryState(one, state, order, refusal) : one,
          );
          records.changeMessage({ ...message, recipients });
          const record = records.conversation(message.conversation);
          const isLost = item.status === 'returned' || item.status === 'expired';
          if (isLost && record?.lastStored?.id === item.id) records.save({ ...record, lastStored: null });
        } else if (!message && item.status === 'returned') {
          // The returned message may have contained the conversation's title and people, so this device sends them again.
          for (const record of records.conversations()) {
            if (record.members.some(({ device }) => device === item.device))
              records.save({ ...record, descriptionBlocked: true });
          }
        }
        store.itemOpened(number);
      });
    },
  };
}

function applyFrom(ports: ReceivedItemPorts, record: ConversationRecord, from: Member, content: Content): void {
  if (content.type === 'text') applyText(ports, record, from, content);
  else if (content.type === 'receipt') applyReceipt(ports, record, from, content);
  else applyDescription(ports, record, from, content);
}

function applyText(
  { own, records, store, gaps }: ReceivedItemPorts,
  record: ConversationRecord,
  from: Member,
  { id, at, text, attachments, after }: Extract<Content, { type: 'text' }>,
): void {
  const { person, name, device } = from;
  const [conversation, isOwn] = [record.id, person === own().person];
  const isNew = records.addMessage({
    id,
    conversation,
    mark: isOwn ? 'none' : 'unread',
    from: { person, name, device },
    mine: isOwn,
    at,
    text,
    attachments,
    recipients: [],
    refused: null,
    isRead: isOwn,
  });
  if (!isNew) return;
  if (!isOwn) store.addReceipt({ conversation, message: id, kind: 'delivered' });
  gaps.check(record, from, { id, after });
}

function applyReceipt(
  { own, records, gaps }: ReceivedItemPorts,
  record: ConversationRecord,
  from: Member,
  { messages, state }: Extract<Content, { type: 'receipt' }>,
): void {
  if (state === 'missing') {
    gaps.acceptReport(record, from, messages);
    return;
  }
  for (const id of messages) {
    const message = records.message(id);
    if (message?.conversation !== record.id) continue;
    if (from.person === own().person && state === 'read' && !message.mine) {
      records.changeMessage({ ...message, isRead: true, mark: 'none' });
    } else if (message.mine) {
      const recipients = message.recipients.map((one) =>
        one.device === from.device ? withDeliveryState(one, state, null) : one,
      );
      records.changeMessage({ ...message, recipients });
    }
  }
}

function applyDescription(
  ports: ReceivedItemPorts,
  record: ConversationRecord,
  from: Member,
  content: Extract<Content, { type: 'description' }>,
): void {
  const { records, notes } = ports;
  const conversation = record.id;
  // A statement from far in the future would override all later statements, so it is ignored.
  const newest = Math.max(content.at, ...content.people.map(({ at }) => at));
  if (newest > ports.now() + LARGEST_CLOCK_ERROR) {
    const detail = `in ${conversation}: the description that ${from.device} sent is dated ${newest}, further ahead than clocks differ`;
    ports.alert('description_ahead', detail, `about ${conversation} ${from.device} ${newest}`);
    const text = `${from.name} changed the title or the people of this conversation at a time in the future, so this device ignored the change. The clock of ${from.name}’s device may be wrong.`;
    notes.addOnce(conversation, text);
    return;
  }
  const { next, notes: texts } = describedBy(record, from, content, ports.own());
  // After the departure is sent, this device deletes the MLS state. The next commit of another member removes this device.
  const isGone = next.state === 'left' && !next.descriptionDue;
  records.save(next, isGone ? { group: null, pending: null } : {});
  ports.succession.acceptLink(conversation, from, content);
  for (const text of texts) notes.add(conversation, content.at, text);
}
