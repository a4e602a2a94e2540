/**
 * Parses the terms of an order from the admin's input: converts local times to instants, and names of areas and services to codes. Adds an
 * objection for each unreadable field. The functions are pure.
 */
import { parseHomeArea, parseOrderArea } from '../../../shared/areas/area-code.ts';
import { CONTESTED, parseTerritory } from '../../../shared/areas/territory-policy.ts';
import { CordonError } from '../../../shared/errors.ts';
import {
  NOTICE_MOMENTS,
  type OrderAction,
  type OrderTerms,
  orderTermsSchema,
} from '../../../shared/order/documents.ts';
import { requireExit } from '../../../shared/order/exit.ts';
import { uselessCharacter } from '../../../shared/text/visible-text.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { SERVICES, type Service } from '../../../shared/verdict/terms.ts';
import type { Objections } from './objections.ts';

const OPTIONAL = [
  'waiting',
  'receivedOn',
  'answerBy',
  'provenance',
  'documents',
  'notice',
  'publication',
  'noticePlan',
  'exportWindow',
  'answers',
  'authoritativeLanguage',
] as const satisfies readonly (keyof OrderTerms)[];
type Optional = (typeof OPTIONAL)[number];
type Defined = 'groups' | 'polygons';
type Written = 'areas' | Defined | 'services' | 'disputed' | 'effective' | 'until' | 'appeal' | 'internal' | Optional;

/** Terms as an admin enters them. A time is an RFC 3339 time with an offset, or a local time in the time zone `zone`. */
export type TermsInput = Omit<OrderTerms, Written> & {
  /** Value of an optional term. Null removes the value that the previous revision has. */
  readonly [K in Optional]?: OrderTerms[K] | null;
} & {
  readonly areas: readonly string[];
  readonly services: readonly string[];
  /**
   * Key: disputed territory. Value: area to which the territory belongs, or `contested`. For absent territories, the current territory
   * policy applies.
   */
  readonly disputed: Readonly<Record<string, string>>;
  readonly effective: string;
  readonly until: string | null;
  readonly appeal?: string | undefined;
};
export type TermsChanges = { readonly [K in keyof TermsInput]?: TermsInput[K] | undefined };

export type TermsDraft = { readonly [K in keyof TermsInput]?: Loose<TermsInput[K]> | undefined };
type Loose<T> = T extends readonly (infer Item)[]
  ? readonly Loose<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Loose<T[K]> }
    : T extends string
      ? string
      : T;

const OFFSET = /(?:Z|[+-]\d\d:\d\d)$/i;
const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/;

function withOffset(time: Temporal.ZonedDateTime): string {
  return time.toString({ timeZoneName: 'never' });
}

/** Parses a time. Throws `invalid_input`, or `ambiguous_local_time` with the two possible instants. */
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
  // A local time that a clock change skips or repeats is an error, as with `disambiguation: 'reject'` of Temporal. This error also names
  // the two possible instants.
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

function readZone(zone: string): string {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return zone;
  } catch (cause) {
    throw new CordonError(
      'invalid_input',
      `There is no time zone “${zone}”: write Asia/Karachi or UTC.`,
      { zone },
      cause,
    );
  }
}

function isService(name: string): name is Service {
  return SERVICES.some((service) => service === name);
}

function readService(name: string): Service {
  if (isService(name)) return name;
  throw new CordonError('unknown_service', `There is no service “${name}”: ${SERVICES.join(', ')}.`, { service: name });
}

function readFeature(feature: string, area: string): [string, string] {
  return [parseTerritory(feature), area === CONTESTED ? CONTESTED : parseHomeArea(area)];
}

/**
 * Rejects extended language subtags of BCP 47 (as ECMA-402 does), because browsers could not display the language's name or choose its
 * writing direction.
 */
function checkLanguage(tag: string): void {
  try {
    Intl.getCanonicalLocales(tag);
  } catch (cause) {
    throw new CordonError(
      'invalid_input',
      `“${tag}” is not a language tag. Write the language, then its script and its country where they matter: ur, pt-BR, sr-Latn-RS.`,
      { language: tag },
      cause,
    );
  }
}

