/** Reasons for which the disclosure desk refuses a demand. Each reason has an error code `disclosure_…` and is counted in public. */

/** Reasons that the rules decide, without a person. The type of a request cannot express most of these demands. */
export const RULE_REASONS = [
  'subject_list',
  'subject_wildcard',
  'subject_group',
  'subject_range',
  'subject_everyone',
  'subject_empty',
  'account_unknown',
  'content',
  'keys',
  'wholesale',
  'future',
  'window_open',
  'window_too_long',
  'instrument_missing',
  'instrument_used',
  'instrument_expired',
  'authority_unverified',
] as const;
export type RuleReason = (typeof RULE_REASONS)[number];

/** Reasons for which people of the desk refuse a drafted request. */
export const DECIDED_REASONS = ['objection_upheld', 'legal_defect', 'withdrawn_by_authority'] as const;
export type DecidedReason = (typeof DECIDED_REASONS)[number];

export const REFUSAL_REASONS = [...RULE_REASONS, ...DECIDED_REASONS] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

interface ReasonWords {
  readonly title: string;
  readonly answer: string;
}

const CANNOT_COMPLY =
  'We cannot comply. The published key inventory lists every key of the server. None of these keys decrypts a message. No function discloses records of several accounts.';

export const REFUSAL_WORDS: Readonly<Record<RefusalReason, ReasonWords>> = {
  subject_list: {
    title: 'The demand names several accounts',
    answer: 'A request names exactly one account. Send one request with its own legal instrument for each account.',
  },
  subject_wildcard: {
    title: 'The demand names accounts by a pattern',
    answer: 'A request names exactly one account by its identifier. Cordon accepts no pattern.',
  },
  subject_group: {
    title: 'The demand names a group',
    answer: 'A request names exactly one account. Cordon discloses nothing about a group.',
  },
  subject_range: {
    title: 'The demand names a range of accounts',
    answer: 'A request names exactly one account by its identifier. Cordon accepts no range.',
  },
  subject_everyone: {
    title: 'The demand concerns everyone',
    answer: 'A request names exactly one account. Cordon discloses nothing about everyone.',
  },
  subject_empty: {
    title: 'The demand names no account',
    answer: 'A request names exactly one account. Name the account by its identifier.',
  },
  account_unknown: {
    title: 'The account does not exist',
    answer: 'No account has this identifier. Nothing can be produced.',
  },
  content: {
    title: 'The demand asks for content or for unavailable records',
    answer:
      'The server cannot decrypt the content of messages or mail. The available records are the enrollment record, the connection log and order receipts.',
  },
  keys: { title: 'The demand asks for keys', answer: CANNOT_COMPLY },
  wholesale: { title: 'The demand asks for wholesale access', answer: CANNOT_COMPLY },
  future: {
    title: 'The demand concerns future records',
    answer: 'A window lies wholly in the past. Cordon collects nothing on demand.',
  },
  window_open: {
    title: 'The window has no start or no end',
    answer: 'A window has a start and an end. State both.',
  },
  window_too_long: {
    title: 'The window is longer than 90 days',
    answer: 'A window has at most 90 days. Narrow the window.',
  },
  instrument_missing: {
    title: 'The legal instrument is missing',
    answer: 'A request needs one legal instrument with its document, reference, issuer and dates.',
  },
  instrument_used: {
    title: 'The legal instrument was already used',
    answer: 'One instrument serves one request. A second production needs a second request with its own instrument.',
  },
  instrument_expired: {
    title: 'The legal instrument has expired',
    answer: 'The legal instrument is no longer valid. Send a valid one.',
  },
  authority_unverified: {
    title: 'The authority’s key is not verified',
    answer: 'Two people verify the key of an authority out of band before Cordon seals anything to it.',
  },
  objection_upheld: {
    title: 'An objection was upheld',
    answer: 'An objection by the person or by the organization was upheld.',
  },
  legal_defect: {
    title: 'The legal instrument does not support the request',
    answer: 'The legal instrument does not support the request.',
  },
  withdrawn_by_authority: {
    title: 'The authority withdrew the request',
    answer: 'The authority withdrew the request.',
  },
};
