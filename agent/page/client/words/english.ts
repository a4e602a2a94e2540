/**
 * English texts of the device page. Texts about orders and mail are in the reader's language (`notice-words.ts`, `mail/mail-words.ts`).
 * Texts from people and orders keep their own language and direction (`dir="auto"`).
 */
import type { MessageState } from '../../api.ts';

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Returns a file size in words, such as `2.4 MB` or `24 MB`. */
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
  waiting: { name: 'Pending', meaning: 'This device sends the message when it connects to the server.' },
  sent: {
    name: 'Sent',
    meaning: 'The server has the message and delivers it to the devices of the recipients.',
  },
  held: {
    name: 'Held',
    meaning: 'An order suspends messaging. The server keeps the message and delivers it when the order ends.',
  },
  delivered: { name: 'Delivered', meaning: 'All recipients have the message on at least one device.' },
  read: { name: 'Read', meaning: 'All recipients have read the message.' },
  refused: {
    name: 'Refused',
    meaning:
      'The server refused the message, for example because of an order. The recipients do not receive the message.',
  },
  returned: {
    name: 'Returned',
    meaning:
      'An order started, or the recipient’s device was removed, before the recipient received the message. The server deleted the message.',
  },
  expired: {
    name: 'Expired',
    meaning: 'The recipient did not receive the message in time. The server deleted the message.',
  },
};