const EXPECTED: Readonly<Record<keyof OrderTerms, string>> = {
  title: 'Give the order a title of 120 characters at most.',
  areas: 'Name at least one area: a country (PK), a subdivision (US-CA), a group (EU) or a polygon (XZ-name).',
  groups: 'A group has 300 members at most.',
  polygons: 'A polygon has 2000 points at most.',
  services: 'Choose at least one service.',
  nexus: 'Choose at least one nexus: present, network, home or seat.',
  effective: 'Enter the time at which the order takes effect.',
  until: 'Enter the time at which the order ends, or choose no end.',
  zone: 'Name the time zone in which the order states its times: Asia/Karachi.',
  mode: 'Choose the mode: suspend or exit.',
  unknown: 'Choose whether devices at an unknown location are allowed or denied.',
  contested: 'Choose whether devices that may be inside or outside the areas are allowed or denied.',
  stale: 'Choose what a device does when its order list has expired: keep, allow or deny.',
  visitors: 'Enter the grace period of visitors in days, hours and minutes: P7D, PT12H, or PT0S for none.',
  travelers:
    'Choose whether travelers are allowed or denied: devices whose home is in the areas, while they are elsewhere.',
  waiting: 'Choose what happens to messages that wait for a device: hold, deliver or return.',
  disputed: 'Assign each disputed territory to a country, or mark it as contested.',
  authority: 'Name the authority behind the order (4000 characters at most).',
  addressee: 'Name the addressee of the order (4000 characters at most).',
  instrument: 'Name the law or directive behind the order (4000 characters at most).',
  statement: 'Write the public statement under the tag of its language: en, ur (4000 characters at most).',
  appeal: 'Name the contact for affected people (4000 characters at most).',
  receivedOn: 'Enter the day on which the instrument was received: 2015-07-22.',
  answerBy: 'Enter the time by which the authority expects an answer.',
  provenance: 'Choose the provenance of the order: asserted, confirmed or disputed.',
  documents:
    'Name each received document once, with its title (200 characters at most). An order names 20 documents at most.',
  notice: 'Write the notice for users under the tag of its language: en, ur (4000 characters at most).',
  publication: 'Enter the time until which the order is withheld, or the law that withholds it.',
  noticePlan: `Choose the times of the notices: ${NOTICE_MOMENTS.join(', ')}.`,
  exportWindow: 'Enter the length of the export window in days, hours and minutes: P30D.',
  answers: 'Name the order that this one answers by its number: 2015-001.',
  authoritativeLanguage:
    'Name the language whose text is authoritative by its tag: en, ur. A new order with statements in several languages needs it.',
  internal: 'The server stores the decision record and computes its hash. Send the record itself.',
};

function isTerm(field: unknown): field is keyof OrderTerms {
  return typeof field === 'string' && Object.hasOwn(EXPECTED, field);
}

/** Checks the terms against the schema of the signed document. Adds no objection for a field that already has one. */
function checkShape(terms: object, unread: ReadonlySet<string>, objections: Objections): OrderTerms | null {
  const parsed = orderTermsSchema.safeParse(terms);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    const [top] = path;
    const field = path.map(String).join('.');
    if (objections.about(field) || (isTerm(top) && (objections.about(top) || unread.has(top)))) continue;
    objections.add(field, 'invalid_input', isTerm(top) ? EXPECTED[top] : message, { field }, parsed.error);
  }
  return null;
}

const CHANGEABLE: Readonly<Record<OrderAction, 'all' | readonly (keyof TermsInput)[]>> = {
  propose: 'all',
  revise: 'all',
  extend: ['effective', 'until', 'zone'],
  pause: [],
  resume: [],
  exit: [],
  withdraw: [],
};

function checkChanges(action: OrderAction, fields: TermsDraft, objections: Objections): void {
  const allowed = CHANGEABLE[action];
  if (allowed === 'all') return;
  for (const field of Object.keys(fields)) {
    if (allowed.some((each) => each === field)) continue;
    objections.add(field, 'invalid_input', `The action “${action}” cannot change ${field}. Revise the order instead.`);
  }
  if (action === 'extend' && fields.effective === undefined && fields.until === undefined) {
    objections.add('effective', 'invalid_input', 'To extend an order, give a new effective time or a new end.');
  }
}

const TEXTS = [
  'title',
  'authority',
  'addressee',
  'instrument',
  'appeal',
  'statement',
  'notice',
  'publication',
  'documents',
] as const;

/**
 * Rejects hidden characters, because they could make readers see a different text than the approvers signed. No legal text needs hidden
 * characters.
 */
