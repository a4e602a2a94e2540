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
import { LONGEST_CODE, OWN_GROUP_CODE, POLYGON_CODE, POLYGON_VERSION, readAtom } from './atom.ts';
// Codes alone, without names: a seventh of the package that they come from (`iso-3166.test.ts`), and browsers load them too.
import subdivisionCodes from './iso-3166.json' with { type: 'json' };
import partCodes from './iso-3166-parts.json' with { type: 'json' };
import regionCodes from './un-regions.json' with { type: 'json' };

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

/** Subdivisions within others that the table puts side by side. */
const NESTED: Readonly<Record<string, string>> = {
  'BE-VLG': 'VAN VBR VLI VOV VWV',
  'BE-WAL': 'WBR WHT WLG WLX WNA',
  'GB-UKM': 'GBN NIR',
  'GB-GBN': 'EAW SCT',
  'GB-EAW': 'ENG WLS',
  'GB-NIR': 'ABC AND ANN BFS CCG DRS FMO LBC MEA MUL NMD',
  'GB-SCT':
    'ABD ABE AGB ANS CLK DGY DND EAY EDH EDU ELN ELS ERW FAL FIF GLG HLD IVC MLN MRY NAY NLK ORK PKN RFW SAY SCB SLK STG WDU WLN ZET',
  'GB-WLS': 'AGY BGE BGW CAY CGN CMN CRF CWY DEN FLN GWN MON MTY NTL NWP PEM POW RCT SWA TOF VGL WRX',
  'ID-JW': 'BT JB JI JK JT YO',
  'ID-KA': 'KB KI KS KT KU',
  'ID-ML': 'MA MU',
  'ID-NU': 'BA NB NT',
  'ID-PP': 'PA PB PD PE PS PT',
  'ID-SL': 'GO SA SG SN SR ST',
  'ID-SM': 'AC BB BE JA KR LA RI SB SS SU',
  'PK-KP': 'TA',
  'TH-20': 'S',
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
  [
    ...Object.entries(GROUP_MEMBERS),
    ...Object.entries(regionCodes).map(([code, { members }]) => [`UN-${code}`, members] as const),
  ].map(([name, members]) => [name, new Set(members.split(' '))]),
);
/** Subdivision → the larger one that it is part of, for those that are part of one. */
const parents: ReadonlyMap<string, string> = parentsOf({ ...partCodes, ...NESTED });

function parentsOf(parts: Readonly<Record<string, string>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [whole, codes] of Object.entries(parts)) {
    for (const code of codes.split(' ')) found.set(`${whole.slice(0, 2)}-${code}`, whole);
  }
  // Of the United Kingdom's districts England has the rest.
  for (const code of subdivisions.get('GB') ?? []) {
    if (code !== 'GB-UKM' && !found.has(code)) found.set(code, 'GB-ENG');
  }
  return found;
}

const groundCodes: ReadonlyMap<string, DisputedFeature> = new Map(
  DISPUTED_FEATURES.map((feature) => [`XX-${feature.replaceAll('_', '-')}`, feature]),
);

