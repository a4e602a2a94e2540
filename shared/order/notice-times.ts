/**
 * Times of notices to users. A device that was offline reports a notice when it connects, possibly weeks late, and statistics must not
 * count the notice as on time.
 */
import type { Instant } from '../time/clock.ts';
import type { NoticeMoment } from './documents.ts';

/** Time between each notice and the effective time of an order, in milliseconds. */
const LEADS: Readonly<Partial<Record<NoticeMoment, number>>> = {
  P30D: 30 * 86_400_000,
  P7D: 7 * 86_400_000,
  P1D: 86_400_000,
  PT1H: 3_600_000,
  effective: 0,
};

/** Time at which a notice is due. Null for the withdrawal notice, whose time is unknown in advance. */
export function momentAt(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment];
  return lead === undefined ? null : effective - lead;
}

/**
 * Latest time at which a notice is on time: its due time plus a tenth of its lead time, such as 3 days for a lead time of 30 days. Null for
 * a notice without a lead time, which is never late.
 */
export function inTimeUntil(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment] ?? 0;
  return lead === 0 ? null : effective - lead + lead / 10;
}

export function isLate(moment: NoticeMoment, effective: Instant, at: Instant): boolean {
  const until = inTimeUntil(moment, effective);
  return until !== null && at > until;
}

export interface NoticeCount {
  readonly delivered: number;
  readonly displayed: number;
  /** Number of devices that received the notice too late (`isLate`). */
  readonly late: number;
}

export function noticeCountWords({ delivered, displayed, late }: NoticeCount): string {
  const devices = `${delivered} ${delivered === 1 ? 'device' : 'devices'}`;
  return `delivered to ${devices}${late > 0 ? ` (${late} of them late)` : ''}, displayed on ${displayed}`;
}
