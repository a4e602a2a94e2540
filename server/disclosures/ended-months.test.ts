import { describe, expect, it } from 'vitest';
import { endedMonths } from './ended-months.ts';

const NOW = Date.parse('2026-03-10T08:00:00Z');
const names = (period: Parameters<typeof endedMonths>[0], now = NOW) =>
  endedMonths(period, now).map(({ month }) => month);

describe('months of a report', () => {
  it('are the last 12 that have ended, without a period', () => {
    const months = names({});
    expect([months.length, months.at(0), months.at(-1)]).toEqual([12, '2025-03', '2026-02']);
  });

  it('begin and end at midnight in UTC, without a gap, also over a leap day and a year', () => {
    const months = endedMonths({ from: '2023-12', to: '2024-03' }, NOW);
    expect(months.map(({ from }) => new Date(from).toISOString().slice(0, 10))).toEqual([
      '2023-12-01',
      '2024-01-01',
      '2024-02-01',
      '2024-03-01',
    ]);
    for (const [at, { until }] of months.slice(0, -1).entries()) expect(months[at + 1]?.from).toBe(until);
    expect(months.at(-1)?.until).toBe(Date.parse('2024-04-01T00:00:00Z'));
  });

  it('end with the month before this one, to the millisecond', () => {
    const end = Date.parse('2026-04-01T00:00:00Z');
    expect(names({}, end - 1).at(-1)).toBe('2026-02');
    expect(names({}, end).at(-1)).toBe('2026-03');
    expect(names({}, Date.parse('2027-01-15T00:00:00Z')).at(-1)).toBe('2026-12');
  });

  it.each([
    [{ to: '2026-03' }, /have ended, in UTC\. The last one is 2026-02\./],
    [{ from: '2026-03' }, /ends before it begins/],
    [{ from: '2026-02', to: '2026-01' }, /ends before it begins/],
    [{ from: '2016-02' }, /longer than 120 months/],
    [{ from: '9999-12', to: '9999-12' }, /The last one is 2026-02\./],
  ])('are none for %j', (period, message) => {
    expect(() => names(period)).toThrow(message);
  });

  it('are at most 120', () => {
    expect(names({ from: '2016-03' })).toHaveLength(120);
    expect(names({ to: '1970-01' })).toHaveLength(12);
  });
});
