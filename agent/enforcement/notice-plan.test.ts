import { describe, expect, it } from 'vitest';
import type { NoticeMoment, OrderTerms } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import { NOW, revisionDocument, TERMS } from '../../tests/support/signed-documents.ts';
import { dueNotice, nextNotice, type SoFar } from './notice-plan.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EFFECTIVE = Date.parse(TERMS.effective);

const of = (terms: Partial<OrderTerms> = {}, changes = {}) => {
  const revision = revisionDocument({ terms: { ...TERMS, ...terms }, ...changes });
  return { revision, rule: compileRule({ revision, lasting: true }) };
};
const given = (...moments: NoticeMoment[]) => moments.map((moment) => ({ moment, effective: EFFECTIVE }));
const due = (
  now: number,
  before: readonly { moment: NoticeMoment; effective: number }[] = [],
  ...how: Parameters<typeof of>
) => dueOf({ given: before, denied: false }, now, ...how);
const dueOf = (soFar: SoFar, now: number, ...how: Parameters<typeof of>) => {
  const { revision, rule } = of(...how);
  return dueNotice(revision, rule, soFar, now);
};

describe('what is due of a plan', () => {
  it.each<[string, number, NoticeMoment | null]>([
    ['nothing before the first', EFFECTIVE - 30 * DAY - 1, null],
    ['thirty days before', EFFECTIVE - 30 * DAY, 'P30D'],
    ['the same until the next', EFFECTIVE - 7 * DAY - 1, 'P30D'],
    ['seven days before', EFFECTIVE - 7 * DAY, 'P7D'],
    ['a day before', EFFECTIVE - DAY, 'P1D'],
    ['an hour before', EFFECTIVE - HOUR, 'PT1H'],
    ['at entry into force', EFFECTIVE, 'entry'],
    ['long afterwards, to whoever was away', EFFECTIVE + 90 * DAY, 'entry'],
  ])('is %s', (_name, now, moment) => {
    expect(due(now)).toBe(moment);
  });

  it('is told once, and of several that were missed the latest alone', () => {
    expect(due(EFFECTIVE - 2 * DAY, given('P7D'))).toBeNull();
    expect(due(EFFECTIVE - HOUR, given('P30D'))).toBe('PT1H');
    expect(due(EFFECTIVE - HOUR, given('P30D', 'PT1H'))).toBeNull();
  });

  it('is told anew of another date', () => {
    const later = { effective: new Date(EFFECTIVE + 30 * DAY).toISOString() };
    expect(due(EFFECTIVE + 23 * DAY, given('P7D', 'entry'), later)).toBe('P7D');
  });

  it('leaves out what did not lie ahead when it was proposed, and what the plan does not name', () => {
    const late = { proposedAt: new Date(EFFECTIVE - 3 * DAY).toISOString() };
    expect(due(EFFECTIVE - 2 * DAY, [], {}, late)).toBeNull();
    expect(due(EFFECTIVE - DAY, [], {}, late)).toBe('P1D');
    expect(due(EFFECTIVE - DAY, [], { noticePlan: ['P7D', 'entry'] })).toBe('P7D');
    expect(due(EFFECTIVE, [], { noticePlan: [] })).toBeNull();
    const atOnce = { proposedAt: new Date(EFFECTIVE + HOUR).toISOString() };
    expect(due(EFFECTIVE + HOUR, [], {}, atOnce)).toBe('entry');
  });

  it('is nothing that was to come before, once the order has begun', () => {
    const plan = { noticePlan: ['P1D', 'withdrawal'] as NoticeMoment[] };
    expect(due(EFFECTIVE - 1, [], plan)).toBe('P1D');
    expect(due(EFFECTIVE, [], plan)).toBeNull();
    expect(due(EFFECTIVE + 60 * DAY, [], plan)).toBeNull();
    expect(due(EFFECTIVE + 60 * DAY, [], { noticePlan: ['P1D', 'entry'] })).toBe('entry');
  });

  it('is silent while it is held, and after its end', () => {
    const held = { status: 'held', act: 'hold', heldSince: new Date(NOW).toISOString() };
    expect(due(EFFECTIVE, [], {}, held)).toBeNull();
    expect(due(EFFECTIVE + 2 * DAY, [], { until: new Date(EFFECTIVE + DAY).toISOString() })).toBeNull();
  });

  it('tells of a withdrawal whoever was told of the order, once', () => {
    const withdrawn = { status: 'withdrawn', act: 'withdraw' };
    expect(due(EFFECTIVE, given('P7D'), {}, withdrawn)).toBe('withdrawal');
    expect(due(EFFECTIVE, [], {}, withdrawn)).toBeNull();
    expect(due(EFFECTIVE, given('P7D', 'withdrawal'), {}, withdrawn)).toBeNull();
    expect(due(EFFECTIVE, given('P7D'), { noticePlan: ['P7D'] }, withdrawn)).toBeNull();
  });

  it('tells of a withdrawal whoever was denied something by the order, once', () => {
    const withdrawn = { status: 'withdrawn', act: 'withdraw' };
    const of = (moments: NoticeMoment[], noticePlan: NoticeMoment[]) =>
      dueOf({ given: given(...moments), denied: true }, EFFECTIVE + DAY, { noticePlan }, withdrawn);
    expect(of([], ['withdrawal'])).toBe('withdrawal');
    expect(of(['withdrawal'], ['withdrawal'])).toBeNull();
    expect(of([], ['P1D'])).toBeNull();
  });

  it('says when to look again', () => {
    const { revision, rule } = of();
    const next = (now: number) => nextNotice(revision, rule, now);
    expect(next(NOW)).toBe(EFFECTIVE - 30 * DAY);
    expect(next(EFFECTIVE - 30 * DAY)).toBe(EFFECTIVE - 7 * DAY);
    expect(next(EFFECTIVE - 1)).toBe(EFFECTIVE);
    expect(next(EFFECTIVE)).toBeNull();
  });
});
