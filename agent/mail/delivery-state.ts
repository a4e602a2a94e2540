/** Decisions about a sent mail: what the server's response, its events and errors mean for the mail's state. */
import type { ErrorCode } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent, MailResponse } from '../../shared/protocol/mail-http.ts';
import type { MailDenial } from './mail.ts';
import type { OutgoingRecord } from './mail-records.ts';

const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 5 * 60_000;

export interface NextDelivery {
  readonly outgoing: OutgoingRecord;
  /** Time of the next attempt; null if none is needed. */
  readonly due: number | null;
  /** True if the next attempt needs a new transport id, because the server remembers the response to the old one. */
  readonly isNewTransport: boolean;
}

type Denial = MailResponse['denial'];

/** Milliseconds before the next attempt. */
export const waitAfter = (attempts: number): number => Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempts, 10));

const denialOf = (denial: Denial): MailDenial | null =>
  denial && { order: denial.order, detail: denial.detail, appeal: denial.appeal };

/** `connectors`: verified mail connectors. */
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
  switch (own?.outcome) {
    case 'stored':
      return done({ state: 'sent' });
    case 'held':
      return done({ state: 'held', denial: denialOf(own.denial) });
    case 'refused':
      return done({ state: 'returned', denial: denialOf(own.denial) });
    case 'full':
      return again({ detail: 'The queue of the mail connector is full. The device tries again.' }, true);
    case 'unknown':
    case undefined:
      return again({ detail: 'The mail connector was enrolled again. The device tries again.' }, true);
  }
}

const FINAL: readonly ErrorCode[] = [
  'too_large',
  'invalid_input',
  'content_malformed',
  'not_found',
  'document_malformed',
];

/** `error`: error of an attempt. */
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

/** Null if the event does not concern a mail connector of this mail. Events of the user's other devices have no effect. */
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
      // The connector's enrollment ended before it had the mail, so another connector may get it.
      return { ...next({ state: 'waiting' }), due: now, isNewTransport: true };
  }
}
