/**
 * The moments of a plan of notices as times, and which notice was given in time. A device that was away tells of the latest moment when it is back, which
 * may be weeks after it: whoever counts what people were told, or shows it, must not take that for a notice at the moment. Pure.
 */
import type { Instant } from '../time/clock.ts';
import type { NoticeMoment } from './documents.ts';

/** So long before the effective time. */
const LEADS: Readonly<Partial<Record<NoticeMoment, number>>> = {
  P30D: 30 * 86_400_000,
  P7D: 7 * 86_400_000,
  P1D: 86_400_000,
  PT1H: 3_600_000,
  entry: 0,
};

/** Null for the withdrawal, whose time nobody knows before. */
export function momentAt(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment];
  return lead === undefined ? null : effective - lead;
}

/** Of a notice that is to come before: a tenth of its lead after its moment, 3 days for 30. Null for one that has no lead, and is never late. */
export function inTimeUntil(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment] ?? 0;
  return lead === 0 ? null : effective - lead + lead / 10;
}

/** Whether a notice that was given at this time came too late to be what its moment says. */
export function isLate(moment: NoticeMoment, effective: Instant, at: Instant): boolean {
  const until = inTimeUntil(moment, effective);
  return until !== null && at > until;
}

/** How many devices say that a notice of the plan was delivered to them, and that they displayed it to a person. */
export interface NoticeCount {
  readonly informed: number;
  readonly shown: number;
  /** Of those to which it was delivered: so many too late (`isLate`). */
  readonly late: number;
}

/** Behind the name of the moment and a colon. */
export function noticeCountWords({ informed, shown, late }: NoticeCount): string {
  const devices = `${informed} ${informed === 1 ? 'device' : 'devices'}`;
  return `delivered to ${devices}${late > 0 ? `, of them ${late} later than that` : ''}, shown on ${shown}`;
}
