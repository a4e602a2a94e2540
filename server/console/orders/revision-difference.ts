/** What a revision changes, in words: for approvers, and for whoever reads the order's history years later. Pure. */

import { areaName, listed, sentence } from '../../../shared/look/area-words.ts';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { UNSAID_WAITING } from '../../../shared/verdict/terms.ts';
import { MODE_NAMES, NEXUS_NAMES, SERVICE_NAMES } from '../words/orders.ts';
import { languageName } from './languages.ts';
import {
  CONTESTED_WORDS,
  disputedName,
  graceWords,
  STALE_WORDS,
  TRAVELLERS_WORDS,
  UNKNOWN_WORDS,
  WAITING_WORDS,
  zonedTime,
} from './rule-words.ts';

export interface Difference {
  readonly label: string;
  /** Null: there was nothing, there is nothing any more. */
  readonly before: string | null;
  readonly after: string | null;
}

type Document = Pick<Revision, 'status' | 'terms' | 'exempt'>;

const STATUS_WORDS = { active: 'Carried out', held: 'On hold', withdrawn: 'Withdrawn' } as const;

const WORDS: readonly { readonly label: string; readonly say: (terms: OrderTerms) => string | null }[] = [
  { label: 'Title', say: ({ title }) => title },
  { label: 'Takes effect', say: ({ effective, zone }) => zonedTime(Date.parse(effective), zone) },
  {
    label: 'Ends',
    say: ({ until, zone }) => (until === null ? 'When it is withdrawn' : zonedTime(Date.parse(until), zone)),
  },
  { label: 'Kind', say: ({ mode }) => MODE_NAMES[mode] },
  { label: 'Place not known', say: ({ unknown }) => UNKNOWN_WORDS[unknown] },
  { label: 'Place in doubt', say: ({ contested }) => CONTESTED_WORDS[contested] },
  { label: 'Travellers', say: ({ travellers }) => TRAVELLERS_WORDS[travellers] },
  { label: 'Waiting messages', say: ({ waiting }) => WAITING_WORDS[waiting ?? UNSAID_WAITING] },
  { label: 'Grace for visitors', say: ({ visitors }) => graceWords(visitors) },
  { label: 'Expired order list', say: ({ stale }) => STALE_WORDS[stale] },
  { label: 'Disputed ground', say: ({ disputed }) => groundWords(disputed) },
  { label: 'Authority', say: ({ authority }) => authority },
  { label: 'Addressee', say: ({ addressee }) => addressee },
  { label: 'Instrument', say: ({ instrument }) => instrument },
  { label: 'Appeal', say: ({ appeal }) => appeal },
];

function groundWords(disputed: OrderTerms['disputed']): string | null {
  const ground = Object.entries(disputed).map(([feature, area]) => `${disputedName(feature)} as ${areaName(area)}`);
  return ground.length > 0 ? ground.join('; ') : null;
}

/** Of two sets: what went and what came. */
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

function exemptions(before: Revision['exempt'], after: Revision['exempt']): Difference[] {
  const commitments = (exempt: Revision['exempt']) =>
    new Set(exempt.map(({ commitment, until }) => `${commitment} ${until}`));
  const [old, now] = [commitments(before), commitments(after)];
  const gone = old.difference(now).size;
  const come = now.difference(old).size;
  if (gone === 0 && come === 0) return [];
  const devices = (count: number) => (count > 0 ? `${count} ${count === 1 ? 'device' : 'devices'}` : null);
  return [{ label: 'Exempt', before: devices(gone), after: devices(come) }];
}

function statements(before: OrderTerms['statement'], after: OrderTerms['statement']): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((language) => {
    const [old, now] = [before[language] ?? null, after[language] ?? null];
    return old === now ? [] : [{ label: `Statement in ${languageName(language)}`, before: old, after: now }];
  });
}

/** Empty when only the approvals are new. */
export function differences(before: Document, after: Document): Difference[] {
  const [old, now] = [before.terms, after.terms];
  return [
    ...(before.status === after.status
      ? []
      : [{ label: 'The order', before: STATUS_WORDS[before.status], after: STATUS_WORDS[after.status] }]),
    ...members('Areas', old.areas, now.areas, areaName),
    ...members('Services', old.services, now.services, (service) => SERVICE_NAMES[service]),
    ...members('For a device that', old.nexus, now.nexus, (tie) => sentence(NEXUS_NAMES[tie])),
    ...WORDS.flatMap(({ label, say }) => {
      const [was, is] = [say(old), say(now)];
      return was === is ? [] : [{ label, before: was, after: is }];
    }),
    ...exemptions(before.exempt, after.exempt),
    ...statements(old.statement, now.statement),
  ];
}
