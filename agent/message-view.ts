/**
 * Messages as lines on a terminal. `plain` removes control characters from received text, because they could change the terminal or reverse
 * a line.
 */

import { plain } from '../shared/text/visible-text.ts';
import type { InboxEntry } from './control/message-responses.ts';
import type {
  AttachmentView,
  ConversationView,
  FoundPerson,
  MessageView,
  MessagingState,
} from './messaging/messaging.ts';

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

const sizeOf = ({ size }: AttachmentView): string =>
  size < 1024
    ? `${size} B`
    : size < 1024 * 1024
      ? `${Math.ceil(size / 1024)} KiB`
      : `${(size / 1024 / 1024).toFixed(1)} MiB`;

export const peopleLines = (people: readonly FoundPerson[]): string[] =>
  people.length === 0
    ? ['Your organization has no matching person who can receive messages.']
    : people.map((found) => `${found.person}  ${plain(found.name)}${distinction(found)}`);

function distinction({ email, groups }: FoundPerson): string {
  const known = [...(email === null ? [] : [email]), ...groups].map(plain);
  return known.length === 0 ? '' : `  (${known.join(', ')})`;
}

const titleOf = ({ title, people }: ConversationView): string =>
  title === null ? people.map(({ name }) => plain(name)).join(', ') || 'no other people' : plain(title);

export function inboxLines(entries: readonly InboxEntry[]): string[] {
  if (entries.length === 0) return ['No new messages.'];
  return entries.flatMap(({ conversation, messages }) => {
    const { id, unread, state } = conversation;
    const what = [unread > 0 ? `${unread} new` : '', STATES[state]].filter((word) => word !== '').join(', ');
    return [
      `${titleOf(conversation)}  (${id})${what === '' ? '' : `  ${what}`}`,
      ...messages.map((one) => `  ${chatLine(one)}`),
    ];
  });
}

const STATES: Readonly<Record<ConversationView['state'], string>> = {
  ready: '',
  rejoining: 'waiting to rejoin',
  left: 'you have left',
};

export function chatLine(message: MessageView): string {
  const { id, from, mine, at, text, attachments } = message;
  const sender = from === null ? '*' : mine ? 'you' : plain(from.name);
  const files = attachments.map((one) => ` [${plain(one.name)}, ${sizeOf(one)}; message ${id}]`).join('');
  const state = mine ? ` (${stateText(message)})` : '';
  return `${when(at)}  ${sender}: ${plain(text)}${files}${state}`;
}

type Outcome = Pick<MessageView, 'state' | 'order' | 'refusal'>;

const outcomeText = ({ state, order, refusal }: Outcome): string => {
  if (order !== null) return `${state} by order ${order}`;
  return refusal === null ? state : `${state}: ${plain(refusal.detail)}`;
};

/**
 * If a message failed only for some recipients, the text gives each recipient's reason. It leaves out the message's own reason, which would
 * otherwise appear twice.
 */
function stateText(message: MessageView): string {
  const recipients = message.missed.map((one) => `${plain(one.name)}: ${outcomeText(one)}`);
  const own = recipients.length > 0 ? { ...message, refusal: null } : message;
  return [outcomeText(own), recipients.join(', ')].filter((words) => words !== '').join('; ');
}

export const sentLines = (message: MessageView): string[] => [stateText(message)];

export function messagingLine(messaging: MessagingState): string {
  switch (messaging.state) {
    case 'ready':
      return `ready; your name in messages is ${plain(messaging.name)}`;
    case 'uncertified':
      return 'waiting for your organization to confirm this device';
    case 'passcode':
      return 'wait for the passcode of the workspace';
    case 'locked':
      return 'the workspace is locked; your admin can unlock it';
    case 'wiped':
      return 'the workspace is wiped; your admin must unlock it (after an exit order: enroll the device again first)';
    case 'denied':
      return `suspended by order ${messaging.orders.join(' and order ')}`;
  }
}
