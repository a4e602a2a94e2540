import { describe, expect, it } from 'vitest';
import { answerState, answerWords, dueReminder, OVERDUE_REMINDERS, reminderTimes } from './answer-deadline.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const ANSWER_BY = Date.parse('2015-11-27T12:00:00.000Z');
/** 17:00 in Karachi. */
const KARACHI = 5 * HOUR;
const startOfDay = (at: number) => Math.floor((at + KARACHI) / DAY) * DAY - KARACHI;
const times = reminderTimes(ANSWER_BY, startOfDay);
const at = (instant: string) => Date.parse(instant);

describe('reminders of an answer', () => {
  it('are sent 7 days and 2 days before, at the start of the last day, and daily when overdue', () => {
    expect(times.slice(0, 5).map((time) => new Date(time).toISOString())).toEqual([
      '2015-11-20T12:00:00.000Z',
      '2015-11-25T12:00:00.000Z',
      '2015-11-26T19:00:00.000Z',
      '2015-11-27T12:00:00.000Z',
      '2015-11-28T12:00:00.000Z',
    ]);
    expect(times).toHaveLength(3 + OVERDUE_REMINDERS);
  });

  it('of a deadline at midnight are sent on the day before', () => {
    const midnight = at('2015-11-27T19:00:00.000Z');
    expect(reminderTimes(midnight, startOfDay)[2]).toBe(midnight - DAY);
  });

  it.each<[string, string, number, { step: number | null; next: string | null }]>([
    ['long before', '2015-11-01T00:00:00.000Z', -1, { step: null, next: '2015-11-20T12:00:00.000Z' }],
    ['7 days before', '2015-11-20T12:00:00.000Z', -1, { step: 0, next: '2015-11-25T12:00:00.000Z' }],
    [
      'the same reminder is not sent again',
      '2015-11-20T12:00:01.000Z',
      0,
      { step: null, next: '2015-11-25T12:00:00.000Z' },
    ],
    ['2 days before', '2015-11-25T12:00:00.000Z', 0, { step: 1, next: '2015-11-26T19:00:00.000Z' }],
    ['on the day', '2015-11-26T19:00:00.000Z', 1, { step: 2, next: '2015-11-27T12:00:00.000Z' }],
    ['overdue', '2015-11-27T12:00:00.000Z', 2, { step: 3, next: '2015-11-28T12:00:00.000Z' }],
    ['a day overdue', '2015-11-28T13:00:00.000Z', 3, { step: 4, next: '2015-11-29T12:00:00.000Z' }],
    [
      'after a week without a server, one reminder',
      '2015-12-02T12:00:00.000Z',
      0,
      { step: 8, next: '2015-12-03T12:00:00.000Z' },
    ],
    [
      'a deadline that was recorded late, one reminder',
      '2015-11-26T00:00:00.000Z',
      -1,
      { step: 1, next: '2015-11-26T19:00:00.000Z' },
    ],
    ['after the last reminder', '2016-03-01T00:00:00.000Z', 32, { step: null, next: null }],
  ])('%s', (_, now, sent, { step, next }) => {
    expect(dueReminder(times, sent, at(now))).toEqual({ step, next: next === null ? null : at(next) });
  });
});

describe('the state of an answer', () => {
  const order = (status = 'active', answerBy: string | undefined = new Date(ANSWER_BY).toISOString()) => ({
    status,
    terms: answerBy === undefined ? {} : { answerBy },
    proceedings: { answer: null },
  });
  it.each<[string, number, string | null]>([
    ['three days before', ANSWER_BY - 3 * DAY, 'Answer due in 3 days'],
    ['a day before', ANSWER_BY - DAY, 'Answer due in 1 day'],
    ['an hour before', ANSWER_BY - HOUR, 'Answer due within a day'],
    ['at the time', ANSWER_BY, 'Answer overdue'],
  ])('%s', (_, now, words) => {
    const state = answerState(order(), now);
    expect(state && answerWords(state)).toBe(words);
  });

  it('is null for an order without a deadline, a withdrawn order, and an ended proposal', () => {
    for (const status of ['withdrawn', 'declined', 'retracted', 'expired']) {
      expect(answerState(order(status), ANSWER_BY)).toBeNull();
    }
    expect(answerState({ ...order(), terms: {} }, ANSWER_BY)).toBeNull();
  });

  it('is answered after an answer is recorded, even after the order’s end', () => {
    const document = { title: 'Reply', mediaType: 'application/pdf', bytes: 5, sha256: 'a'.repeat(64) };
    const answer = { kind: 'answer', on: '2015-11-26', by: 'Sana Malik', document } as const;
    const state = answerState({ ...order('withdrawn'), proceedings: { answer } }, ANSWER_BY);
    expect(state && answerWords(state)).toBe('Answered on 2015-11-26');
  });
});
