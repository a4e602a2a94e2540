/**
 * From what an admin writes to an order's terms: local times become instants, areas and services become codes that exist, or something stands
 * against it, with the word for it. Pure: `now` is an argument.
 */
import { parseOrderArea, parsePlace } from '../../shared/areas/area-code.ts';
import { CONTESTED, parseFeature } from '../../shared/areas/disputed-policy.ts';
import { CordonError } from '../../shared/errors.ts';
import { NOTICE_MOMENTS, type OrderAct, type OrderTerms, orderTermsSchema } from '../../shared/order/documents.ts';
import { requireExit } from '../../shared/order/exit.ts';
import { uselessCharacter } from '../../shared/text/visible-text.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { SERVICES, type Service } from '../../shared/verdict/terms.ts';
import type { Objections } from './objections.ts';

/** What a proposal need not say. */
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
] as const satisfies readonly (keyof OrderTerms)[];
type Optional = (typeof OPTIONAL)[number];
/** What the words of `areas` mean, looked up when they are proposed. */
type Defined = 'groups' | 'polygons';
type Written = 'areas' | Defined | 'services' | 'disputed' | 'effective' | 'until' | 'appeal' | 'internal' | Optional;

/** An admin's proposal. Times are RFC 3339 with an offset, or local time in `zone`. */
export type TermsInput = Omit<OrderTerms, Written> & {
  /** Null takes away what was said. */
  readonly [K in Optional]?: OrderTerms[K] | null;
} & {
  readonly areas: readonly string[];
  readonly services: readonly string[];
  /** Feature → area or `contested`. Ground that the areas touch and that is not in it counts as the policy in force says. */
  readonly disputed: Readonly<Record<string, string>>;
  readonly effective: string;
  readonly until: string | null;
  /** Absent: the installation's own. */
  readonly appeal?: string | undefined;
};
export type TermsChanges = { readonly [K in keyof TermsInput]?: TermsInput[K] | undefined };

/** The same while it is being written: anything may be missing, and no word has been checked. */
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
  return [parseFeature(feature), area === CONTESTED ? CONTESTED : parsePlace(area)];
}

/** BCP 47 without extended language subtags (ECMA-402): what browsers and pages can name, and write in its direction. */
function checkLanguage(tag: string): void {
  try {
    Intl.getCanonicalLocales(tag);
  } catch (cause) {
    throw new CordonError(
      'invalid_input',
      `“${tag}” is no language tag: write the language, and behind it, where it matters, its script and then its country: ur, pt-BR, sr-Latn-RS.`,
      { language: tag },
      cause,
    );
  }
}

/** What to write, for each field that is missing or does not fit. */
const WANTED: Readonly<Record<keyof OrderTerms, string>> = {
  title: 'Give the order a title of 120 characters at most.',
  areas: 'Name at least one area: a country (PK), a subdivision (US-CA), a group (EU) or a polygon (XZ-name).',
  groups: 'A group has 300 members at most.',
  polygons: 'A polygon has 2000 points at most.',
  services: 'Choose at least one service.',
  nexus: 'Choose at least one tie: present, network, home or seat.',
  effective: 'Say when the order takes effect.',
  until: 'Say when the order ends, or that it has no end.',
  zone: 'Name the time zone in which the order states its times: Asia/Karachi.',
  mode: 'Choose what comes after: suspend or exit.',
  unknown: 'Say whether devices whose place nobody knows are allowed or denied.',
  contested: 'Say whether devices that may be inside or outside are allowed or denied.',
  stale: 'Say what a device does whose order list has expired: keep, allow or deny.',
  visitors: 'Give visitors their grace as days, hours and minutes: P7D, PT12H, or PT0S for none.',
  travellers: 'Say whether those who are at home there and travel elsewhere are allowed or denied.',
  waiting: 'Say what becomes of messages that wait for a device: hold, deliver or return.',
  disputed: 'Say of each disputed place which country the order takes it to be in, or contested.',
  authority: 'Name the authority behind the order (4000 characters at most).',
  addressee: 'Name whom the order is addressed to (4000 characters at most).',
  instrument: 'Name the law or directive that it rests on (4000 characters at most).',
  statement: 'Write the public statement under the tag of its language: en, ur (4000 characters at most).',
  appeal: 'Say whom a person who is denied can turn to (4000 characters at most).',
  receivedOn: 'Say on which day the instrument was received: 2015-07-22.',
  answerBy: 'Say when the instrument is to be answered by.',
  provenance: 'Say whether the order is asserted, confirmed or disputed.',
  documents: 'Name each document that was received once, with its title (200 characters at most), 20 of them at most.',
  notice: 'Write what people on devices are told under the tag of its language: en, ur (4000 characters at most).',
  publication: 'Say until when the order is kept from the public, or by which law.',
  noticePlan: 'Say when people are told: P30D, P7D, P1D, PT1H, entry, withdrawal.',
  exportWindow: 'Say how long people can export as days, hours and minutes: P30D.',
  answers: 'Name the order that this one answers by its number: 2015-001.',
  internal: 'The decision record is kept by the server, which works out its hash.',
};

