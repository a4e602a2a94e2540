import { describe, expect, it } from 'vitest';
import type { NoticeMoment, OrderTerms } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { NOW, revisionDocument, TERMS } from '../../tests/support/signed-documents.ts';
import { dueNotice, type NoticeHistory, nextNotice } from './notice-plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EFFECTIVE = Date.parse(TERMS.effective);

const of = (terms: Partial<OrderTerms> = {}, changes = {}) => {
  const revision = revisionDocument({ terms: { ...TERMS, ...terms }, ...changes });
  return { revision, rule: compileRule({ revision, permanentPause: true }) };
};
const given = (...moments: NoticeMoment[]) => moments.map((moment) => ({ moment, effective: EFFECTIVE }));
const due = (
  now: number,
  before: readonly { moment: NoticeMoment; effective: number }[] = [],
  ...how: Parameters<typeof of>
) => dueOf({ delivered: before, denied: false }, now, ...how);
const dueOf = (soFar: NoticeHistory, now: number, ...how: Parameters<typeof of>) => {
  const { revision, rule } = of(...how);
  return dueNotice(revision, rule, soFar, now);
};

describe('the due notice of a plan', () => {
  it.each<[string, number, NoticeMoment | null]>([
    ['none before the first planned time', EFFECTIVE - 30 * DAY - 1, null],
    ['the first one from thirty days before', EFFECTIVE - 30 * DAY, 'P30D'],
    ['still the first one until seven days before', EFFECTIVE - 7 * DAY - 1, 'P30D'],
    ['the second one from seven days before', EFFECTIVE - 7 * DAY, 'P7D'],
    ['the third one from one day before', EFFECTIVE - DAY, 'P1D'],
    ['the fourth one from one hour before', EFFECTIVE - HOUR, 'PT1H'],
    ['the last one from the effective time on', EFFECTIVE, 'effective'],
    ['the last one on a device that was off for long', EFFECTIVE + 90 * DAY, 'effective'],
  ])('is %s', (_name, now, moment) => {
    expect(due(now)).toBe(moment);
  });

  it('is given once, and after several missed notices only the latest', () => {
    expect(due(EFFECTIVE - 2 * DAY, given('P7D'))).toBeNull();
    expect(due(EFFECTIVE - HOUR, given('P30D'))).toBe('PT1H');
    expect(due(EFFECTIVE - HOUR, given('P30D', 'PT1H'))).toBeNull();
  });

  it('is given again for another effective time', () => {
    const later = { effective: new Date(EFFECTIVE + 30 * DAY).toISOString() };
    expect(due(EFFECTIVE + 23 * DAY, given('P7D', 'effective'), later)).toBe('P7D');
  });

  it('excludes moments before the proposal, and moments that the plan does not contain', () => {
    const late = { proposedAt: new Date(EFFECTIVE - 3 * DAY).toISOString() };
    expect(due(EFFECTIVE - 2 * DAY, [], {}, late)).toBeNull();
    expect(due(EFFECTIVE - DAY, [], {}, late)).toBe('P1D');
    expect(due(EFFECTIVE - DAY, [], { noticePlan: ['P7D', 'effective'] })).toBe('P7D');
    expect(due(EFFECTIVE, [], { noticePlan: [] })).toBeNull();
    const atOnce = { proposedAt: new Date(EFFECTIVE + HOUR).toISOString() };
    expect(due(EFFECTIVE + HOUR, [], {}, atOnce)).toBe('effective');
  });

  it('is not an earlier notice after the effective time', () => {
    const plan = { noticePlan: ['P1D', 'withdrawal'] as NoticeMoment[] };
    expect(due(EFFECTIVE - 1, [], plan)).toBe('P1D');
    expect(due(EFFECTIVE, [], plan)).toBeNull();
    expect(due(EFFECTIVE + 60 * DAY, [], plan)).toBeNull();
    expect(due(EFFECTIVE + 60 * DAY, [], { noticePlan: ['P1D', 'effective'] })).toBe('effective');
  });

  it('is absent while the order is paused, and after its end', () => {
    const held = { status: 'paused', action: 'pause', pausedSince: new Date(NOW).toISOString() };
    expect(due(EFFECTIVE, [], {}, held)).toBeNull();
    expect(due(EFFECTIVE + 2 * DAY, [], { until: new Date(EFFECTIVE + DAY).toISOString() })).toBeNull();
  });

  it('is the withdrawal, once, after an earlier notice', () => {
    const withdrawn = { status: 'withdrawn', action: 'withdraw' };
    expect(due(EFFECTIVE, given('P7D'), {}, withdrawn)).toBe('withdrawal');
    expect(due(EFFECTIVE, [], {}, withdrawn)).toBeNull();
    expect(due(EFFECTIVE, given('P7D', 'withdrawal'), {}, withdrawn)).toBeNull();
    expect(due(EFFECTIVE, given('P7D'), { noticePlan: ['P7D'] }, withdrawn)).toBeNull();
  });

  it('is the withdrawal, once, after a denial by the order', () => {
    const withdrawn = { status: 'withdrawn', action: 'withdraw' };
    const of = (moments: NoticeMoment[], noticePlan: NoticeMoment[]) =>
      dueOf({ delivered: given(...moments), denied: true }, EFFECTIVE + DAY, { noticePlan }, withdrawn);
    expect(of([], ['withdrawal'])).toBe('withdrawal');
    expect(of(['withdrawal'], ['withdrawal'])).toBeNull();
    expect(of([], ['P1D'])).toBeNull();
  });

  it('has a time for the next check', () => {
    const { revision, rule } = of();
    const next = (now: number) => nextNotice(revision, rule, now);
    expect(next(NOW)).toBe(EFFECTIVE - 30 * DAY);
    expect(next(EFFECTIVE - 30 * DAY)).toBe(EFFECTIVE - 7 * DAY);
    expect(next(EFFECTIVE - 1)).toBe(EFFECTIVE);
    expect(next(EFFECTIVE)).toBeNull();
  });
});