function checkTexts(fields: TermsDraft, objections: Objections): void {
  const check = (field: string, value: unknown): void => {
    if (typeof value === 'string') {
      const found = uselessCharacter(value);
      if (found === null) return;
      const detail = `The text contains the hidden character ${found}, which readers do not see. Remove it: paste the text without formatting.`;
      objections.add(field, 'invalid_input', detail, { field, character: found });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) check(`${field}.${key}`, each);
    }
  };
  for (const field of TEXTS) check(field, fields[field]);
}

export interface TermsRead {
  readonly terms: OrderTerms | null;
  /** Start of the order, even if other fields are invalid; null if the start itself is unreadable. */
  readonly effective: Instant | null;
  readonly until: Instant | null;
}

/**
 * Parses the terms of a new or changed order. `base` has the order's terms before the change. `appeal` is the server's configured contact,
 * for an order that names no contact.
 */
export function readTerms(
  action: OrderAction,
  draft: TermsDraft,
  from: { readonly base: OrderTerms | null; readonly appeal: string },
  now: Instant,
  objections: Objections,
): TermsRead {
  const { base } = from;
  const before = objections.all.length;
  const fields: TermsDraft = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
  checkChanges(action, fields, objections);
  checkTexts(fields, objections);
  if (action === 'exit' && base) {
    objections.try('action', () => requireExit(base, now));
    if (base.until !== null && Date.parse(base.until) <= now) {
      const detail = `The order ended at ${base.until} and blocks no service, so there is no exit to carry out.`;
      objections.add('action', 'action_not_allowed', detail);
    }
  }

  const areas = fields.areas?.map((area, index) => objections.try(`areas.${index}`, () => parseOrderArea(area)));
  const services = fields.services?.map((name, index) => objections.try(`services.${index}`, () => readService(name)));
  const disputed =
    fields.disputed &&
    Object.entries(fields.disputed).map(([feature, area]) =>
      objections.try(`disputed.${feature}`, () => readFeature(feature, area)),
    );
  for (const field of ['statement', 'notice'] as const) {
    for (const tag of Object.keys(fields[field] ?? {})) objections.try(`${field}.${tag}`, () => checkLanguage(tag));
  }
  const language = authoritativeOf(action, fields, objections);
  const { zone: named } = fields;
  const zone = named === undefined ? base?.zone : objections.try('zone', () => readZone(named));
  const unread = new Set<string>();
  const time = (field: 'effective' | 'until' | 'answerBy' | 'publication', written: string): string | undefined => {
    if (written === '') return undefined;
    // Without a time zone, a local time cannot be converted. Add no objection here, because the missing time zone already has one.
    if (zone === undefined && !OFFSET.test(written)) {
      unread.add(field);
      return undefined;
    }
    return objections.try(field, () => new Date(readTime(written, zone ?? 'UTC')).toISOString());
  };
  const effective = fields.effective === undefined ? base?.effective : time('effective', fields.effective);
  const until = fields.until === undefined ? base?.until : fields.until === null ? null : time('until', fields.until);

  const { publication, noticePlan } = fields;
  const answerBy = fields.answerBy == null ? fields.answerBy : time('answerBy', fields.answerBy);
  const published =
    publication && 'until' in publication
      ? { until: time('publication', publication.until) ?? publication.until }
      : publication;

  const terms = checkShape(
    withoutNulls({
      appeal: from.appeal,
      ...base,
      ...fields,
      ...(answerBy !== undefined && { answerBy }),
      ...(published !== undefined && { publication: published }),
      ...(language !== undefined && { authoritativeLanguage: language }),
      ...(noticePlan && { noticePlan: inOrder(noticePlan) }),
      ...(areas && { areas: [...new Set(areas.filter((area) => area !== undefined))].sort() }),
      ...(services && { services: SERVICES.filter((service) => services.includes(service)) }),
      ...(disputed && { disputed: Object.fromEntries(disputed.filter(isCounted)) }),
      effective,
      until,
    }),
    unread,
    objections,
  );
  checkTimes({ effective, until }, base, now, objections);
  if (terms) checkLegalBasis(terms, base, now, objections);
  return {
    terms: objections.all.length > before ? null : terms,
    effective: effective === undefined ? null : Date.parse(effective),
    until: until == null ? null : Date.parse(until),
  };
}

