import { describe, expect, it } from 'vitest';
import { compare, inboxAmiss, type Seen } from './expectation.ts';
import { parseTimeline } from './timeline.ts';

function expecting(change: object) {
  const step = { at: '2015-01-01T10:00', expect: 'state', label: 'a', services: { messaging: 'denied' }, ...change };
  const first = {
    at: '2015-01-01T09:00',
    do: 'propose',
    order: 'pk',
    areas: [],
    services: [],
    nexus: [],
    effective: '2016-01-01T00:00',
  };
  const timeline = { name: 't', about: '', zone: 'UTC', fleet: [{ label: 'a', count: 1, home: 'PK' }] };
  const parsed = parseTimeline(JSON.stringify({ ...timeline, steps: [first, step] })).steps[1];
  if (!parsed || !('services' in parsed) || 'do' in parsed) throw new Error('not an expectation');
  return parsed;
}

const seen: Seen[] = [
  { service: 'messaging', allowed: false, orders: ['2015-001'], reasons: ['present', 'home'] },
  { service: 'mail', allowed: true, orders: [], reasons: ['no_order'] },
  { service: 'management', allowed: true, orders: [], reasons: ['exempt'] },
];

describe('an expectation', () => {
  it.each([
    [{}],
    [{ order: 'pk' }],
    [{ because: 'home' }],
    [{ services: { mail: 'allowed' }, because: 'no_order' }],
    [{ services: { mail: 'allowed', management: 'allowed' }, because: 'exempt' }],
    [{ services: { messaging: 'denied', mail: 'allowed' }, because: 'present' }],
  ])('%o is met', (change) =>
    expect(compare(expecting(change), 'order' in change ? '2015-001' : null, seen)).toBeNull(),
  );

  it.each([
    [{ services: { messaging: 'allowed' } }, { service: 'messaging', expected: 'allowed', got: 'denied' }],
    [{ services: { mail: 'denied' } }, { service: 'mail', expected: 'denied', got: 'allowed' }],
    [{ order: 'pk' }, { expected: 'denied by pk (2015-002)', got: 'denied', orders: ['2015-001'] }],
    [{ because: 'seat' }, { expected: 'denied because seat', reasons: ['present', 'home'] }],
    [
      { services: { mail: 'allowed' }, because: 'exempt' },
      { expected: 'allowed because exempt', reasons: ['no_order'] },
    ],
    // A missing service does not count as allowed.
    [{ services: { enrollment: 'allowed' } }, { service: 'enrollment', got: 'denied' }],
  ])('%o is not met, with what was seen instead', (change, unmet) => {
    expect(compare(expecting(change), 'order' in change ? '2015-002' : null, seen)).toMatchObject(unmet);
  });
});

describe('an inbox', () => {
  const senderOf = (text: string) => (text.startsWith('b') ? 'Bo' : 'Ada');
  const got = (...texts: string[]) => texts.map((text) => ({ from: senderOf(text), text }));

  it('is met by each text once and each sender’s order, however senders are mixed', () => {
    expect(inboxAmiss([], [], senderOf)).toBeNull();
    expect(inboxAmiss(['a1', 'a2', 'b1'], got('b1', 'a1', 'a2'), senderOf)).toBeNull();
  });

  it.each([
    [['a1'], got(), 'has "a1" 0 times, not 1'],
    [['a1'], got('a1', 'a1'), 'has "a1" 2 times, not 1'],
    [['a1'], got('a1', 'b1'), 'has "b1" 1 times, not 0'],
    [['a1', 'b1', 'a2'], got('a2', 'b1', 'a1'), 'has "a2" from Ada where "a1" should be'],
    [['a1'], [{ from: 'Bo', text: 'a1' }], 'has "a1" from Bo, not Ada'],
  ])('of %j is not met by %j', (texts, has, amiss) => expect(inboxAmiss(texts, has, senderOf)).toBe(amiss));
});
