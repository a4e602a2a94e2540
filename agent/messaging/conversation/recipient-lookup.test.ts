import { describe, expect, it } from 'vitest';
import type { ConversationView } from '../messaging.ts';
import { findConversation, findPerson } from './recipient-lookup.ts';

const person = (name: string) => ({ person: `per_${name.toLowerCase().padEnd(16, 'a')}`, name, verified: true });
const found = (name: string, email: string | null = null) => ({ ...person(name), email, groups: ['Karachi'] });
const conversation = (
  id: string,
  title: string | null,
  names: string[],
  state: ConversationView['state'] = 'ready',
) => ({
  id,
  title,
  people: names.map(person),
  unread: 0,
  last: null,
  state,
});

describe('the lookup of a conversation', () => {
  const all = [
    conversation('one', null, ['Bilal Khan']),
    conversation('two', 'Embassy', ['Bilal Khan', 'Amina']),
    conversation('three', null, ['Carla'], 'left'),
    conversation('four', null, ['Amina', 'Dina']),
    conversation('five', null, ['Elif'], 'rejoining'),
    conversation('six', null, ['Elif']),
    conversation('seven', null, ['Farid'], 'rejoining'),
    conversation('eight', 'Visit', ['Farid'], 'rejoining'),
    conversation('nine', 'Plans', ['Farid'], 'rejoining'),
    conversation('ten', 'Plans', ['Farid']),
  ];
  it.each([
    ['one', 'one'],
    ['embassy', 'two'],
    ['bilal  KHAN', 'one'],
    ['three', 'three'],
    ['Carla', null],
    ['Amina', null],
    ['Bilal', null],
    ['Elif', 'six'],
    ['Farid', null],
    ['Visit', 'eight'],
    ['Plans', 'ten'],
  ])('by %j finds %j', (whom, id) => {
    expect(findConversation(all, whom)?.id ?? null).toBe(id);
  });

  it('throws when several conversations match', () => {
    const twice = [...all, conversation('more', 'embassy', ['Dina'])];
    expect(() => findConversation(twice, 'Embassy')).toThrow(/two, more/);
  });
});

describe('the lookup of a person', () => {
  it.each([
    [['Bilal Khan', 'Bilal Khanani'], 'bilal khan', 'Bilal Khan'],
    [['Bilal Khan'], 'bil', 'Bilal Khan'],
  ])('among %j, by %j, finds %s', (names, whom, name) => {
    expect(
      findPerson(
        names.map((name) => found(name)),
        whom,
      ).name,
    ).toBe(name);
  });

  it('throws when several people match, and when no person matches', () => {
    expect(() =>
      findPerson(
        ['Amina', 'Aminata'].map((name) => found(name)),
        'ami',
      ),
    ).toThrow(/Amina .*Aminata/);
    expect(() => findPerson([], 'ami')).toThrow(expect.objectContaining({ code: 'person_unknown' }));
  });
});