function isTerm(field: unknown): field is keyof OrderTerms {
  return typeof field === 'string' && Object.hasOwn(WANTED, field);
}

/** The shape of the signed document itself. A field that something stands against already, or that cannot be read yet, is not spoken of again. */
function checkShape(terms: object, unread: ReadonlySet<string>, objections: Objections): OrderTerms | null {
  const parsed = orderTermsSchema.safeParse(terms);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    const [top] = path;
    const field = path.map(String).join('.');
    if (objections.about(field) || (isTerm(top) && (objections.about(top) || unread.has(top)))) continue;
    objections.add(field, 'invalid_input', isTerm(top) ? WANTED[top] : message, { field }, parsed.error);
  }
  return null;
}

/** What each act may change; what is not named stays. */
const CHANGEABLE: Readonly<Record<OrderAct, 'all' | readonly (keyof TermsInput)[]>> = {
  propose: 'all',
  revise: 'all',
  extend: ['effective', 'until', 'zone'],
  hold: [],
  release: [],
  exit: [],
  withdraw: [],
};

function checkChanges(act: OrderAct, given: TermsDraft, objections: Objections): void {
  const allowed = CHANGEABLE[act];
  if (allowed === 'all') return;
  for (const field of Object.keys(given)) {
    if (allowed.some((each) => each === field)) continue;
    objections.add(field, 'invalid_input', `To ${act} an order changes nothing of ${field}: revise it instead.`);
  }
  if (act === 'extend' && given.effective === undefined && given.until === undefined) {
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

/** Hidden characters that no legal text needs could show readers other words than approvers sign. */
function checkTexts(given: TermsDraft, objections: Objections): void {
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
  for (const field of TEXTS) check(field, given[field]);
}

export interface TermsRead {
  /** Null while something stands against them. */
  readonly terms: OrderTerms | null;
  /** How the times are read, whatever else is wrong; null while they cannot be, and for an order without an end. */
  readonly effective: Instant | null;
  readonly until: Instant | null;
}

/** The terms after an act, or of a new order. `base`: those before. `appeal`: the installation's own, for an order that names none. */
export function readTerms(
  act: OrderAct,
  draft: TermsDraft,
  from: { readonly base: OrderTerms | null; readonly appeal: string },
  now: Instant,
  objections: Objections,
): TermsRead {
  const { base } = from;
  const before = objections.all.length;
  const given: TermsDraft = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
  checkChanges(act, given, objections);
  checkTexts(given, objections);
  if (act === 'exit' && base) {
    objections.try('act', () => requireExit(base, now));
    if (base.until !== null && Date.parse(base.until) <= now) {
      const detail = `The order ended at ${base.until} and denies nobody anything: there is nothing to carry out.`;
      objections.add('act', 'act_not_allowed', detail);
    }
  }

  const areas = given.areas?.map((area, index) => objections.try(`areas.${index}`, () => parseOrderArea(area)));
  const services = given.services?.map((name, index) => objections.try(`services.${index}`, () => readService(name)));
  const disputed =
    given.disputed &&
    Object.entries(given.disputed).map(([feature, area]) =>
      objections.try(`disputed.${feature}`, () => readFeature(feature, area)),
    );
  for (const field of ['statement', 'notice'] as const) {
    for (const tag of Object.keys(given[field] ?? {})) objections.try(`${field}.${tag}`, () => checkLanguage(tag));
  }
  const { zone: named } = given;
  const zone = named === undefined ? base?.zone : objections.try('zone', () => readZone(named));
  const unread = new Set<string>();
  const time = (field: 'effective' | 'until' | 'answerBy' | 'publication', written: string): string | undefined => {
    if (written === '') return undefined;
    // Without its zone a local time means nothing yet; the zone is what is to be mended.
    if (zone === undefined && !OFFSET.test(written)) {
      unread.add(field);
      return undefined;
    }
    return objections.try(field, () => new Date(readTime(written, zone ?? 'UTC')).toISOString());
  };
  const effective = given.effective === undefined ? base?.effective : time('effective', given.effective);
  const until = given.until === undefined ? base?.until : given.until === null ? null : time('until', given.until);

  const { publication, noticePlan } = given;
  const answerBy = given.answerBy == null ? given.answerBy : time('answerBy', given.answerBy);
  const published =
    publication && 'until' in publication
      ? { until: time('publication', publication.until) ?? publication.until }
      : publication;

  const terms = checkShape(
    withoutNulls({
      appeal: from.appeal,
      ...base,
      ...given,
      ...(answerBy !== undefined && { answerBy }),
      ...(published !== undefined && { publication: published }),
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
  if (terms) checkPapers(terms, base, now, objections);
  return {
    terms: objections.all.length > before ? null : terms,
    effective: effective === undefined ? null : Date.parse(effective),
    until: until == null ? null : Date.parse(until),
  };
}

/** Contested ground is in no order's map. */
const isCounted = (each: [string, string] | undefined): each is [string, string] =>
  each?.[1] !== undefined && each[1] !== CONTESTED;

/** The signed document has one way of not saying something. */
function withoutNulls(terms: Readonly<Record<string, unknown>>): object {
  const taken = OPTIONAL.filter((field) => terms[field] === null || terms[field] === undefined);
  return Object.fromEntries(Object.entries(terms).filter(([field]) => !taken.some((each) => each === field)));
}

/** Each once, the earliest first. What is none of them stays, to be refused. */
function inOrder(moments: readonly string[]): string[] {
  const known: readonly string[] = NOTICE_MOMENTS;
  const place = (moment: string) => known.indexOf(moment);
  return [...new Set(moments)].sort((a, b) => place(a) - place(b));
}

/**
 * What can be said in itself, and not of this order or at this time. What stood in it already is not judged again by the time, nor by a rule that it may be
 * older than.
 */
function checkPapers(terms: OrderTerms, before: OrderTerms | null, now: Instant, objections: Objections): void {
  const { receivedOn, documents = [], publication, exportWindow, mode, until, zone } = terms;
  if (receivedOn !== undefined && receivedOn !== before?.receivedOn) {
    const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString();
    if (receivedOn > today) {
      const detail = `The instrument cannot have been received on ${receivedOn}: it is ${today} in ${zone}.`;
      objections.add('receivedOn', 'invalid_input', detail);
    }
  }
  if (new Set(documents.map(({ sha256 }) => sha256)).size < documents.length) {
    objections.add('documents', 'invalid_input', WANTED.documents);
  }
  if (publication && 'until' in publication && Date.parse(publication.until) <= now) {
    const same = before?.publication && 'until' in before.publication && before.publication.until === publication.until;
    const detail = `${publication.until} has passed: say nothing of publication, and the order is public.`;
    if (!same) objections.add('publication', 'invalid_input', detail);
  }
  if (exportWindow !== undefined && mode !== 'exit') {
    const detail = 'Only an order that leaves a country for good has an export window: take it away, or choose exit.';
    objections.add('exportWindow', 'invalid_input', detail);
  }
  if (mode === 'exit' && until !== null && !(before?.mode === mode && before.until === until)) {
    const detail =
      'An order that leaves a country for good has no end: let it last until it is withdrawn, or choose suspend.';
    objections.add('until', 'invalid_input', detail);
  }
}

/** A revision that leaves `effective` alone is never `effective_in_past`, and one that leaves `until` alone never `until_in_past`. */
function checkTimes(
  { effective, until }: { readonly effective: string | undefined; readonly until: string | null | undefined },
  before: OrderTerms | null,
  now: Instant,
  objections: Objections,
): void {
  if (effective === undefined) return;
  if (before?.effective !== effective && Date.parse(effective) < now) {
    const detail = `The order would take effect at ${effective}, which has passed.`;
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
