/** Changes between two revisions in words, for approvers and for the history. The functions are pure. */

import { areaName, listed, sentence } from '../../../shared/areas/area-words.ts';
import { polygonWords } from '../../../shared/order/describe-revision.ts';
import type { InstrumentDocument, OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { DEFAULT_WAITING } from '../../../shared/verdict/terms.ts';
import { MODE_NAMES, NEXUS_NAMES, SERVICE_NAMES } from '../words/orders.ts';
import { disputedName } from '../words/territories.ts';
import { documentWords, INSTRUMENT_FACTS } from './instrument-words.ts';
import { languageName } from './languages.ts';
import {
  CONTESTED_WORDS,
  exemptWords,
  graceWords,
  STALE_WORDS,
  TRAVELERS_WORDS,
  UNKNOWN_WORDS,
  WAITING_WORDS,
  zonedTime,
} from './rule-words.ts';

export interface Difference {
  readonly label: string;
  readonly before: string | null;
  readonly after: string | null;
}

type Document = Pick<Revision, 'status' | 'terms' | 'exempt'>;

const STATUS_WORDS = { active: 'Active', paused: 'Paused', withdrawn: 'Withdrawn' } as const;

const WORDS: readonly { readonly label: string; readonly say: (terms: OrderTerms) => string | null }[] = [
  { label: 'Title', say: ({ title }) => title },
  { label: 'Takes effect', say: ({ effective, zone }) => zonedTime(Date.parse(effective), zone) },
  {
    label: 'Ends',
    say: ({ until, zone }) => (until === null ? 'On withdrawal' : zonedTime(Date.parse(until), zone)),
  },
  { label: 'Mode', say: ({ mode }) => MODE_NAMES[mode] },
  { label: 'Devices with unknown location', say: ({ unknown }) => UNKNOWN_WORDS[unknown] },
  { label: 'Devices with contested location', say: ({ contested }) => CONTESTED_WORDS[contested] },
  { label: 'Travelers', say: ({ travelers }) => TRAVELERS_WORDS[travelers] },
  { label: 'Undelivered messages', say: ({ waiting }) => WAITING_WORDS[waiting ?? DEFAULT_WAITING] },
  { label: 'Grace period for visitors', say: ({ visitors }) => graceWords(visitors) },
  { label: 'Devices with expired order list', say: ({ stale }) => STALE_WORDS[stale] },
  { label: 'Disputed territories', say: ({ disputed }) => territoryWords(disputed) },
  { label: 'Authority', say: ({ authority }) => authority },
  { label: 'Addressee', say: ({ addressee }) => addressee },
  { label: 'Instrument', say: ({ instrument }) => instrument },
  { label: 'Appeal contact', say: ({ appeal }) => appeal },
  ...INSTRUMENT_FACTS,
];

function territoryWords(disputed: OrderTerms['disputed']): string | null {
  const territories = Object.entries(disputed).map(
    ([feature, area]) => `${disputedName(feature)} as ${areaName(area)}`,
  );
  return territories.length > 0 ? territories.join('; ') : null;
}

function members<T extends string>(
  label: string,
  before: readonly T[],
  after: readonly T[],
  say: (member: T) => string,
): Difference[] {
  const gone = before.filter((member) => !after.includes(member)).map(say);
  const come = after.filter((member) => !before.includes(member)).map(say);
  if (gone.length === 0 && come.length === 0) return [];
  return [{ label, before: gone.length > 0 ? listed(gone) : null, after: come.length > 0 ? listed(come) : null }];
}

/** An exemption with a new end appears as one removed and one added exemption. */
function exemptions(before: Revision['exempt'], after: Revision['exempt'], zone: string): Difference[] {
  const keyOf = ({ commitment, until }: Revision['exempt'][number]) => `${commitment} ${until}`;
  const without = (some: Revision['exempt'], others: Revision['exempt']) => {
    const there = new Set(others.map(keyOf));
    return some.filter((one) => !there.has(keyOf(one)));
  };
  const [gone, come] = [without(before, after), without(after, before)];
  if (gone.length === 0 && come.length === 0) return [];
  const words = (some: Revision['exempt']) => (some.length > 0 ? exemptWords(some, zone) : null);
  return [{ label: 'Exempt devices', before: words(gone), after: words(come) }];
}

function words(what: string, before: OrderTerms['statement'], after: OrderTerms['statement']): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((language) => {
    const [old, now] = [before[language] ?? null, after[language] ?? null];
    return old === now ? [] : [{ label: `${what} in ${languageName(language)}`, before: old, after: now }];
  });
}

/** Compares documents by title and hash, because different documents can have equal titles. */
function documents(before: readonly InstrumentDocument[], after: readonly InstrumentDocument[]): Difference[] {
  const said = (all: readonly InstrumentDocument[]) =>
    all.map((document) => `${documentWords(document)}, SHA-256 ${document.sha256.slice(0, 16)}…`);
  return members('Documents', said(before), said(after), (document) => document);
}

/** A named area can change although its code stays the same, because a new version of the area can have other members or borders. */
function meanings({ groups = {}, polygons = {} }: OrderTerms): string[] {
  return [
    ...Object.entries(groups).map(([code, all]) => `${areaName(code)}: ${all.join(', ')}`),
    ...Object.entries(polygons).map(([code, polygon]) => `${areaName(code)}: ${polygonWords(polygon)}`),
  ];
}

export function differences(before: Document, after: Document): Difference[] {
  const [old, now] = [before.terms, after.terms];
  return [
    ...(before.status === after.status
      ? []
      : [{ label: 'State', before: STATUS_WORDS[before.status], after: STATUS_WORDS[after.status] }]),
    ...members('Areas', old.areas, now.areas, areaName),
    ...members('Meaning of the areas', meanings(old), meanings(now), (meaning) => meaning),
    ...members('Services', old.services, now.services, (service) => SERVICE_NAMES[service]),
    ...members('Connection (nexus)', old.nexus, now.nexus, (nexus) => sentence(NEXUS_NAMES[nexus])),
    ...WORDS.flatMap(({ label, say }) => {
      const [was, is] = [say(old), say(now)];
      return was === is ? [] : [{ label, before: was, after: is }];
    }),
    ...exemptions(before.exempt, after.exempt, now.zone),
    ...documents(old.documents ?? [], now.documents ?? []),
    ...words('Statement', old.statement, now.statement),
    ...words('Notice to users', old.notice ?? {}, now.notice ?? {}),
  ];
}
