/** Texts about the legal instrument, notices and publication of an order. The functions are pure. */
import { listed } from '../../../shared/areas/area-words.ts';
import { date, duration } from '../../../shared/look/time-words.ts';
import type { InstrumentDocument, OrderTerms } from '../../../shared/order/documents.ts';
import { MOMENT_NAMES } from '../words/notices.ts';
import { languageName } from './languages.ts';
import { durationOf, zonedTime } from './rule-words.ts';

export const PROVENANCE_WORDS: Readonly<Record<NonNullable<OrderTerms['provenance']>, string>> = {
  asserted: 'Asserted: only the legal instrument itself states which authority issued it.',
  confirmed: 'Confirmed: the authority has confirmed that it issued the legal instrument.',
  disputed: 'Disputed: a party denies that the authority issued the legal instrument.',
};

export function planWords({ noticePlan }: Pick<OrderTerms, 'noticePlan'>): string {
  if (noticePlan === undefined) return 'At each notice time that has not passed yet.';
  if (noticePlan.length === 0) return 'No notices in advance. Users learn of the order when it suspends a service.';
  return `${listed(noticePlan.map((moment) => MOMENT_NAMES[moment]))}.`.replace(/^./, (first) => first.toUpperCase());
}

const WITHHELD_TERMS = 'the public sees only the number, services and areas';

export function publicationWords({ publication, zone }: Pick<OrderTerms, 'publication' | 'zone'>): string {
  if (publication === undefined) return 'Public.';
  if ('law' in publication) return `Withheld by law: ${WITHHELD_TERMS}. Law: ${publication.law}`;
  return `Delayed: ${WITHHELD_TERMS} until ${zonedTime(Date.parse(publication.until), zone)}.`;
}

const KINDS: Readonly<Record<string, string>> = {
  'application/pdf': 'PDF',
  'image/jpeg': 'picture',
  'image/png': 'picture',
  'image/tiff': 'picture',
  'message/rfc822': 'e-mail',
  'text/plain': 'text',
  'application/octet-stream': 'file',
};

export const documentWords = ({ title, mediaType, bytes }: InstrumentDocument): string =>
  `${title} (${KINDS[mediaType] ?? mediaType}, ${sizeWords(bytes)})`;

function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export const INSTRUMENT_FACTS: readonly {
  readonly label: string;
  readonly textOf: (terms: OrderTerms) => string | null;
}[] = [
  // The date has no time of day. Parse it at noon, so that the page shows the same date in every time zone.
  { label: 'Received on', textOf: ({ receivedOn }) => (receivedOn ? date(Date.parse(`${receivedOn}T12:00`)) : null) },
  {
    label: 'Answer due by',
    textOf: ({ answerBy, zone }) => (answerBy ? zonedTime(Date.parse(answerBy), zone) : null),
  },
  { label: 'Provenance', textOf: ({ provenance }) => (provenance ? PROVENANCE_WORDS[provenance] : null) },
  {
    label: 'Authoritative language',
    textOf: ({ authoritativeLanguage: tag }) => (tag === undefined ? null : languageName(tag)),
  },
  { label: 'Response to', textOf: ({ answers }) => (answers ? `Order ${answers}` : null) },
  {
    label: 'Decision record',
    textOf: ({ internal }) =>
      internal
        ? `The server stores the record separately. The order contains its hash (SHA-256): ${internal.slice(0, 16)}…`
        : null,
  },
  {
    label: 'Export window',
    textOf: ({ exportWindow }) =>
      exportWindow ? `${duration(durationOf(exportWindow))} from the effective time.` : null,
  },
  { label: 'User notices', textOf: planWords },
  { label: 'Publication', textOf: publicationWords },
];
