/** What an exit has destroyed, by which rule, and what is kept and why: the same words in a pack, a console and a terminal. */
import type { Destroyed, ExitOutcome } from './destruction.ts';

const bytes = (size: number): string =>
  size < 1_000
    ? `${size} bytes`
    : size < 1_000_000
      ? `${Math.ceil(size / 1_000)} kB`
      : `${Math.ceil(size / 1_000_000)} MB`;

/** What went, by which rule. */
export function destroyedWords(gone: Destroyed): readonly { readonly what: string; readonly rule: string }[] {
  return [
    {
      what: `${gone.certificates} certificates`,
      rule: 'The enrolment has ended: they are revoked (RFC 5280, reason 5, cessation of operation).',
    },
    {
      what: `${gone.messages} sealed messages that waited (${bytes(gone.messageBytes)})`,
      rule: 'Nobody is left to open them: they are deleted, and whoever sent them is told that they came back.',
    },
    { what: `${gone.keyPackages} key packages`, rule: 'Nobody can write to a device that is gone.' },
    {
      what: `${gone.attachments} sealed attachments (${bytes(gone.attachmentBytes)})`,
      rule: 'They were handed in by the device, and their keys are wiped with it.',
    },
    { what: `${gone.inventories} inventories`, rule: 'There is no device to describe.' },
    { what: `${gone.commands} commands`, rule: 'They waited for a device that will not come: cancelled.' },
  ];
}

/** What is kept of these devices, and why. */
export const KEPT: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: 'The device’s receipts, and the certificates of the keys that signed them',
    why: 'They prove that it was told, and that it says it wiped itself.',
  },
  { what: 'The ledger’s leaves', why: 'What is logged stays; they hold no name.' },
  {
    what: 'The device’s id, and for whom it was enrolled',
    why: 'A court may ask whose it was; only admins see it, and it is in no pack.',
  },
  {
    what: 'The evidence of where it was',
    why: 'Its verdicts are explained by it; it goes when its own time of keeping is over.',
  },
  {
    what: 'Everything of a device under a legal hold',
    why: 'The hold forbids it, until whoever placed it releases it.',
  },
];

/** Of devices that the order denies service, and that are not ended. */
export const REMAINING = [
  { field: 'held', words: 'are kept by a legal hold' },
  {
    field: 'waiting',
    words: 'have not carried it out yet: they have time of their own to export, or are in doubt about where they are',
  },
  { field: 'unheard', words: 'have not answered yet' },
] as const;

export const OUTCOME_WORDS: Readonly<Record<ExitOutcome, string>> = {
  wiped: 'say, signed by their own keys, that they wiped the work data on them',
  silent: 'never answered: their enrolment is ended, and what is on them is not known to be gone',
};
