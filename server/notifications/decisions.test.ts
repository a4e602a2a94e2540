import { describe, expect, it } from 'vitest';
import { BACKOFF, decideDue, settlementOf } from './decisions.ts';

const HOUR = 3_600_000;
const causes = (...keys: string[]) => keys.map((key) => ({ key }));

describe('causes for a notification', () => {
  it.each([
    ['a new cause', null, causes('a'), [], { due: ['a'], gone: [] }],
    ['a notified cause', null, causes('a'), [['a', -1]], { due: [], gone: [] }],
    ['a repetition that is due', 1, causes('a'), [['a', -HOUR]], { due: ['a'], gone: [] }],
    ['a repetition that is not due', 2, causes('a'), [['a', -HOUR]], { due: [], gone: [] }],
    ['a cause that ended just now', null, [], [['a', -HOUR + 1]], { due: [], gone: [] }],
    ['a cause that ended long ago', null, [], [['a', -HOUR]], { due: [], gone: ['a'] }],
    ['an equal key twice', null, causes('a', 'a'), [], { due: ['a'], gone: [] }],
  ] as const)('%s', (_, repeatHours, present, notified, expected) => {
    expect(decideDue({ repeatHours }, present, new Map(notified), 0)).toEqual(expected);
  });
});

describe('the result of an attempt', () => {
  it('waits longer after each failure, and ends', () => {
    const states = [...BACKOFF, 0].map((_, attempts) => settlementOf({ attempts, deadlineAt: 1e12 }, 'no', 0));
    expect(states.map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([...BACKOFF, null]);
    expect(states.at(-1)?.state).toBe('dead');
  });

  it('ends at the deadline', () => {
    expect(settlementOf({ attempts: 0, deadlineAt: 29_999 }, 'no', 0)).toMatchObject({ state: 'dead', failure: 'no' });
    expect(settlementOf({ attempts: 3, deadlineAt: 0 }, null, 5)).toMatchObject({ state: 'delivered', deliveredAt: 5 });
  });
});
