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

const TERM_TEXTS: readonly { readonly label: string; readonly textOf: (terms: OrderTerms) => string | null }[] = [
  { label: 'Title', textOf: ({ title }) => title },
  { label: 'Takes effect', textOf: ({ effective, zone }) => zonedTime(Date.parse(effective), zone) },
  {
    label: 'Ends',
    textOf: ({ until, zone }) => (until === null ? 'On withdrawal' : zonedTime(Date.parse(until), zone)),
  },
  { label: 'Mode', textOf: ({ mode }) => MODE_NAMES[mode] },
  { label: 'Devices with unknown location', textOf: ({ unknown }) => UNKNOWN_WORDS[unknown] },
  { label: 'Devices with contested location', textOf: ({ contested }) => CONTESTED_WORDS[contested] },
  { label: 'Travelers', textOf: ({ travelers }) => TRAVELERS_WORDS[travelers] },
  { label: 'Undelivered messages and mail', textOf: ({ waiting }) => WAITING_WORDS[waiting ?? DEFAULT_WAITING] },
  { label: 'Grace period for visitors', textOf: ({ visitors }) => graceWords(visitors) },
  { label: 'Devices with expired order list', textOf: ({ stale }) => STALE_WORDS[stale] },
  { label: 'Disputed territories', textOf: ({ disputed }) => territoryWords(disputed) },
  { label: 'Authority', textOf: ({ authority }) => authority },
  { label: 'Addressee', textOf: ({ addressee }) => addressee },
  { label: 'Instrument', textOf: ({ instrument }) => instrument },
  { label: 'Appeal contact', textOf: ({ appeal }) => appeal },
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
  textOf: (member: T) => string,
): Difference[] {
  const removed = before.filter((member) => !after.includes(member)).map(textOf);
  const added = after.filter((member) => !before.includes(member)).map(textOf);
  if (removed.length === 0 && added.length === 0) return [];
  return [
    { label, before: removed.length > 0 ? listed(removed) : null, after: added.length > 0 ? listed(added) : null },
  ];
}

/** An exemption with a new end appears as one removed and one added exemption. */
function exemptions(before: Revision['exempt'], after: Revision['exempt'], zone: string): Difference[] {
  const keyOf = ({ commitment, until }: Revision['exempt'][number]) => `${commitment} ${until}`;
  const without = (some: Revision['exempt'], others: Revision['exempt']) => {
    const there = new Set(others.map(keyOf));
    return some.filter((one) => !there.has(keyOf(one)));
  };
  const [removed, added] = [without(before, after), without(after, before)];
  if (removed.length === 0 && added.length === 0) return [];
  const textOf = (some: Revision['exempt']) => (some.length > 0 ? exemptWords(some, zone) : null);
  return [{ label: 'Exempt devices', before: textOf(removed), after: textOf(added) }];
}

function texts(label: string, before: OrderTerms['statement'], after: OrderTerms['statement']): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((language) => {
    const [old, now] = [before[language] ?? null, after[language] ?? null];
    return old === now ? [] : [{ label: `${label} in ${languageName(language)}`, before: old, after: now }];
  });
}

/** Compares documents by title and hash, because different documents can have equal titles. */
function documents(before: readonly InstrumentDocument[], after: readonly InstrumentDocument[]): Difference[] {
  const names = (all: readonly InstrumentDocument[]) =>
    all.map((document) => `${documentWords(document)}, SHA-256 ${document.sha256.slice(0, 16)}…`);
  return members('Documents', names(before), names(after), (document) => document);
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
    ...TERM_TEXTS.flatMap(({ label, textOf }) => {
      const [was, is] = [textOf(old), textOf(now)];
      return was === is ? [] : [{ label, before: was, after: is }];
    }),
    ...exemptions(before.exempt, after.exempt, now.zone),
    ...documents(old.documents ?? [], now.documents ?? []),
    ...texts('Statement', old.statement, now.statement),
    ...texts('Notice to users', old.notice ?? {}, now.notice ?? {}),
  ];
}
