/**
 * Times of a notice plan, and whether a notice was on time. A device that was offline reports the latest notice when it connects, possibly
 * weeks late. Statistics must not count such a notice as on time.
 */
import type { Instant } from '../time/clock.ts';
import type { NoticeMoment } from './documents.ts';

/** Lead of each notice: its time before the effective time, in milliseconds. */
const LEADS: Readonly<Partial<Record<NoticeMoment, number>>> = {
  P30D: 30 * 86_400_000,
  P7D: 7 * 86_400_000,
  P1D: 86_400_000,
  PT1H: 3_600_000,
  entry: 0,
};

/** Time at which a notice is due. Null for the withdrawal notice, whose time is unknown in advance. */
export function momentAt(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment];
  return lead === undefined ? null : effective - lead;
}

/**
 * Latest time at which a notice counts as on time: its due time plus a tenth of its lead time, such as 3 days for a lead of 30 days. A
 * notice without a lead time is never late, so the result is null.
 */
export function inTimeUntil(moment: NoticeMoment, effective: Instant): Instant | null {
  const lead = LEADS[moment] ?? 0;
  return lead === 0 ? null : effective - lead + lead / 10;
}

/** Whether a notice was displayed too late. */
export function isLate(moment: NoticeMoment, effective: Instant, at: Instant): boolean {
  const until = inTimeUntil(moment, effective);
  return until !== null && at > until;
}

/** Numbers of devices that have received a notice and of devices that have displayed it. */
export interface NoticeCount {
  readonly delivered: number;
  readonly displayed: number;
  /** Number of devices that received the notice too late (`isLate`). */
  readonly late: number;
}

/** Numbers of devices as text. Callers put the notice's name and a colon before this text. */
export function noticeCountWords({ delivered, displayed, late }: NoticeCount): string {
  const devices = `${delivered} ${delivered === 1 ? 'device' : 'devices'}`;
  return `delivered to ${devices}${late > 0 ? ` (${late} of them late)` : ''}, displayed on ${displayed}`;
}
