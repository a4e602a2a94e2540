import type { AuthorityView, DisclosureView } from '../../../shared/api/disclosures.ts';
import { REFUSAL_WORDS, RULE_REASONS, type RuleReason } from '../../../shared/disclosure/refusal-reasons.ts';
import { ApiError } from '../../../shared/look/api-error.ts';

export const REQUEST_STATES = {
  drafted: { label: 'Pending approval', color: 'yellow' },
  approved: { label: 'Approved', color: 'cordon' },
  produced: { label: 'Produced', color: 'green' },
  refused: { label: 'Refused', color: 'red' },
} as const satisfies Record<DisclosureView['state'], { label: string; color: string }>;

export const AUTHORITY_STATES = {
  unconfirmed: { label: 'Key not verified', color: 'yellow' },
  verified: { label: 'Verified key', color: 'green' },
  revoked: { label: 'Key revoked', color: 'red' },
} as const satisfies Record<AuthorityView['state'], { label: string; color: string }>;

export const SOURCE_NAMES = {
  request: 'Refused by the rules',
  recorded: 'Recorded demand',
  decided: 'Refused by a person',
} as const;

/** Refusal of a demand by the rules of the desk. `id`: identifier under which the desk recorded the refusal. */
export interface RuleRefusal {
  readonly reason: RuleReason;
  readonly title: string;
  readonly answer: string;
  readonly id: string;
}

/** Returns the refusal that an error response reports; null for any other error. */
export function ruleRefusalOf(error: unknown): RuleRefusal | null {
  if (!(error instanceof ApiError)) return null;
  const reason = RULE_REASONS.find((each) => error.code === `disclosure_${each}`);
  const { refusal } = error.context;
  // The desk records each refusal of a demand. If the error names no record, it concerns a later step of a request.
  if (reason === undefined || typeof refusal !== 'string') return null;
  return { reason, ...REFUSAL_WORDS[reason], id: refusal };
}

const NEXT_STEPS: Readonly<Partial<Record<RuleReason, string>>> = {
  account_unknown: 'Check the identifier with the authority, and enter the demand again.',
  window_too_long: 'Ask the authority for a window of at most 90 days, or enter the 90 days that it needs most.',
  window_open: 'Ask the authority for the missing start or end.',
  future: 'Ask the authority for a window that has ended. Cordon never collects records on demand.',
  instrument_missing: 'Ask the authority for the instrument, and enter the demand again with its document.',
  instrument_used: 'Ask the authority for a second instrument for the second request.',
  instrument_expired: 'Ask the authority for a valid instrument.',
  authority_unverified:
    'Verify the key of the authority with a second person on the page Authorities. Then enter the demand again.',
};

/** Next step of an admin after a refusal. */
export const nextStep = (reason: RuleReason): string =>
  NEXT_STEPS[reason] ?? 'Send the answer to the authority. No further step can turn this demand into a request.';
