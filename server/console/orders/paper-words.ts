/** What came with an order's instrument, and how the order is made known, in words: for its page, and for what a revision changes. Pure. */
import { listed } from '../../../shared/areas/area-words.ts';
import { date, duration } from '../../../shared/look/time-words.ts';
import type { InstrumentDocument, OrderTerms } from '../../../shared/order/documents.ts';
import { MOMENT_NAMES } from '../words/notices.ts';
import { durationOf, zonedTime } from './rule-words.ts';

export const PROVENANCE_WORDS: Readonly<Record<NonNullable<OrderTerms['provenance']>, string>> = {
  asserted: 'Asserted: the instrument says so itself.',
  confirmed: 'Confirmed by whom it names.',
  disputed: 'Disputed: somebody denies it.',
};

export function planWords({ noticePlan }: Pick<OrderTerms, 'noticePlan'>): string {
  if (noticePlan === undefined) return 'At every moment that still lies ahead.';
  if (noticePlan.length === 0) return 'Only when something is denied to them.';
  return `${listed(noticePlan.map((moment) => MOMENT_NAMES[moment]))}.`.replace(/^./, (first) => first.toUpperCase());
}

const KEPT = 'its number, services and areas alone are public';

export function publicationWords({ publication, zone }: Pick<OrderTerms, 'publication' | 'zone'>): string {
  if (publication === undefined) return 'Public.';
  if ('law' in publication) return `Withheld: ${KEPT}, by law: ${publication.law}`;
  return `Delayed: ${KEPT} until ${zonedTime(Date.parse(publication.until), zone)}.`;
}

/** Those that instruments come as; any other is named by its media type. */
const KINDS: Readonly<Record<string, string>> = {
  'application/pdf': 'PDF',
  'image/jpeg': 'picture',
  'image/png': 'picture',
  'image/tiff': 'picture',
  'message/rfc822': 'e-mail',
  'text/plain': 'text',
  'application/octet-stream': 'file',
};

/** `Letter of July (PDF, 12 kB)`. */
export const documentWords = ({ title, mediaType, bytes }: InstrumentDocument): string =>
  `${title} (${KINDS[mediaType] ?? mediaType}, ${sizeWords(bytes)})`;

function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Null: nothing is said. In the order in which one reads them. Documents, notices and statements are lists of their own. */
export const PAPERS: readonly { readonly label: string; readonly say: (terms: OrderTerms) => string | null }[] = [
  // Noon: the same day in the reader's zone, wherever that is.
  { label: 'Received on', say: ({ receivedOn }) => (receivedOn ? date(Date.parse(`${receivedOn}T12:00`)) : null) },
  {
    label: 'To be answered by',
    say: ({ answerBy, zone }) => (answerBy ? zonedTime(Date.parse(answerBy), zone) : null),
  },
  { label: 'Provenance', say: ({ provenance }) => (provenance ? PROVENANCE_WORDS[provenance] : null) },
  { label: 'Answers', say: ({ answers }) => (answers ? `Order ${answers}` : null) },
  {
    label: 'Decision record',
    say: ({ internal }) => (internal ? `Kept apart; the order commits to it: ${internal.slice(0, 16)}…` : null),
  },
  {
    label: 'Export window',
    say: ({ exportWindow }) => (exportWindow ? `${duration(durationOf(exportWindow))} from the effective time.` : null),
  },
  { label: 'People are told', say: planWords },
  { label: 'Publication', say: publicationWords },
];
