/**
 * Every word of the page that is its own, in English; what stands around an order is in the reader's language (`reader.ts`). What people and orders
 * say is in their own languages and stands in none of these: it is set apart by `dir="auto"` wherever it is shown.
 */
import type { MessageState } from '../../api.ts';

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** `2.4 MB`; never more digits than mean something. */
export function bytes(size: number): string {
  if (size < 1000) return plural(size, 'byte');
  const [amount, unit] = size < 1_000_000 ? [size / 1000, 'kB'] : [size / 1_000_000, 'MB'];
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

export interface StateWords {
  readonly name: string;
  readonly meaning: string;
}

export const STATE_WORDS: Readonly<Record<MessageState, StateWords>> = {
  waiting: { name: 'Waiting', meaning: 'It is kept on this device and goes out as soon as there is a way.' },
  sent: { name: 'Sent', meaning: 'The server has it, sealed, and gives it to their devices.' },
  held: { name: 'Held', meaning: 'An order holds it back. It is delivered when the order ends.' },
  delivered: { name: 'Delivered', meaning: 'Everybody has it on a device of theirs.' },
  read: { name: 'Read', meaning: 'Everybody has read it.' },
  refused: {
    name: 'Refused',
    meaning: 'It has not been delivered and will not be: an order forbids it, or the server does not take it.',
  },
  returned: {
    name: 'Returned',
    meaning:
      'An order came, or the enrolment of their device ended, before it was fetched. It was deleted without being delivered.',
  },
  expired: { name: 'Expired', meaning: 'Nobody fetched it in time. It was deleted without being delivered.' },
};

export const WORDS = {
  title: 'Messages',
  product: 'Cordon',
  skip: 'Skip to the conversation',
  conversations: 'Conversations',
  loading: 'Loading',
  cancel: 'Cancel',
  close: 'Close',

  gate: {
    title: 'Open this page from this device',
    text: 'Your messages are for you alone, so this page opens only by a link that your own account asked for. Run this in a terminal, and follow the link:',
    command: 'npx cordon-agent open',
    opening: 'Opening your messages …',
    failed: 'This link does not work any more',
  },

  menu: {
    label: 'Menu',
    labelOf: (name: string) => `Menu of ${name}`,
    you: 'You',
    export: 'Save a copy of my data',
    exporting: 'Saving …',
    exportMeaning:
      'Everything that is kept on this device, files too, as text (JSON lines). It is not sealed: keep it well.',
    orders: 'Orders',
    dark: 'Dark colours',
    light: 'Light colours',
    leave: 'Close this page',
  },

  live: {
    gone: 'The agent on this device does not answer. When it runs again, open this page anew: npx cordon-agent open',
    offline: 'Not connected. What you write waits on this device.',
    stale: (since: string) =>
      `No newer order list has come since ${since}, though the server is there. Orders may have begun or ended that this device does not know of: tell your admin.`,
  },

  list: {
    search: 'Search people and messages',
    searching: 'Search',
    start: 'New conversation',
    unread: (count: number) => plural(count, 'unread message'),
    nobodyElse: 'Only you',
    you: 'You',
    left: 'You left',
    rejoining: 'Joining again',
    empty: 'No conversations yet',
    emptyText:
      'Write to somebody of your organisation. What you say is sealed for their devices; the server cannot read it.',
    matches: 'Conversations',
    found: 'Messages',
    nothing: 'Nothing found',
    nothingText: 'Search looks at names, titles and the words of messages that are kept on this device.',
    choose: 'Choose a conversation',
    chooseText: 'or begin one. Arrow keys move through the list.',
  },

  verified: {
    mark: 'Verified',
    meaning: (name: string) =>
      `Every device of ${name} in this conversation is countersigned by your organisation and stands in the public ledger.`,
    all: 'Every device in this conversation is countersigned by your organisation and stands in the public ledger.',
    not: 'Not verified',
    notText:
      'No device of theirs that your organisation has countersigned, and that stands in the public ledger, is in this conversation. They may be joining just now; if this stays, take nobody here for them, say nothing that matters, and tell your admin.',
  },

  start: {
    title: 'New conversation',
    people: 'People',
    placeholder: 'Type a name',
    none: 'Nobody of that name can be written to yet: their device has to be enrolled and countersigned.',
    name: 'What it is about',
    nameHint: 'Optional. Only those in the conversation see it.',
    submit: 'Begin',
    missing: 'Choose somebody to write to.',
  },

  details: {
    open: 'About this conversation',
    title: 'About this conversation',
    people: 'People',
    add: 'Add people',
    addSubmit: 'Add',
    addHint: 'They see what is said from now on, and nothing of before.',
    rename: 'What it is about',
    renameSubmit: 'Rename',
    leave: 'Leave …',
    leaveTitle: 'Leave this conversation?',
    leaveText: 'You get no more messages of it, and the others see that you left. What was said stays on this device.',
    leaveSubmit: 'Leave',
  },

  conversation: {
    name: 'Conversation',
    back: 'Back to the conversations',
    earlier: 'Show earlier messages',
    messages: (name: string) => `Messages with ${name}`,
    empty: 'Nothing has been said yet',
    emptyText: 'Write the first message below.',
    today: 'Today',
    yesterday: 'Yesterday',
    you: 'You',
    arrived: (name: string, text: string) => `${name}: ${text}`,
    arrivedElsewhere: (name: string) => `New message in ${name}`,
    gone: 'There is no such conversation',
    goneText: 'The address may be of another device.',
    toList: 'To the conversations',
    rejoining:
      'This device has lost its place here and has asked to be let in again. You can write when another device has let it in; if that does not happen, begin another conversation.',
    left: 'You have left this conversation. What was said stays here.',
    missed: 'Not delivered to everybody',
    missedOne: (state: string) => state.toLowerCase(),
    byOrder: (order: string) => `by order ${order}`,
    state: (state: string) => `State: ${state}`,
  },

  attachment: {
    save: 'Save',
    saveName: (name: string) => `Save ${name}`,
    remove: (name: string) => `Remove ${name}`,
    attached: 'To be sent with the message',
    only: (count: number) => plural(count, 'attachment'),
    picture: (name: string) => `Picture: ${name}`,
  },

  composer: {
    label: (name: string) => `Message to ${name}`,
    placeholder: 'Write a message',
    send: 'Send',
    attach: 'Attach files',
    hint: (largest: string, most: number) =>
      `Enter sends, Shift+Enter begins a line. Files: up to ${largest} each, ${most} a message.`,
    phoneHint: (largest: string) => `Files: up to ${largest} each.`,
    drop: 'Drop files to attach them',
    tooLarge: (name: string, largest: string) => `${name} is larger than ${largest}: it cannot be attached.`,
    tooMany: (most: number) => `At most ${most} files a message.`,
    tooLong: (most: number) => `A message has at most ${most.toLocaleString('en-GB')} characters.`,
    uploading: 'Attaching',
    uncertified: 'You can write as soon as your organisation has countersigned this device.',
  },

  states: {
    uncertified: 'This device is not countersigned yet',
    uncertifiedText:
      'Your organisation has to countersign this device before it can send and receive messages. That is done by a person, with a key that the server does not have. You need not do anything; if it takes longer than a day, ask your admin.',
    locked: 'Your workspace is locked',
    lockedText:
      'An admin has locked the workspace of this device. What was said is unreadable until it is unlocked, and what comes waits on the server. Ask your admin to unlock it.',
    wiped: 'Your workspace has been wiped',
    wipedText:
      'An admin has wiped the workspace of this device, and the messages with it. To use messages here again, an admin has to unlock the workspace: ask your admin. Enrolling the device anew does not do it.',
    wipedByOrderText:
      'An order has ended service here for good: it had the workspace of this device wiped, and the messages with it. To use messages here again, the device has to be enrolled, and an admin has to unlock the workspace: ask your admin for both.',
  },
} as const;
