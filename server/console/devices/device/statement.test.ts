import { describe, expect, it } from 'vitest';
import { EMPTY, problemsOf, type StatementForm, statementOf, untilOf } from './statement.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const DAY = 86_400_000;
const form = (change: Partial<StatementForm> = {}): StatementForm => ({
  ...EMPTY,
  areas: ['PK', 'IN'],
  reason: ' he called from there ',
  ...change,
});

describe('a location statement', () => {
  it('has the format of the API', () => {
    const reason = 'he called from there';
    expect(statementOf(form(), NOW)).toEqual({ kind: 'presence', areas: ['PK', 'IN'], reason, until: NOW + 7 * DAY });
  });

  it('about a home area contains one area', () => {
    expect(statementOf(form({ kind: 'home' }), NOW).areas).toEqual(['PK']);
  });

  it('has an end in the reader’s time zone', () => {
    const until = new Date(NOW + DAY);
    const local = new Date(until.getTime() - until.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    expect(untilOf(form({ life: 'other', until: local }), NOW)).toBe(NOW + DAY);
  });

  const cases: [string, Partial<StatementForm>, string[]][] = [
    ['nothing', {}, []],
    ['a place', { areas: [] }, ['areas']],
    ['fewer places', { areas: Array.from({ length: 17 }, (_, index) => `P${index}`) }, ['areas']],
    ['a reason', { reason: '  ' }, ['reason']],
    ['a time', { life: 'other' }, ['until']],
    ['a later time', { life: 'other', until: '2026-11-20T00:00' }, ['until']],
  ];
  for (const [missing, change, fields] of cases) {
    it(`reports a missing ${missing}`, () => expect(Object.keys(problemsOf(form(change), NOW))).toEqual(fields));
  }
});
