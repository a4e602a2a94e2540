/** Decisions about a sent mail: what the server's response, its events and errors mean for the mail's state. */
import type { ErrorCode } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent, MailResponse } from '../../shared/protocol/mail-http.ts';
import type { MailDenial } from './mail.ts';
import type { CopiesRecord, OutgoingRecord } from './mail-records.ts';

const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 5 * 60_000;
/**
 * Maximum time between two attempts to reach a device whose queue is full. The time is long, because each attempt uploads the whole mail.
 */
const LONGEST_COPY_WAIT = 60 * 60_000;
/** Milliseconds after which the device stops its attempts to send a copy to a device whose queue is full. */
export const COPY_WITHIN = 5 * 86_400_000;

export interface NextDelivery {
  readonly outgoing: OutgoingRecord;
  /** Time of the next attempt to reach a mail connector; null if none is needed. */
  readonly due: number | null;
  /** True if the next attempt needs a new transport id, because the server remembers the response to the old one. */
  readonly isNewTransport: boolean;
}

type Denial = MailResponse['denial'];

/** Milliseconds until the next attempt after a number of failed attempts. */
export const waitAfter = (attempts: number): number => Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempts, 10));

const denialOf = (denial: Denial): MailDenial | null =>
  denial && { order: denial.order, detail: denial.detail, appeal: denial.appeal };

/** Decides the next step after the server's response. `connectors`: verified mail connectors. */
export function afterResponse(
  outgoing: OutgoingRecord,
  response: MailResponse,
  connectors: readonly DeviceId[],
  now: number,
): NextDelivery {
  const attempts = outgoing.attempts + 1;
  const done = (change: Partial<OutgoingRecord>): NextDelivery => ({
    outgoing: { ...outgoing, denial: null, detail: null, attempts: 0, ...change },
    due: null,
    isNewTransport: false,
  });
  const again = (change: Partial<OutgoingRecord>, isNewTransport: boolean): NextDelivery => ({
    outgoing: { ...outgoing, denial: null, detail: null, ...change, state: 'waiting', attempts },
    due: now + waitAfter(attempts),
    isNewTransport,
  });
  if (response.denial) {
    return { ...again({ denial: denialOf(response.denial) }, false), due: now + LONGEST_WAIT };
  }
  const known = new Set([...outgoing.connectors, ...connectors]);
  const own = response.recipients.find(({ device }) => known.has(device));
  const others = response.recipients.filter(({ device }) => !known.has(device));
  const copies = copiesAfter(outgoing.copies, others, now);
  switch (own?.outcome) {
    case 'stored':
      return done({ state: 'sent', copies });
    case 'held':
      return done({ state: 'held', denial: denialOf(own.denial), copies });
    case 'refused':
      return done({ state: 'returned', denial: denialOf(own.denial) });
    case 'full':
      return again({ detail: 'The queue of the mail connector is full. The device tries again.', copies }, true);
    case 'unknown':
    case undefined:
      return again({ detail: 'The mail connector was enrolled again. The device tries again.', copies }, true);
  }
}

type CopyOutcomes = readonly Pick<MailResponse['recipients'][number], 'device' | 'outcome'>[];

/**
 * Updates the record of copies for the user's other devices after a response. A device gets no copy if an order returns its mail, or if its
 * enrollment has ended.
 */
function copiesAfter(before: CopiesRecord | undefined, outcomes: CopyOutcomes, now: number): CopiesRecord {
  const full = outcomes.filter(({ outcome }) => outcome === 'full').map(({ device }) => device);
  const stored = outcomes.filter(({ outcome }) => outcome === 'stored' || outcome === 'held');
  const attempts = (before?.attempts ?? 0) + 1;
  return {
    stored: [...(before?.stored ?? []), ...stored.map(({ device }) => device)],
    full,
    since: before?.since ?? now,
    attempts,
    due: full.length === 0 ? null : now + copyWait(attempts),
    transport: null,
  };
}

const copyWait = (attempts: number): number => Math.min(LONGEST_COPY_WAIT, FIRST_WAIT * 2 ** Math.min(attempts, 20));

/** Decides the next step after an attempt. `response`: null if no response arrived. The next attempt then repeats the same sealed mail. */
export function afterCopies(outgoing: OutgoingRecord, response: MailResponse | null, now: number): NextDelivery {
  const { copies: before } = outgoing;
  if (!before) return { outgoing, due: null, isNewTransport: false };
  const attempts = before.attempts + 1;
  const copies =
    response === null || response.denial
      ? { ...before, attempts, due: now + copyWait(attempts) }
      : copiesAfter(before, response.recipients, now);
  return { outgoing: { ...outgoing, copies }, due: null, isNewTransport: false };
}

/** True if the attempts to reach devices with a full queue have lasted too long and must end. */
export const areCopiesOverdue = ({ copies }: OutgoingRecord, now: number): boolean =>
  copies !== undefined && copies.full.length > 0 && now - copies.since >= COPY_WITHIN;

/** Ends the attempts to reach the user's devices with a full queue. The user sees the reason beside the mail. */
export function withoutMissingCopies(outgoing: OutgoingRecord): NextDelivery {
  const { copies } = outgoing;
  const detail =
    'The mail is missing on another device of yours, because the queue of that device was full for 5 days.';
  return {
    outgoing: { ...outgoing, detail, ...(copies && { copies: { ...copies, full: [], due: null, transport: null } }) },
    due: null,
    isNewTransport: false,
  };
}

const FINAL: readonly ErrorCode[] = [
  'too_large',
  'invalid_input',
  'content_malformed',
  'not_found',
  'document_malformed',
];

/** Decides the next step after an error of an attempt. */
export function afterError(
  outgoing: OutgoingRecord,
  error: { readonly code: ErrorCode | null; readonly detail: string },
  now: number,
): NextDelivery {
  const isFinal = FINAL.some((code) => code === error.code);
  const attempts = outgoing.attempts + 1;
  return {
    outgoing: { ...outgoing, state: isFinal ? 'failed' : 'waiting', detail: error.detail, attempts },
    due: isFinal ? null : now + waitAfter(attempts),
    isNewTransport: false,
  };
}

/**
 * Decides the next step after an event about the mail. Returns null if the event does not concern a mail connector of this mail, because
 * events of the user's other devices have no effect.
 */
export function afterEvent(outgoing: OutgoingRecord, event: MailEvent, now: number): NextDelivery | null {
  if (!outgoing.connectors.includes(event.device)) return null;
  const next = (change: Partial<OutgoingRecord>): NextDelivery => ({
    outgoing: { ...outgoing, denial: null, detail: null, attempts: 0, ...change },
    due: null,
    isNewTransport: false,
  });
  switch (event.event) {
    case 'delivered':
      return next({ state: 'delivered' });
    case 'held':
      return next({ state: 'held', denial: denialOf(event.denial) });
    case 'released':
      return next({ state: 'sent' });
    case 'expired':
      return next({ state: 'expired' });
    case 'returned':
      if (event.denial) return next({ state: 'returned', denial: denialOf(event.denial) });
      // The connector's enrollment ended before the connector received the mail, so another connector may get the mail.
      return { ...next({ state: 'waiting' }), due: now, isNewTransport: true };
  }
}
