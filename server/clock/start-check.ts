/** Decides whether a server may start at the time that its clock shows. The functions are pure. */
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Accepted difference between the clocks of two machines, or of a machine and its time server, in milliseconds. */
export const CLOCK_TOLERANCE = 10 * MINUTE;
/**
 * Milliseconds before and after the time in `CORDON_ACCEPT_CLOCK` during which this variable is valid. A forgotten variable thus has no
 * later effect.
 */
export const ACCEPT_WITHIN = 15 * MINUTE;

/** Last recorded time at which a server ran, and the machine's uptime at that time. */
export interface Heartbeat {
  readonly at: Instant;
  readonly uptime: number;
  readonly boot: string | null;
}

/** Reading of an independent time source: the milliseconds by which this machine's clock is ahead. */
export interface MeasuredTime {
  readonly source: string;
  readonly ahead: number;
}

export interface StartFacts {
  readonly now: Instant;
  readonly uptime: number;
  readonly boot: string | null;
  /** Newest time that the server wrote into the store, and the table with this time; null for an empty store. */
  readonly newest: { readonly at: Instant; readonly what: string } | null;
  readonly heartbeat: Heartbeat | null;
  readonly measured: MeasuredTime | null;
  /** Date of this release. A correct clock shows a later time. */
  readonly released: Instant;
  readonly authorityEnds: Instant | null;
  /** `CORDON_JUMP_DAYS` in milliseconds. If the last write is older, a time source must confirm the clock. */
  readonly longestSilence: number;
  readonly accepted: Instant | null;
}

export interface StartDecision {
  /**
   * Reasons, as sentences, why the clock is implausible although an admin accepted the clock for this start. Null for a plausible clock.
   * For an implausible clock that no admin accepted, `checkStart` throws.
   */
  readonly objection: string | null;
}

export function checkStart(facts: StartFacts): StartDecision {
  const objection = objectionTo(facts);
  if (objection === null) return { objection: null };
  const { now, accepted } = facts;
  if (accepted !== null && Math.abs(now - accepted) <= ACCEPT_WITHIN) return { objection };
  const stale =
    accepted === null ? '' : ` CORDON_ACCEPT_CLOCK names ${iso(accepted)}, which is not the time that the clock shows.`;
  throw new CordonError(
    'clock_implausible',
    `${objection}${stale} The server does not start, because a wrong time would start and end orders on every device. Set the machine's clock. If the clock is right, start once with CORDON_ACCEPT_CLOCK=${iso(now)}: the ledger records it.`,
    { now },
  );
}

function objectionTo(facts: StartFacts): string | null {
  const { now, newest, heartbeat, measured, released, authorityEnds, longestSilence } = facts;
  const shows = `The machine's clock shows ${iso(now)}.`;
  if (now < released) return `${shows} This release dates from ${iso(released)}, which is later.`;
  if (measured !== null && Math.abs(measured.ahead) > CLOCK_TOLERANCE) {
    const side = measured.ahead > 0 ? 'ahead of' : 'behind';
    return `${shows} It is ${span(measured.ahead)} ${side} ${measured.source}.`;
  }
  if (newest !== null && now < newest.at - CLOCK_TOLERANCE) {
    return `${shows} The store already holds ${newest.what} of ${iso(newest.at)}, which is ${span(newest.at - now)} later.`;
  }
  if (authorityEnds !== null && now > authorityEnds) {
    return `${shows} The issuing certificate ended on ${iso(authorityEnds)}.`;
  }
  // A time source that agrees is stronger evidence than the times in the store.
  if (measured !== null) return null;
  if (heartbeat !== null && heartbeat.boot !== null && heartbeat.boot === facts.boot) {
    const expected = heartbeat.at + (facts.uptime - heartbeat.uptime);
    if (Math.abs(now - expected) > CLOCK_TOLERANCE) {
      const side = now > expected ? 'forward' : 'back';
      return `${shows} The machine's uptime says ${iso(expected)}: the clock was set ${side} by ${span(now - expected)} since the server last ran.`;
    }
    return null;
  }
  const last = Math.max(newest?.at ?? 0, heartbeat?.at ?? 0);
  if (last > 0 && now - last > longestSilence) {
    return `${shows} The newest time in the store is ${iso(last)}, which is ${span(now - last)} earlier, and no time source confirms the clock (CORDON_NTP names one).`;
  }
  return null;
}

const iso = (at: Instant): string => new Date(at).toISOString();

function span(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / MINUTE);
  const [count, unit] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 2 * 24 * 60
        ? [Math.round(minutes / 60), 'hour']
        : [Math.round((minutes * MINUTE) / DAY), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
