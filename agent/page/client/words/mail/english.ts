/** English texts of the mail pages. They define which texts each other language must have (`mail-texts.ts`). */
import type { WaitingRule } from '../../../../../shared/verdict/terms.ts';
import type { MailFolder, MailItem, MailStatus } from '../../../mail-api.ts';

type MailState = NonNullable<MailItem['delivery']>['state'];
interface Titled {
  readonly title: string;
  readonly text: string;
}
interface StateWords {
  readonly name: string;
  readonly meaning: string;
}

export const ENGLISH = {
  state: {
    waiting: { name: 'Pending', meaning: 'This device sends the mail when it connects to the server.' },
    sent: {
      name: 'Sent',
      meaning: 'The server has the mail and delivers it to the mail connector of your organization.',
    },
    held: {
      name: 'Held',
      meaning: 'An order suspends mail. The server keeps the mail and delivers it when the order ends.',
    },
    delivered: {
      name: 'Delivered',
      meaning: 'The mail connector passes the mail to the mail server of your organization.',
    },
    returned: {
      name: 'Returned',
      meaning: 'An order suspends mail, so the mail was returned to you. The recipients do not get it.',
    },
    expired: {
      name: 'Expired',
      meaning: 'The mail connector did not fetch the mail in time. The recipients do not get it.',
    },
    failed: { name: 'Failed', meaning: 'The mail cannot be sent. The recipients do not get it.' },
  } satisfies Record<MailState, StateWords>,
  title: 'Mail',
  folders: 'Mail folders',
  folder: { inbox: 'Inbox', sent: 'Sent', drafts: 'Drafts' } satisfies Record<MailFolder, string>,
  write: 'Write mail',
  search: 'Search mail',
  searching: 'Search',
  found: 'Search results',
  nothing: 'No results',
  nothingText: 'The search covers subjects, people and texts of the mail on this device. Try other words.',
  incomplete: 'The list contains only the newest results. Add words to the search to find older mail.',
  older: 'Show older mail',
  unread: (count: number) => `${count} unread ${count === 1 ? 'mail' : 'mails'}`,
  isUnread: 'Unread',
  noSubject: '(no subject)',
  noRecipient: '(no recipient)',
  unknownSender: '(no sender)',
  filesOf: (count: number) => `${count} ${count === 1 ? 'file' : 'files'}`,
  empty: {
    inbox: {
      title: 'No mail',
      text: "New mail to you appears here. Mail is encrypted between your organization's mail connector and your devices. The Cordon server cannot read it.",
    },
    sent: { title: 'No sent mail', text: 'Mail that you send appears here on each of your devices.' },
    drafts: {
      title: 'No drafts',
      text: 'Mail that you have not sent yet appears here. The page saves drafts automatically.',
    },
  } satisfies Record<MailFolder, Titled>,
  choose: 'No mail selected',
  chooseText: 'Select a mail in the list, or write one. Arrow keys move through the list.',
  back: 'Back to the list',
  cancel: 'Cancel',
  close: 'Close',
  skip: 'Skip to the mail',

  reader: {
    label: 'Mail',
    from: 'From',
    to: 'To',
    cc: 'Cc',
    bcc: 'Bcc',
    date: 'Date',
    reply: 'Reply',
    replyAll: 'Reply to all',
    forward: 'Forward',
    remove: 'Delete',
    markUnread: 'Mark as unread',
    saveSource: 'Save original',
    stillUnread: 'The mail stays unread, because this device could not mark it as read.',
    markRead: 'Mark as read',
    removeTitle: 'Delete mail',
    removeText: 'This device deletes the mail with its files. You cannot undo this. Copies on your other devices stay.',
    removeSubmit: 'Delete mail',
    removeDraftTitle: 'Delete draft',
    removeDraftText: 'This device deletes the draft with its files. You cannot undo this.',
    removeDraftSubmit: 'Delete draft',
    text: 'Text of the mail',
    blocked:
      'The page did not load content from the internet, because loading it would tell the sender that you read the mail.',
    shortened: 'The mail is too long for this page. Save the original to read the rest.',
    files: 'Files',
    saveFile: 'Save file',
    problem: 'The mail cannot be displayed',
    asText: 'Show as plain text',
    asHtml: 'Show with formatting',
  },

  editor: {
    label: 'Draft',
    to: 'To',
    toHint: 'Separate several addresses with commas.',
    cc: 'Cc',
    bcc: 'Bcc',
    subject: 'Subject',
    text: 'Text',
    send: 'Send mail',
    sending: 'Sending mail',
    attach: 'Attach files',
    attached: 'Files of the draft',
    removeFile: (name: string) => `Remove file ${name}`,
    remove: 'Delete draft',
    saved: 'Draft saved on this device.',
    saving: 'Saving the draft…',
    unsaved: 'The draft could not be saved. The page tries again when you change it.',
    uploading: 'Adding files to the draft',
    tooLarge: (largest: string) => `The files of a mail have at most ${largest} together. Choose smaller files.`,
    limit: (largest: string) => `Files: up to ${largest} together.`,
    suspended: 'You cannot send mail while the order above is active. The page saves your drafts.',
    from: (address: string) => `From ${address}`,
  },

  banner: {
    title: 'Mail is suspended on this device',
    noDocuments: 'This device has no order list yet. Connect the device to the network to send and receive mail.',
    kept: 'You can still read the mail on this device and write drafts. The order gives nobody access to your mail.',
    waiting: 'Mail to you',
    waitingIs: {
      hold: 'The server keeps mail to you, encrypted, and delivers it when the order ends.',
      deliver:
        'You still receive mail that was sent before the order. The server keeps new mail, encrypted, and delivers it when the order ends.',
      return: 'The sender gets the mail back with a note that names the order and the contact for an appeal.',
    } satisfies Record<WaitingRule, string>,
  },

  states: {
    'no-connector': {
      title: 'Mail is not set up',
      text: 'Your organization has no mail connector, so mail to you does not arrive and mail that you send waits on this device. Ask your admin to set up a mail connector.',
    },
    'no-address': {
      title: 'No e-mail address',
      text: 'The certificate of this device contains no e-mail address, so you cannot send or receive mail. Ask your admin to add your address, and enroll the device again.',
    },
    uncertified: {
      title: 'Device not verified yet',
      text: 'Your organization must verify this device before it can send and receive mail. If this takes longer than a day, ask your admin.',
    },
    locked: {
      title: 'Workspace locked',
      text: 'An admin locked the workspace of this device. You cannot read mail until an admin unlocks it. New mail waits on the server. Ask your admin to unlock the workspace.',
    },
    wiped: {
      title: 'Workspace wiped',
      text: 'The workspace of this device was wiped, including your mail. Ask your admin to unlock the workspace. If an order wiped the workspace, enroll the device again first with a new activation code.',
    },
  } satisfies Partial<Record<MailStatus['state'], Titled>>,

  programs: {
    title: 'Other mail programs',
    intro: 'Mail programs on this device, such as Thunderbird or neomutt, can send and read your mail.',
    plainText:
      'Your mail is then in plain text on the disk of this device, and every program of your user account can read it. Use disk encryption. A lock or a wipe of the workspace removes this copy.',
    notAllowed: 'Your organization does not allow other mail programs on this device. Ask your admin.',
    off: 'Switched off',
    on: 'Switched on',
    port: 'Port for outgoing mail',
    portHint: 'A number from 1 to 65535 that no other program on this device uses.',
    switchOn: 'Switch on mail programs',
    switchOff: 'Switch off mail programs',
    switchOffText:
      'The port is closed, the password becomes invalid, and this device deletes the copy of your mail. Drafts and folders that a mail program keeps in this copy are deleted too.',
    setUp: 'Settings for your mail program',
    outgoing: 'Outgoing mail',
    outgoingIs: (port: string) => `SMTP on localhost, port ${port}, without TLS, with user name and password`,
    closed: 'The port is closed at present.',
    user: 'User name',
    password: 'Password',
    once: 'Copy the password now. It is shown only once.',
    hidden: 'The password was shown only once. If you do not have it any more, create a new one.',
    newPassword: 'Create new password',
    newPasswordText: 'Mail programs with the present password must get the new one.',
    copy: 'Copy password',
    copied: 'Password copied',
    copyFailed: 'Copying failed. Select the password and copy it.',
    incoming: 'Incoming mail (Maildir)',
    dovecot:
      'A program that reads only IMAP needs Dovecot 2.4 on this device. The example of its configuration file says which values to replace. IMAP then has the same user name and password.',
    dovecotSave: 'Save Dovecot configuration',
    problem: 'Problem',
  },
} as const;
