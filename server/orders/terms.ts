/**
 * From what an admin writes to an order's terms: local times become instants, areas and services become codes that exist, or the proposal is
 * refused with the word for it. Pure: `now` is an argument.
 */
import { DISPUTED_FEATURES, parseArea, parsePlace } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { type OrderAct, type OrderTerms, orderTermsSchema } from '../../shared/order/documents.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { SERVICES, type Service } from '../../shared/verdict/terms.ts';

type Written = 'areas' | 'services' | 'disputed' | 'effective' | 'until' | 'appeal';

/** An admin's proposal. Times are RFC 3339 with an offset, or local time in `zone`. */
export type TermsInput = Omit<OrderTerms, Written> & {
  readonly areas: readonly string[];
  readonly services: readonly string[];
  readonly disputed: Readonly<Record<string, string>>;
  readonly effective: string;
  readonly until: string | null;
  /** Absent: the installation's own. */
  readonly appeal?: string | undefined;
};
export type TermsChanges = { readonly [K in keyof TermsInput]?: TermsInput[K] | undefined };

const OFFSET = /(?:Z|[+-]\d\d:\d\d)$/i;
const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/;

function withOffset(time: Temporal.ZonedDateTime): string {
  return time.toString({ timeZoneName: 'never' });
}

/** The instant of a written time. Throws `invalid_input`, or `ambiguous_local_time` with the two instants that could be meant. */
export function readTime(written: string, zone: string): Instant {
  try {
    if (OFFSET.test(written)) return Temporal.Instant.from(written).epochMilliseconds;
  } catch (cause) {
    throw new CordonError(
      'invalid_input',
      `“${written}” is no time: write 2015-11-30T23:59+05:00.`,
      { written },
      cause,
    );
  }
  if (!LOCAL.test(written)) {
    throw new CordonError('invalid_input', `“${written}” is no time: write 2015-11-30T23:59 or add an offset.`, {
      written,
    });
  }
  let local: Temporal.PlainDateTime;
  let earlier: Temporal.ZonedDateTime;
  try {
    local = Temporal.PlainDateTime.from(written, { overflow: 'reject' });
    earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' });
  } catch (cause) {
    throw new CordonError('invalid_input', `“${written}” in zone “${zone}” is no time.`, { written, zone }, cause);
  }
  const later = local.toZonedDateTime(zone, { disambiguation: 'later' });
  // The same as `disambiguation: 'reject'`, and the two candidates are at hand for the answer.
  if (earlier.epochMilliseconds !== later.epochMilliseconds) {
    const suggestions = [withOffset(earlier), withOffset(later)];
    throw new CordonError(
      'ambiguous_local_time',
      `A clock change in ${zone} skips or repeats ${written}: say ${suggestions.join(' or ')}.`,
      { written, zone, suggestions },
    );
  }
  return earlier.epochMilliseconds;
}

function timestamp(written: string, zone: string): string {
  return new Date(readTime(written, zone)).toISOString();
}

function isService(name: string): name is Service {
  return SERVICES.some((service) => service === name);
}

function readServices(names: readonly string[]): Service[] {
  for (const name of names) {
    if (isService(name)) continue;
    throw new CordonError('unknown_service', `There is no service “${name}”: ${SERVICES.join(', ')}.`, {
      service: name,
    });
  }
  return SERVICES.filter((service) => names.includes(service));
}

function checkTimes(terms: OrderTerms, before: OrderTerms | null, now: Instant): void {
  const moved = before?.effective !== terms.effective;
  if (moved && Date.parse(terms.effective) < now) {
    throw new CordonError('effective_in_past', `The order would take effect at ${terms.effective}, which has passed.`);
  }
  if (terms.until !== null && Date.parse(terms.until) <= Date.parse(terms.effective)) {
    throw new CordonError('until_before_effective', `The order would end at ${terms.until}, before it takes effect.`);
  }
}

function checked(terms: unknown): OrderTerms {
  const parsed = orderTermsSchema.safeParse(terms);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue ? `${issue.path.join('.')}: ${issue.message}` : 'its fields';
  throw new CordonError('invalid_input', `The order's terms do not fit: ${where}.`, {}, parsed.error);
}

function readAreas(areas: readonly string[]): string[] {
  return [...new Set(areas.map((area) => parseArea(area)))].sort();
}

function readDisputed(disputed: Readonly<Record<string, string>>): Record<string, string> {
  for (const feature of Object.keys(disputed)) {
    if (DISPUTED_FEATURES.some((each) => each === feature)) continue;
    throw new CordonError('invalid_input', `“${feature}” is no disputed feature: ${DISPUTED_FEATURES.join(', ')}.`);
  }
  return Object.fromEntries(Object.entries(disputed).map(([feature, area]) => [feature, parsePlace(area)]));
}

/** The terms of a new order. */
export function makeTerms(input: TermsInput, defaults: { readonly appeal: string }, now: Instant): OrderTerms {
  const terms = checked({
    ...input,
    areas: readAreas(input.areas),
    services: readServices(input.services),
    disputed: readDisputed(input.disputed),
    effective: timestamp(input.effective, input.zone),
    until: input.until === null ? null : timestamp(input.until, input.zone),
    appeal: input.appeal ?? defaults.appeal,
  });
  checkTimes(terms, null, now);
  return terms;
}

/** What each act may change; what is not named stays. */
const CHANGEABLE: Readonly<Record<OrderAct, 'all' | readonly (keyof TermsInput)[]>> = {
  propose: 'all',
  revise: 'all',
  extend: ['effective', 'until', 'zone'],
  hold: [],
  release: [],
  withdraw: [],
};

/** The terms after an act. A revision that leaves `effective` alone is never `effective_in_past`. */
export function changeTerms(base: OrderTerms, act: OrderAct, changes: TermsChanges, now: Instant): OrderTerms {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const allowed = CHANGEABLE[act];
  const foreign = allowed === 'all' ? [] : Object.keys(given).filter((key) => !allowed.some((each) => each === key));
  if (foreign.length > 0) {
    throw new CordonError(
      'invalid_input',
      `To ${act} an order changes nothing of ${foreign.join(', ')}: revise it instead.`,
    );
  }
  if (act === 'extend' && changes.effective === undefined && changes.until === undefined) {
    throw new CordonError('invalid_input', 'To extend an order, give a new effective time or a new end.');
  }
  const zone = changes.zone ?? base.zone;
  const terms = checked({
    ...base,
    ...given,
    ...(changes.areas && { areas: readAreas(changes.areas) }),
    ...(changes.services && { services: readServices(changes.services) }),
    ...(changes.disputed && { disputed: readDisputed(changes.disputed) }),
    ...(changes.effective !== undefined && { effective: timestamp(changes.effective, zone) }),
    ...(changes.until && { until: timestamp(changes.until, zone) }),
  });
  checkTimes(terms, base, now);
  return terms;
}
