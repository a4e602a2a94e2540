/**
 * Times of a notice plan, and whether a notice was in time. A device that was offline reports the latest moment when it is back, possibly
 * weeks later. Statistics must not count that as a notice in time. Pure.
 */
import type { Instant } from '../time/clock.ts';
import type { NoticeMoment } from './documents.ts';

/** Times of notices before the effective time. */
const LEADS: Readonly<Partial<Record<NoticeMoment, number>>> = {
  P30D: 30 * 86_400_000,
  P7D: 7 * 86_400_000,
  P1D: 86_400_000,
  PT1H: 3_600_000,
  entry: 0,
};

/** Time of a notice moment; null for the withdrawal, whose time is unknown in advance. */
export function momentAt(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment];
  return lead === undefined ? null : effective - lead;
}

/**
 * Last time at which an advance notice counts as in time: a tenth of its lead after its moment, so 3 days for 30. Null for a moment without
 * a lead, which is never late.
 */
export function inTimeUntil(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment] ?? 0;
  return lead === 0 ? null : effective - lead + lead / 10;
}

/** Whether a notice at the given time was too late for its moment. */
export function isLate(moment: NoticeMoment, effective: Instant, at: Instant): boolean {
  const until = inTimeUntil(moment, effective);
  return until !== null && at > until;
}

/** Number of devices that received and that displayed a notice of the plan. */
export interface NoticeCount {
  readonly delivered: number;
  readonly displayed: number;
  /** Number of devices that received the notice too late (`isLate`). */
  readonly late: number;
}

/** Text that follows the moment's name and a colon. */
export function noticeCountWords({ delivered, displayed, late }: NoticeCount): string {
  const devices = `${delivered} ${delivered === 1 ? 'device' : 'devices'}`;
  return `delivered to ${devices}${late > 0 ? ` (${late} of them late)` : ''}, displayed on ${displayed}`;
}
