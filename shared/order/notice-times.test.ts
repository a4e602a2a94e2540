import { describe, expect, it } from 'vitest';
import { NOTICE_MOMENTS, type NoticeMoment } from './documents.ts';
import { inTimeUntil, isLate, momentAt, noticeCountWords } from './notice-times.ts';

const EFFECTIVE = Date.parse('2015-12-01T00:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a notice', () => {
  it.each<[NoticeMoment, number, number]>([
    ['P30D', 30 * DAY, 3 * DAY],
    ['P7D', 7 * DAY, 0.7 * DAY],
    ['P1D', DAY, 2.4 * HOUR],
    ['PT1H', HOUR, 6 * MINUTE],
  ])('%s is on time until a tenth of its lead has passed, and then late', (moment, lead, patience) => {
    const due = EFFECTIVE - lead;
    expect(momentAt(moment, EFFECTIVE)).toBe(due);
    expect(inTimeUntil(moment, EFFECTIVE)).toBe(due + patience);
    expect(isLate(moment, EFFECTIVE, due)).toBe(false);
    expect(isLate(moment, EFFECTIVE, due + patience)).toBe(false);
    expect(isLate(moment, EFFECTIVE, due + patience + 1)).toBe(true);
  });

  it('without a lead is never late', () => {
    for (const moment of ['effective', 'withdrawal'] as const) {
      expect(inTimeUntil(moment, EFFECTIVE)).toBeNull();
      expect(isLate(moment, EFFECTIVE, EFFECTIVE + 90 * DAY)).toBe(false);
    }
    expect(NOTICE_MOMENTS.filter((moment) => momentAt(moment, EFFECTIVE) === null)).toEqual(['withdrawal']);
  });

  it('is counted in words that distinguish late notices', () => {
    expect(noticeCountWords({ delivered: 1, displayed: 0, late: 0 })).toBe('delivered to 1 device, displayed on 0');
    expect(noticeCountWords({ delivered: 5, displayed: 3, late: 2 })).toBe(
      'delivered to 5 devices (2 of them late), displayed on 3',
    );
  });
});
