/**
 * Decides whether the desk refuses a demand, and for which reason. The functions are pure. `assessBody` classifies a request body that the
 * schema refused, because the schema cannot express over-wide demands. `authorityAndReference` reads two fields of such a body for the
 * record of the refusal. `assessRequest` decides about a well-formed request.
 */
import type { NewDisclosure } from '../../shared/api/disclosures.ts';
import { LONGEST_WINDOW_DAYS, RECORD_TYPES } from '../../shared/disclosure/record-types.ts';
import type { RuleReason } from '../../shared/disclosure/refusal-reasons.ts';
import { authorityIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';

const DAY = 86_400_000;

/** Facts about a well-formed request, from the store. */
export interface RequestFacts {
  readonly account: 'known' | 'unknown';
  readonly authority: 'unknown' | 'unconfirmed' | 'verified' | 'revoked';
  /** True if an earlier request names the same reference of the authority, or the same document. */
  readonly instrumentUsed: boolean;
  /** True if the server stores the document of the instrument with the stated type and size. */
  readonly documentStored: boolean;
}

/** Reason for a refusal; null if people may decide about the request. */
export function assessRequest(
  { window, instrument }: Pick<NewDisclosure, 'window' | 'instrument'>,
  facts: RequestFacts,
  now: number,
): RuleReason | null {
  if (facts.account === 'unknown') return 'account_unknown';
  if (!facts.documentStored || Date.parse(instrument.issuedAt) > now) return 'instrument_missing';
  if (facts.instrumentUsed) return 'instrument_used';
  if (Date.parse(instrument.expiresAt) <= now) return 'instrument_expired';
  if (facts.authority !== 'verified') return 'authority_unverified';
  return assessWindow(window, now);
}

/** Reason for the refusal of a window; null for a window of at most 90 days that lies wholly in the past. */
export function assessWindow(window: NewDisclosure['window'], now: number): RuleReason | null {
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  if (to > now) return 'future';
  if (to - from > LONGEST_WINDOW_DAYS * DAY) return 'window_too_long';
  return to > from ? null : 'window_open';
}

/**
 * Returns the reason why the schema refused a body. Null for an ordinary mistake, such as a missing title, that does not make the demand
 * over-wide.
 */
export function assessBody(body: unknown, now: number): RuleReason | null {
  const demand = fieldsOf(body);
  return (
    recordsReason(demand['records']) ??
    subjectReason(demand['person']) ??
    instrumentReason(demand['instrument']) ??
    (authorityIdSchema.safeParse(demand['authority']).success ? null : 'authority_unverified') ??
    windowReason(demand['window'], now)
  );
}

/** Maximum characters of a stored text from a refused body. The limit equals that of the same fields in a well-formed request. */
const LONGEST_TEXT = 200;

/**
 * Reads the authority (identifier or other text) and the reference of a body that the schema refused. Null for a field without readable
 * text. The record of the refusal needs both; nothing else of the body is stored.
 */
export function authorityAndReference(body: unknown): {
  readonly authority: string | null;
  readonly reference: string | null;
} {
  const demand = fieldsOf(body);
  return {
    authority: boundedText(demand['authority']),
    reference: boundedText(fieldsOf(demand['instrument'])['reference']),
  };
}

/** Text of one line. A longer text is cut, and ends with an ellipsis. */
function boundedText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  if (text === '') return null;
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1).replace(/\p{Cs}$/u, '')}…`;
}

function recordsReason(records: unknown): RuleReason | null {
  const names = (Array.isArray(records) ? records : [records]).filter((name) => name !== undefined).map(String);
  const known: readonly string[] = RECORD_TYPES;
  const other = names.filter((name) => !known.includes(name));
  if (other.some((name) => /\bkeys?\b|decrypt|escrow|passphrase/i.test(name))) return 'keys';
  if (other.some((name) => /^(all|any|everything|\*)$|wholesale|bulk|database|backup|intercept/i.test(name)))
    return 'wholesale';
  return other.length > 0 ? 'content' : null;
}

function subjectReason(person: unknown): RuleReason | null {
  if (Array.isArray(person)) return person.length === 0 ? 'subject_empty' : 'subject_list';
  if (typeof person === 'object' && person !== null) {
    const fields = Object.keys(person);
    if (fields.some((field) => /group/i.test(field))) return 'subject_group';
    if (fields.some((field) => /^(from|to|first|last|min|max)$/i.test(field))) return 'subject_range';
    return fields.length === 0 ? 'subject_empty' : 'subject_list';
  }
  if (typeof person !== 'string') return 'subject_empty';
  const text = person.trim();
  if (text === '') return 'subject_empty';
  if (personIdSchema.safeParse(text).success) return null;
  if (/^(everyone|everybody|all|any|anyone|anybody)\b/i.test(text)) return 'subject_everyone';
  if (/^(group\b|grp_)/i.test(text)) return 'subject_group';
  if (/\.\.|\bto\b|per_\w+\s*[-–—]\s*per_/.test(text)) return 'subject_range';
  if (/[,;|\n]|per_\w+\s+per_/.test(text)) return 'subject_list';
  if (/[*?%]/.test(text)) return 'subject_wildcard';
  return 'account_unknown';
}

function instrumentReason(instrument: unknown): RuleReason | null {
  const fields = fieldsOf(instrument);
  const needed = ['type', 'reference', 'issuer', 'issuedAt', 'expiresAt', 'document'];
  return needed.some((field) => isAbsent(fields[field])) ? 'instrument_missing' : null;
}

function windowReason(window: unknown, now: number): RuleReason | null {
  const { from, to } = fieldsOf(window);
  if (isAbsent(from) || isAbsent(to)) return 'window_open';
  const [begin, end] = [Date.parse(String(from)), Date.parse(String(to))];
  if (Number.isNaN(begin) || Number.isNaN(end)) return 'window_open';
  return end > now ? 'future' : null;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '';

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
