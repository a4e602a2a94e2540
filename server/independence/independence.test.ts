import { expect, it } from 'vitest';
import { type AccountLink, peopleOf } from './independence.ts';

const link = (by: string, person: string, kind: AccountLink['kind'] = 'created'): AccountLink => ({
  person,
  name: `Name of ${person}`,
  account: `acc of ${person}`,
  kind,
  by: { person: by, name: `Name of ${by}`, account: `acc of ${by}` },
});

it.each([
  ['three people without links', [], 'abc', 3],
  ['an owner and two accounts that the owner created', [link('o', 'a'), link('o', 'b')], 'oab', 2],
  ['an owner and one account that the owner created', [link('o', 'a')], 'oa', 1],
  ['a chain: the first could have used the last account', [link('a', 'b'), link('b', 'c')], 'abc', 1],
  ['a chain of four without its middle', [link('a', 'b'), link('b', 'c'), link('c', 'd')], 'ad', 1],
  ['a ring of five', [link('a', 'b'), link('b', 'c'), link('c', 'd'), link('d', 'e'), link('e', 'a')], 'abcde', 1],
  ['a triangle', [link('a', 'b'), link('b', 'c'), link('c', 'a')], 'abc', 1],
  ['two stars whose centers are linked', [link('x', 'a'), link('x', 'b'), link('y', 'c'), link('x', 'y')], 'xyabc', 3],
  ['a person who saw an invitation link', [link('o', 'a', 'link')], 'oa', 1],
  ['two people, each named twice', [], 'aabb', 2],
] as const)('case 31: %s', (_, links, persons, most) => {
  expect(peopleOf({ sameAs: new Map(), links }).independent(persons).size).toBe(most);
});

it('counts records that refer to one person through another record as one person', () => {
  const people = peopleOf({
    sameAs: new Map([
      ['c', 'b'],
      ['b', 'a'],
    ]),
    links: [link('b', 'x')],
  });
  expect([people.canonical('c'), people.canonical('b'), people.isSame('c', 'a')]).toEqual(['a', 'a', true]);
  expect(people.relation('c', 'x')).not.toBeNull();
  expect(people.independent(['a', 'b', 'c']).size).toBe(1);
  const circle = peopleOf({
    sameAs: new Map([
      ['a', 'b'],
      ['b', 'a'],
    ]),
    links: [],
  });
  expect(circle.isSame('a', 'b')).toBe(true);
});

it('case 31: two records of one person count as one and share their links', () => {
  const people = peopleOf({ sameAs: new Map([['a2', 'a']]), links: [link('a2', 'b')] });
  expect(people.canonical('a2')).toBe('a');
  expect([people.isSame('a', 'a2'), people.isSame('a', 'b')]).toEqual([true, false]);
  expect(people.relation('a', 'a2')).toBe('Both accounts belong to one person.');
  expect(people.relation('a', 'b')).toBe('Name of a2 (acc of a2) created the account of Name of b (acc of b).');
  expect(people.relation('b', 'a')).toBe(people.relation('a', 'b'));
  expect(people.independent(['a', 'a2', 'b', 'c'])).toEqual(new Set(['a', 'c']));
});

it('case 31: the reason names each link of a chain, in the order of the creations', () => {
  const people = peopleOf({ sameAs: new Map(), links: [link('b', 'c', 'link'), link('a', 'b')] });
  const reason =
    'Name of a (acc of a) created the account of Name of b (acc of b). Name of b (acc of b) was shown a sign-in link for the account of Name of c (acc of c).';
  expect([people.relation('a', 'c'), people.relation('c', 'a')]).toEqual([reason, reason]);
  expect([people.access('a', 'c'), people.access('c', 'a')]).toEqual([reason, null]);
});