export const WORDS = {
  title: 'Messages',
  product: 'Cordon',
  skip: 'Skip to the conversation',
  areas: 'Areas',
  conversations: 'Conversations',
  cancel: 'Cancel',
  close: 'Close',

  gate: {
    title: 'Link required',
    text: 'Only you may read your messages, so this page opens only with a link that your user account on this device creates. Run this command in a terminal, and open the link that it prints:',
    command: 'npx cordon-agent open',
    failed: 'This link is no longer valid',
  },

  menu: {
    label: 'Menu',
    labelOf: (name: string) => `Menu of ${name}`,
    you: 'You',
    device: 'This device',
    export: 'Export my data',
    exporting: 'Exporting…',
    exportMeaning:
      'The export contains all messages and files on this device as readable text (JSON lines). Store the export in a safe place.',
    orders: 'Orders',
    dark: 'Use dark theme',
    light: 'Use light theme',
    leave: 'Close page',
  },

  adminMessages: {
    one: 'Message from your admin',
    title: 'Messages from your admin',
    none: 'No messages. Messages that your admin sends to this device appear here.',
  },

  privacy: {
    title: 'What this device reports',
    more: 'Your organization now collects more',
    lead: 'The agent reports these sections about the device to your organization, and no others. The command “cordon-agent privacy” shows every value.',
    since: (time: string) => `On since ${time}.`,
    lostMode:
      'The agent sends coordinates only in lost mode. This page then shows lost mode at the top, and you can end it there.',
    unchanged: 'Your organization has not changed this list since the enrollment.',
    changed: (time: string) => `Your organization changed this list last on ${time}.`,
    states: {
      reported: 'Reported.',
      answers: 'Answered when an admin asks.',
      waiting: 'Reported after the next connection.',
      off: 'Switched off by your organization.',
      'not-displayed': 'Reported from now on, because this page has shown it to you.',
      unsupported: 'Not available on this device.',
      failed: 'Could not be read.',
    },
  },

  live: {
    gone: 'The Cordon agent on this device does not respond. Start the agent, then open this page again: npx cordon-agent open',
    offline: 'This device is not connected to the server. It sends your messages when it connects.',
    unrestored:
      'The server was restored from a backup that does not contain this device. An admin must readmit the device before it can connect. Tell your admin. Your messages stay on this device until then.',
    stale: (since: string) =>
      `The list of orders on this device expired ${since}, although the server responds. This device may not know about new or ended orders. Tell your admin.`,
  },

  list: {
    search: 'Search people and messages',
    searching: 'Search',
    start: 'Start conversation',
    unread: (count: number) => plural(count, 'unread message'),
    nobodyElse: 'Only you',
    you: 'You',
    left: 'You left',
    rejoining: 'Rejoining',
    empty: 'No conversations',
    emptyText:
      'Start a conversation with a person in your organization. Only the recipients’ devices can decrypt your messages. The server cannot read them.',
    matches: 'Conversations',
    found: 'Messages',
    nothing: 'No results',
    nothingText: 'The search covers names, titles and messages on this device. Try other words.',
    choose: 'No conversation selected',
    chooseText: 'Select a conversation in the list, or start one. Arrow keys move through the list.',
  },

  verified: {
    mark: 'Verified',
    meaning: (name: string) =>
      `Your organization has verified all devices of ${name} in this conversation. The public ledger lists these devices.`,
    all: 'Your organization has verified all devices in this conversation. The public ledger lists these devices.',
    not: 'Not verified',
    notText:
      'This person has no verified device in this conversation. The person may still be joining. If this warning stays, do not trust messages under this name. Send nothing confidential, and tell your admin.',
  },

  start: {
    title: 'New conversation',
    people: 'People',
    placeholder: 'Type a name',
    none: 'No person found. A person needs an enrolled and verified device to receive messages.',
    name: 'Title',
    nameHint: 'Optional. Only the people in the conversation can see the title.',
    submit: 'Start conversation',
    missing: 'The recipient is missing. Select at least one person.',
  },

  details: {
    open: 'Conversation details',
    title: 'Conversation details',
    people: 'People',
    add: 'Add people',
    addSubmit: 'Add people',
    addHint: 'New people see only messages that are sent after they join.',
    rename: 'Title',
    renameSubmit: 'Rename conversation',
    leave: 'Leave conversation…',
    leaveTitle: 'Leave conversation',
    leaveText:
      'You receive no more messages from this conversation, and the other people see that you left. Earlier messages stay on this device.',
    leaveSubmit: 'Leave conversation',
  },

  conversation: {
    name: 'Conversation',
    back: 'Back to the conversations',
    earlier: 'Show earlier messages',
    messages: (name: string) => `Messages with ${name}`,
    empty: 'No messages',
    emptyText: 'Write the first message below.',
    today: 'Today',
    yesterday: 'Yesterday',
    you: 'You',
    arrived: (name: string, text: string) => `${name}: ${text}`,
    gone: 'Conversation not found',
    goneText:
      'The address of this page may belong to a conversation on another device. Select a conversation in the list.',
    rejoining:
      'This device lost access to this conversation and asked to join again. You can write again after another device in the conversation accepts this device. If you wait for long, start another conversation.',
    left: 'You left this conversation. Earlier messages stay on this device.',
    missed: 'Recipients who have not received this message',
    missedOne: (state: string) => state.toLowerCase(),
    byOrder: (order: string) => `because of order ${order}`,
  },

  attachment: {
    save: 'Save file',
    saveName: (name: string) => `Save file ${name}`,
    remove: (name: string) => `Remove file ${name}`,
    attached: 'Files to send',
    only: (count: number) => plural(count, 'attachment'),
    picture: (name: string) => `Picture: ${name}`,
  },

  composer: {
    label: (name: string) => `Message to ${name}`,
    placeholder: 'Write a message',
    send: 'Send message',
    attach: 'Attach files',
    hint: (largest: string, most: number) =>
      `Press Enter to send, or Shift+Enter to start a new line. Files: up to ${largest} each, ${most} per message.`,
    phoneHint: (largest: string) => `Files: up to ${largest} each.`,
    drop: 'Drop files to attach them',
    tooLarge: (name: string, largest: string) =>
      `${name} is larger than ${largest} and cannot be attached. Choose a smaller file.`,
    tooMany: (most: number) => `A message can have at most ${most} files. Send the other files in another message.`,
    tooLong: (most: number) =>
      `A message can have at most ${most.toLocaleString('en-GB')} characters. Shorten the text.`,
    uploading: 'Uploading files',
    uncertified: 'You can write after your organization has verified this device.',
  },

  states: {
    uncertified: 'Device not verified yet',
    uncertifiedText:
      'Your organization must verify this device before it can send and receive messages. An admin does this by hand, with a key that is not on the server. If this takes longer than a day, ask your admin.',
    locked: 'Workspace locked',
    lockedText:
      'An admin locked the workspace of this device. You cannot read messages until an admin unlocks it. New messages wait on the server. Ask your admin to unlock the workspace.',
    wiped: 'Workspace wiped',
    wipedText:
      'An admin wiped the workspace of this device, including your messages. To use messages here again, ask your admin to unlock the workspace. The device then creates a new, empty workspace. A new enrollment of the device is not enough.',
    wipedByOrderText:
      'An order wiped the workspace of this device, including your messages. To use messages here again, ask your admin to enroll the device and to unlock the workspace.',
  },
} as const;