/** Language of the authoritative text. A new order with texts in several languages must name this language. */
function authoritativeOf(action: OrderAction, fields: TermsDraft, objections: Objections): string | null | undefined {
  const { authoritativeLanguage: named, statement = {} } = fields;
  if (named != null) {
    objections.try('authoritativeLanguage', () => checkLanguage(named));
    return named;
  }
  if (action !== 'propose') return named;
  const [first, second] = Object.keys(statement);
  if (second !== undefined) {
    objections.add('authoritativeLanguage', 'invalid_input', EXPECTED.authoritativeLanguage);
  }
  // The result is undefined for a malformed language tag, which another check rejects.
  return orderTermsSchema.shape.authoritativeLanguage.safeParse(first).data;
}

/** A signed order has no entry for a contested territory, which belongs to no country under this order. */
const isCounted = (each: [string, string] | undefined): each is [string, string] =>
  each?.[1] !== undefined && each[1] !== CONTESTED;

/** The signed document omits an optional field instead of setting the field to null. */
function withoutNulls(terms: Readonly<Record<string, unknown>>): object {
  const omitted = OPTIONAL.filter((field) => terms[field] === null || terms[field] === undefined);
  return Object.fromEntries(Object.entries(terms).filter(([field]) => !omitted.some((each) => each === field)));
}

/** Removes repeated notice moments and sorts by time, earliest first. Keeps unknown moments, which the schema check then rejects. */
function inOrder(moments: readonly string[]): string[] {
  const known: readonly string[] = NOTICE_MOMENTS;
  const position = (moment: string) => known.indexOf(moment);
  return [...new Set(moments)].sort((a, b) => position(a) - position(b));
}

/**
 * Checks dates, documents, publication and exit of valid terms. Values from the order's previous revision may be in the past or break newer
 * rules.
 */
function checkLegalBasis(terms: OrderTerms, before: OrderTerms | null, now: Instant, objections: Objections): void {
  const { receivedOn, documents = [], publication, exportWindow, mode, until, zone } = terms;
  if (receivedOn !== undefined && receivedOn !== before?.receivedOn) {
    const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString();
    if (receivedOn > today) {
      const detail = `The instrument cannot have been received on ${receivedOn}: it is ${today} in ${zone}.`;
      objections.add('receivedOn', 'invalid_input', detail);
    }
  }
  if (new Set(documents.map(({ sha256 }) => sha256)).size < documents.length) {
    objections.add('documents', 'invalid_input', EXPECTED.documents);
  }
  if (publication && 'until' in publication && Date.parse(publication.until) <= now) {
    const same = before?.publication && 'until' in before.publication && before.publication.until === publication.until;
    const detail = `${publication.until} has passed. Leave out the publication: the order is then public.`;
    if (!same) objections.add('publication', 'invalid_input', detail);
  }
  if (exportWindow !== undefined && mode !== 'exit') {
    const detail = 'Only an order with an exit has an export window. Remove the window, or choose the mode exit.';
    objections.add('exportWindow', 'invalid_input', detail);
  }
  if (mode === 'exit' && until !== null && !(before?.mode === mode && before.until === until)) {
    const detail = 'An order with an exit has no end. Remove the end, or choose the mode suspend.';
    objections.add('until', 'invalid_input', detail);
  }
}

/**
 * A start or end of an order in the past is valid only if the previous revision has the same value. Otherwise the check adds the objection
 * `effective_in_past` or `until_in_past`.
 */
function checkTimes(
  { effective, until }: { readonly effective: string | undefined; readonly until: string | null | undefined },
  before: OrderTerms | null,
  now: Instant,
  objections: Objections,
): void {
  if (effective === undefined) return;
  if (before?.effective !== effective && Date.parse(effective) < now) {
    const detail = `The order would take effect at ${effective}, which has passed. Enter a later time.`;
    objections.add('effective', 'effective_in_past', detail);
  }
  if (until != null && Date.parse(until) <= Date.parse(effective)) {
    const detail = `The order would end at ${until}, before it takes effect.`;
    objections.add('until', 'until_before_effective', detail);
  } else if (until != null && before?.until !== until && Date.parse(until) <= now) {
    const detail = `The order would have ended at ${until}, which has passed: give a later end, or withdraw it.`;
    objections.add('until', 'until_in_past', detail);
  }
}
