import { describe, expect, it } from 'vitest';
import { sha256 } from '../../shared/order/digest.ts';
import type { OrderTerms, Revision } from '../../shared/order/documents.ts';
import { TERMS } from '../../tests/support/signed-documents.ts';
import { exitWords, peopleAffected } from './people-affected.ts';

const textOf = (markup: { readonly text: string }) =>
  markup.text
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();
const exempt = (...ends: (string | null)[]): Revision['exempt'] =>
  ends.map((until, at) => ({ commitment: sha256(String(at)), until }));
const NEAR: Partial<OrderTerms> = { areas: ['PK'], nexus: ['present', 'network'], zone: 'UTC', disputed: {} };

interface Case {
  readonly title: string;
  readonly terms: Partial<OrderTerms>;
  readonly exempt?: Revision['exempt'];
  readonly contains: readonly string[];
  readonly not?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    title: 'by location, without grace',
    terms: { ...NEAR, visitors: 'P0D', unknown: 'allow', contested: 'deny' },
    contains: [
      'A device is affected if it is in one of the areas, or if it uses a mobile network of one of the areas. The areas: Pakistan (PK).',
      'Visitors: there is no grace period. A visitor’s device is affected on arrival.',
      'A device whose location is unknown is not affected. A device for which the evidence of location disagrees is affected.',
      'No device is exempt.',
    ],
    not: ['Travelers'],
  },
  {
    title: 'by location, with grace for visitors',
    terms: { ...NEAR, nexus: ['present'], visitors: 'P3DT12H' },
    contains: [
      'Visitors: a device whose user’s home is elsewhere is not affected for 3 days, 12 hours after its arrival.',
    ],
  },
  {
    title: 'by home, travelers not affected',
    terms: { ...NEAR, nexus: ['home'], travelers: 'allow', visitors: 'P3D' },
    contains: [
      'A device is affected if its home area is in one of the areas.',
      'Travelers: a device whose home area is in one of the areas is not affected while it is elsewhere.',
    ],
    not: ['Visitors', 'location is unknown'],
  },
  {
    title: 'by home or location, travelers affected: no grace period counts',
    terms: { ...NEAR, nexus: ['present', 'home'], travelers: 'deny', visitors: 'P3D' },
    contains: ['Travelers: a device whose home area is in one of the areas is affected wherever it is.'],
    not: ['Visitors'],
  },
  {
    title: 'by the seat of a part of the organization',
    terms: { ...NEAR, nexus: ['seat'] },
    contains: ['if it belongs to a part of the organization that has its legal seat in one of the areas.'],
    not: ['Visitors', 'Travelers', 'location is unknown'],
  },
  {
    title: 'a group of countries, and disputed territory',
    terms: { ...NEAR, areas: ['XG-two'], groups: { 'XG-two': ['IN', 'PK'] }, disputed: { kashmir: 'IN' } },
    contains: [
      'The areas: XG-two: India (IN), Pakistan (PK).',
      'Disputed territory: for this order, kashmir belongs to India (IN).',
    ],
  },
  {
    title: 'exempt devices by their end, without a word about which',
    terms: NEAR,
    exempt: exempt(null, '2016-02-09T12:00:00.000Z', null),
    contains: [
      '1 device is exempt until 9 February 2016 at 12:00 UTC. The order does not say which.',
      '2 devices are exempt for as long as the order lasts. The order does not say which.',
    ],
    not: ['No device is exempt'],
  },
];

describe('description of the people whom an order affects', () => {
  it.each(CASES)('$title', ({ terms, exempt: those = [], contains, not = [] }) => {
    const text = textOf(peopleAffected({ ...TERMS, ...terms }, those));
    for (const words of contains) expect(text).toContain(words);
    for (const words of not) expect(text).not.toContain(words);
  });
});

describe('description of an order’s effect on data', () => {
  const effective = '2015-12-01T00:00:00.000Z';
  const entries = { ...TERMS, effective, zone: 'UTC', mode: 'exit', exportWindow: 'P30D' } as const;
  it.each<[string, OrderTerms, boolean, RegExp]>([
    ['a suspension deletes nothing', { ...TERMS, mode: 'suspend' }, false, /^No\. .* It deletes no data/],
    [
      'an exit says until when people can export',
      entries,
      false,
      /^Yes\. .* export their data for 30 days after the effective time, until 31 December 2015 at 00:00 UTC\. After that, two people may approve/,
    ],
    ['an approved exit says that it was approved', entries, true, /Two people have approved the deletion of work data/],
    [
      'an exit without a window allows no deletion',
      { ...TERMS, effective, mode: 'exit' },
      false,
      /states no period for exports, so no work data may be deleted/,
    ],
  ])('%s', (_title, terms, approved, words) => {
    expect(textOf(exitWords(terms, approved))).toMatch(words);
  });
});
