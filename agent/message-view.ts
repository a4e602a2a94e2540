/** Messages as lines on a terminal. What others wrote goes through `plain`: it may neither steer the terminal nor turn the line round. */

import { plain } from '../shared/text/visible-text.ts';
import type { InboxEntry } from './message-answers.ts';
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
    ? ['Nobody of your organisation who can be written to is called so.']
    : people.map((found) => `${found.person}  ${plain(found.name)}${distinction(found)}`);

/** E-mail and groups, confirmed by the organization's key, which distinguish people of the same name. */
function distinction({ email, groups }: FoundPerson): string {
  const known = [...(email === null ? [] : [email]), ...groups].map(plain);
  return known.length === 0 ? '' : `  (${known.join(', ')})`;
}

const named = ({ title, people }: ConversationView): string =>
  title === null ? people.map(({ name }) => plain(name)).join(', ') || 'nobody else' : plain(title);

export function inboxLines(entries: readonly InboxEntry[]): string[] {
  if (entries.length === 0) return ['No new messages.'];
  return entries.flatMap(({ conversation, messages }) => {
    const { id, unread, state } = conversation;
    const what = [unread > 0 ? `${unread} new` : '', STATES[state]].filter((word) => word !== '').join(', ');
    return [
      `${named(conversation)}  (${id})${what === '' ? '' : `  ${what}`}`,
      ...messages.map((one) => `  ${chatLine(one)}`),
    ];
  });
}

const STATES: Readonly<Record<ConversationView['state'], string>> = {
  ready: '',
  rejoining: 'waits to be let in again',
  left: 'you do not belong to it any more',
};

export function chatLine(message: MessageView): string {
  const { id, from, mine, at, text, attachments } = message;
  const who = from === null ? '*' : mine ? 'you' : plain(from.name);
  const files = attachments.map((one) => ` [${plain(one.name)}, ${sizeOf(one)}; message ${id}]`).join('');
  const became = mine ? ` (${stateWords(message)})` : '';
  return `${when(at)}  ${who}: ${plain(text)}${files}${became}`;
}

type Fate = Pick<MessageView, 'state' | 'order' | 'refusal'>;

/** An order is its own reason; what else was refused says why. */
const fateWords = ({ state, order, refusal }: Fate): string => {
  if (order !== null) return `${state} by order ${order}`;
  return refusal === null ? state : `${state}: ${plain(refusal.detail)}`;
};

/** Who missed it says so themselves, so that the reason is there once. */
function stateWords(message: MessageView): string {
  const whom = message.missed.map((one) => `${plain(one.name)}: ${fateWords(one)}`);
  const own = whom.length > 0 ? { ...message, refusal: null } : message;
  return [fateWords(own), whom.join(', ')].filter((words) => words !== '').join('; ');
}

export const sentLines = (message: MessageView): string[] => [stateWords(message)];

/** For `status`. */
export function messagingLine(messaging: MessagingState): string {
  switch (messaging.state) {
    case 'ready':
      return `as ${plain(messaging.name)}`;
    case 'uncertified':
      return 'waits for your organisation to confirm this device';
    case 'locked':
      return 'the workspace is locked: an admin can unlock it';
    case 'wiped':
      return 'the workspace is wiped: an admin has to unlock it (where an order has ended service, once the device is enrolled anew)';
    case 'denied':
      return `suspended by order ${messaging.orders.join(' and order ')}`;
  }
}
