/**
 * Texts about the data that an order's wipe (exit) destroys and the data that remains, for evidence packs, the console and the command
 * line.
 */
import type { Destroyed, ExitOutcome } from './destruction.ts';

const bytes = (size: number): string =>
  size < 1_000
    ? `${size} bytes`
    : size < 1_000_000
      ? `${Math.ceil(size / 1_000)} kB`
      : `${Math.ceil(size / 1_000_000)} MB`;

export function destroyedWords(destroyed: Destroyed): readonly { readonly what: string; readonly rule: string }[] {
  return [
    {
      what: `${destroyed.certificates} certificates`,
      rule: 'The enrollment has ended, so the server revoked the certificates (RFC 5280, reason 5, cessation of operation).',
    },
    {
      what: `${destroyed.messages} sealed messages that waited (${bytes(destroyed.messageBytes)})`,
      rule: 'No device can decrypt these messages any more. The server deleted the messages, and informed their senders that the messages were not delivered.',
    },
    {
      what: `${destroyed.keyPackages} key packages`,
      rule: 'Without key packages, the device cannot join any more conversations.',
    },
    {
      what: `${destroyed.attachments} sealed attachments (${bytes(destroyed.attachmentBytes)})`,
      rule: 'The device uploaded the attachments, and the wipe destroys their keys.',
    },
    {
      what: `${destroyed.mails} sealed mails that waited (${bytes(destroyed.mailBytes)})`,
      rule: 'No device can decrypt these mails any more. The server deleted the mails, and informed their senders that the mails were not delivered.',
    },
    {
      what: `${destroyed.mailEvents} events about sent mails`,
      rule: 'The events waited for the device, which is no longer enrolled.',
    },
    {
      what: `${destroyed.mailPieces} encrypted pieces of unsent mails (${bytes(destroyed.mailPieceBytes)})`,
      rule: 'The device uploaded the pieces, and the wipe destroys their keys.',
    },
    {
      what: `${destroyed.mailKeys} mail keys`,
      rule: 'Without its mail key, the device cannot receive mail any more.',
    },
    { what: `${destroyed.inventories} inventories`, rule: 'The device is no longer enrolled.' },
    {
      what: `${destroyed.copies} logs, fetched files and outputs of scripts (${bytes(destroyed.copyBytes)})`,
      rule: 'The device had sent these data for its admins.',
    },
    { what: `${destroyed.commands} commands`, rule: 'The commands waited for the device. The server canceled them.' },
  ];
}

export const REMAINING_DATA: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: 'The device’s receipts, and the certificates of the keys that signed them',
    why: 'The receipts prove that the device received the order and wiped its work data.',
  },
  { what: 'The ledger entries', why: 'The ledger is append-only. Its entries contain no names.' },
  {
    what: 'The identifier and the user of the device',
    why: 'If a court asks, these data show which device signed a receipt and which user had the device. Only admins can read these data, and no evidence pack contains them.',
  },
  {
    what: 'The evidence of the device’s locations',
    why: 'The evidence explains the decisions about the device. The server deletes the evidence after its retention time.',
  },
  {
    what: 'Sealed mails that the device sent and that wait for other devices',
    why: 'The mails belong to their recipients, whose devices alone can decrypt them.',
  },
  {
    what: 'The results of the mails that the device sent',
    why: 'They name the recipients’ devices and contain no text. The server deletes them after 30 days.',
  },
  {
    what: 'All data of a device under a legal hold',
    why: 'The legal hold forbids deletion until an admin releases it.',
  },
];

export const REMAINING_DEVICES = [
  { field: 'held', words: 'are under a legal hold' },
  {
    field: 'waiting',
    words: 'have not wiped yet: their export window has not ended, or their location is uncertain',
  },
  { field: 'unanswered', words: 'have not responded yet' },
] as const;

export const OUTCOME_WORDS: Readonly<Record<ExitOutcome, string>> = {
  wiped: 'signed that they wiped their work data',
  silent: 'never responded: their enrollment has ended, and their work data may still exist',
};
