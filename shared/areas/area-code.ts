/**
 * A place that an order or a piece of evidence can name. Only the parsers below make an `AreaCode`, and only from ASCII capitals,
 * digits and a hyphen that stand in the tables: look-alike letters, lower case, `*` and withdrawn ISO codes are no area.
 *
 * - a country, ISO 3166-1 alpha-2, officially assigned (`PK`), and `XK` for Kosovo: user-assigned, taken as itself because IP
 *   databases, mobile networks and maps all answer with it;
 * - a subdivision, ISO 3166-2 (`US-CA`); those that ISO 3166-1 lists as well are refused here in favour of their own code
 *   (`US-PR` is `PR`): such a territory is itself and no order for the country reaches it;
 * - a named group (`EU`, `EEA`, `EFTA`, `GCC`): in an order only;
 * - disputed ground (`XX-kashmir`, see `disputed.ts`): in evidence only, since whose it is depends on the order.
 */
import { CordonError } from '../errors.ts';
// Codes alone, without names: a seventh of the package that they come from (`iso-3166.test.ts`), and browsers load them too.
import subdivisionCodes from './iso-3166.json' with { type: 'json' };

declare const areaCode: unique symbol;
export type AreaCode = string & { readonly [areaCode]: true };

/** Members by their ISO 3166-1 codes; a member's territory with a code of its own is itself and no member. */
const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK';
const GROUP_MEMBERS = {
  EU,
  EEA: `${EU} IS LI NO`,
  EFTA: 'CH IS LI NO',
  GCC: 'AE BH KW OM QA SA',
} as const;

export const DISPUTED_FEATURES = [
  'crimea',
  'donetsk',
  'luhansk',
  'kashmir',
  'golan',
  'east_jerusalem',
  'western_sahara',
  'northern_cyprus',
  'abkhazia',
  'south_ossetia',
  'transnistria',
  'kosovo',
  'taiwan',
  'somaliland',
] as const;
export type DisputedFeature = (typeof DISPUTED_FEATURES)[number];

/** Subdivisions in ISO 3166-2 that ISO 3166-1 lists in their own right. */
const OWN_CODE: Readonly<Record<string, string>> = {
  'CN-HK': 'HK',
  'CN-MO': 'MO',
  'CN-TW': 'TW',
  'FI-01': 'AX',
  'FR-971': 'GP',
  'FR-972': 'MQ',
  'FR-973': 'GF',
  'FR-974': 'RE',
  'FR-976': 'YT',
  'FR-BL': 'BL',
  'FR-MF': 'MF',
  'FR-NC': 'NC',
  'FR-PF': 'PF',
  'FR-PM': 'PM',
  'FR-TF': 'TF',
  'FR-WF': 'WF',
  'NL-AW': 'AW',
  'NL-BQ1': 'BQ',
  'NL-BQ2': 'BQ',
  'NL-BQ3': 'BQ',
  'NL-CW': 'CW',
  'NL-SX': 'SX',
  'NO-21': 'SJ',
  'NO-22': 'SJ',
  'US-AS': 'AS',
  'US-GU': 'GU',
  'US-MP': 'MP',
  'US-PR': 'PR',
  'US-UM': 'UM',
  'US-VI': 'VI',
};

/** Country → its subdivisions. */
const subdivisions: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(subdivisionCodes).map(([country, codes]) => [
    country,
    codes === '' ? [] : codes.split(' ').map((code) => `${country}-${code}`),
  ]),
);
const places: ReadonlySet<string> = new Set([
  ...subdivisions.keys(),
  'XK',
  ...[...subdivisions.values()].flat().filter((code) => !Object.hasOwn(OWN_CODE, code)),
]);
const groups: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(GROUP_MEMBERS).map(([name, members]) => [name, new Set(members.split(' '))]),
);
const groundCodes: ReadonlyMap<string, DisputedFeature> = new Map(
  DISPUTED_FEATURES.map((feature) => [`XX-${feature.replaceAll('_', '-')}`, feature]),
);

function isPlace(text: string): text is AreaCode {
  return places.has(text);
}
function isOrderable(text: string): text is AreaCode {
  return places.has(text) || groups.has(text);
}
function isObservable(text: string): text is AreaCode {
  return places.has(text) || groundCodes.has(text);
}

function unknownArea(text: string, allowed: string): CordonError {
  const own = OWN_CODE[text];
  const hint = own ? `: it has a code of its own, write ${own}` : `. Write ${allowed}, in capitals`;
  // JSON.stringify keeps control characters and look-alikes from passing as something else in a terminal or a log.
  const shown = JSON.stringify(text.slice(0, 40)).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );
  return new CordonError('unknown_area', `${shown} is no area that Cordon knows${hint}.`, { area: text.slice(0, 40) });
}

/** What an order may name: a country, a subdivision or a named group. Throws `unknown_area`. */
export function parseArea(text: string): AreaCode {
  if (isOrderable(text)) return text;
  throw unknownArea(
    text,
    'an ISO 3166-1 alpha-2 country (PK), an ISO 3166-2 subdivision (US-CA) or EU, EEA, EFTA, GCC',
  );
}

/** What a home, a seat or a statement may name: one place, no group. Throws `unknown_area`. */
export function parsePlace(text: string): AreaCode {
  if (isPlace(text)) return text;
  throw unknownArea(text, 'an ISO 3166-1 alpha-2 country (PK) or an ISO 3166-2 subdivision (US-CA)');
}

/** What evidence may name: a place or disputed ground. Throws `unknown_area`. */
export function parseEvidenceArea(text: string): AreaCode {
  if (isObservable(text)) return text;
  throw unknownArea(
    text,
    'an ISO 3166-1 alpha-2 country (PK), an ISO 3166-2 subdivision (US-CA) or disputed ground (XX-crimea)',
  );
}

/** For what a database or a table says: null instead of an error when it is no place that Cordon knows. */
export function placeOrNull(text: unknown): AreaCode | null {
  return typeof text === 'string' && isPlace(text) ? text : null;
}

/** The country of a subdivision; the area itself otherwise. Disputed ground has none and is itself. */
export function countryOf(area: AreaCode): AreaCode {
  if (area.length <= 3 || groundCodes.has(area)) return area;
  return parsePlace(area.slice(0, 2));
}

/** Groups become their members. Countries and subdivisions stay as they are: `covers` (`coverage.ts`) knows how they nest. */
export function expandAreas(areas: readonly AreaCode[]): Set<AreaCode> {
  const expanded = new Set<AreaCode>();
  for (const area of areas) {
    const members = groups.get(area);
    if (members) for (const member of members) expanded.add(parsePlace(member));
    else expanded.add(area);
  }
  return expanded;
}

/** Every country that an order, a home or a seat can name. */
export const COUNTRIES: readonly AreaCode[] = [...subdivisions.keys(), 'XK'].filter(isPlace);
export const AREA_GROUPS: readonly AreaCode[] = [...groups.keys()].filter(isOrderable);

/** A country's subdivisions; none for anything else. */
export function subdivisionsOf(area: AreaCode): AreaCode[] {
  return (subdivisions.get(area) ?? []).filter(isPlace);
}

export function groundArea(feature: DisputedFeature): AreaCode {
  return parseEvidenceArea(`XX-${feature.replaceAll('_', '-')}`);
}

/** The disputed feature that an evidence area stands for, or null. */
export function featureOf(area: AreaCode): DisputedFeature | null {
  return groundCodes.get(area) ?? null;
}