function isPlace(text: string): text is AreaCode {
  return places.has(text);
}
function isOrderable(text: string): text is AreaCode {
  return places.has(text) || groups.has(text);
}
/** A group of one's own, or a polygon. */
function isDefined(text: string): text is AreaCode {
  return text.length <= LONGEST_CODE && (OWN_GROUP_CODE.test(text) || POLYGON_CODE.test(text));
}
function isPolygonVersion(text: string): text is AreaCode {
  return POLYGON_VERSION.test(text);
}
function isObservable(text: string): text is AreaCode {
  if (places.has(text) || groundCodes.has(text)) return true;
  const atom = readAtom(text);
  return atom !== null && (places.has(atom.place) || groundCodes.has(atom.place));
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

const ORDERABLE =
  'an ISO 3166-1 alpha-2 country (PK), an ISO 3166-2 subdivision (US-CA), EU, EEA, EFTA, GCC or a region of M49 (UN-034)';

/** What a role may reach: a country, a subdivision or a group that everybody knows. Throws `unknown_area`. */
export function parseArea(text: string): AreaCode {
  if (isOrderable(text)) return text;
  throw unknownArea(text, ORDERABLE);
}

/** What an order may name: the same, a group of one's own or a polygon, whose definitions it holds itself. Throws `unknown_area`. */
export function parseOrderArea(text: string): AreaCode {
  if (isOrderable(text) || isDefined(text)) return text;
  throw unknownArea(text, `${ORDERABLE}, a group of your own (XG-name) or a polygon (XZ-name)`);
}

/** For what somebody is still writing: null where `parseOrderArea` would throw. */
export function orderAreaOrNull(text: string): AreaCode | null {
  return isOrderable(text) || isDefined(text) ? text : null;
}

/** One version of a polygon (`XZ-lahore@2`), as atoms and indexes name it. Throws `unknown_area`. */
export function polygonVersion(code: string, version: number): AreaCode {
  const text = `${code}@${version}`;
  if (isPolygonVersion(text)) return text;
  throw unknownArea(code, 'XZ- and a name in small letters (XZ-lahore)');
}

/** The place of an atom; what is none is itself. */
export function placeIn(area: AreaCode): AreaCode {
  const atom = readAtom(area);
  return atom ? parseEvidenceArea(atom.place) : area;
}

/** What a home, a seat or a statement may name: one place, no group. Throws `unknown_area`. */
export function parsePlace(text: string): AreaCode {
  if (isPlace(text)) return text;
  throw unknownArea(text, 'an ISO 3166-1 alpha-2 country (PK) or an ISO 3166-2 subdivision (US-CA)');
}

/** What evidence may name: a place or disputed ground, as an atom too. Throws `unknown_area`. */
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

/** The smallest area that holds this one: a subdivision’s larger one or its country. Null for all else. */
export function parentOf(area: AreaCode): AreaCode | null {
  if (area.length <= 3 || groundCodes.has(area) || kindOfDefined(area) !== null) return null;
  return parsePlace(parents.get(area) ?? area.slice(0, 2));
}

/** The area itself, and all that hold it. */
export function withParents(area: AreaCode): AreaCode[] {
  const chain = [area];
  for (let next = parentOf(area); next; next = parentOf(next)) chain.push(next);
  return chain;
}

/** Groups that everybody knows become their members. All else stays as it is: `coverage.ts` knows how places nest. */
export function expandAreas(areas: readonly AreaCode[]): Set<AreaCode> {
  const expanded = new Set<AreaCode>();
  for (const area of areas) {
    const members = membersOf(area);
    if (members) for (const member of members) expanded.add(member);
    else expanded.add(area);
  }
  return expanded;
}

/** The areas of `areas` that `reached` does not contain: `US` contains `US-CA`, and `EU` contains `FR`, never the other way. */
export function areasBeyond(reached: readonly AreaCode[], areas: readonly AreaCode[]): AreaCode[] {
  const within = expandAreas(reached);
  return [...expandAreas(areas)].filter((area) => !withParents(area).some((whole) => within.has(whole)));
}

/** Of a group that everybody knows; null for anything else. */
export function membersOf(area: AreaCode): AreaCode[] | null {
  const members = groups.get(area);
  return members ? [...members].map(parsePlace) : null;
}

/** Whether an order must hold its definition: a group of one's own, or a polygon. */
export function kindOfDefined(area: AreaCode): 'group' | 'polygon' | null {
  return area.startsWith('XG-') ? 'group' : area.startsWith('XZ-') ? 'polygon' : null;
}

/** Every country that an order, a home or a seat can name. */
export const COUNTRIES: readonly AreaCode[] = [...subdivisions.keys(), 'XK'].filter(isPlace);
export const AREA_GROUPS: readonly AreaCode[] = [...groups.keys()].filter(isOrderable);

/** All subdivisions within a country or a subdivision; none for anything else. */
export function subdivisionsOf(area: AreaCode): AreaCode[] {
  const ofCountry = (subdivisions.get(area.slice(0, 2)) ?? []).filter(isPlace);
  return area.length === 2 ? ofCountry : ofCountry.filter((code) => code !== area && withParents(code).includes(area));
}

export function groundArea(feature: DisputedFeature): AreaCode {
  return parseEvidenceArea(`XX-${feature.replaceAll('_', '-')}`);
}

/** The disputed feature that an evidence area stands for, or null. */
export function featureOf(area: AreaCode): DisputedFeature | null {
  return groundCodes.get(area) ?? null;
}
