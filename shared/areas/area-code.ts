/**
 * Codes of areas, with one type for each vocabulary. Only the parsers below create these types. They accept only ASCII capitals, digits and
 * hyphens, so look-alike letters, lower case, `*` and withdrawn ISO codes are refused.
 * - Country: ISO 3166-1 alpha-2 (`PK`). `XK` for Kosovo is user-assigned, but IP databases, mobile networks and maps use it.
 * - Subdivision: ISO 3166-2 (`US-CA`). A subdivision with an ISO 3166-1 code of its own is refused in favor of that code (`US-PR` is `PR`),
 *   because an order for the country does not cover it.
 * - Named group (`EU`, `EEA`, `EFTA`, `GCC`): only in orders.
 * - Disputed territory (`XX-kashmir`): only in evidence, because the order decides to which country the territory belongs.
 */
import { CordonError } from '../errors.ts';
import {
  type EvidenceParts,
  LONGEST_CODE,
  OWN_GROUP_CODE,
  POLYGON_CODE,
  POLYGON_VERSION,
  readPolygons,
} from './evidence-text.ts';
// Area codes without their names, because browsers also load them. The npm package with names is seven times as large.
import subdivisionCodes from './iso-3166.json' with { type: 'json' };
import partCodes from './iso-3166-parts.json' with { type: 'json' };
import regionCodes from './un-regions.json' with { type: 'json' };

declare const vocabulary: unique symbol;
type Code<Vocabulary extends string> = string & { readonly [vocabulary]: { readonly [V in Vocabulary]: true } };

/** Area that an order or a role can name: a country, a subdivision, a group or a polygon. */
export type OrderArea = Code<'order'>;
/** Area in one observation of a device: a location, and polygons of which the observation says whether the device is inside. */
export type EvidenceArea = Code<'evidence'>;
export type LocationArea = Code<'evidence' | 'location'>;
/** Country or subdivision, as used for home areas, legal seats and location statements. */
export type HomeArea = Code<'order' | 'evidence' | 'location'>;
/** Version of a polygon, such as `XZ-lahore@2`. */
export type PolygonVersion = Code<'polygon'>;

/** Members of country groups. A territory with an ISO 3166-1 code of its own is not a member, even if its country is one. */
const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK';
const GROUP_MEMBERS = {
  EU,
  EEA: `${EU} IS LI NO`,
  EFTA: 'CH IS LI NO',
  GCC: 'AE BH KW OM QA SA',
} as const;

export const TERRITORIES = [
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
export type Territory = (typeof TERRITORIES)[number];

/** Subdivisions of ISO 3166-2 with a code of their own in ISO 3166-1. */
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

/** For some subdivisions, the larger subdivision that contains them, where the ISO 3166-2 table names none. */
const NESTED: Readonly<Record<string, string>> = {
  'BE-VLG': 'VAN VBR VLI VOV VWV',
  'BE-WAL': 'WBR WHT WLG WLX WNA',
  'GB-UKM': 'GBN NIR',
  'GB-GBN': 'EAW SCT',
  'GB-EAW': 'ENG WLS',
  'GB-NIR': 'ABC AND ANN BFS CCG DRS FMO LBC MEA MUL NMD',
  'GB-SCT': [
    'ABD ABE AGB ANS CLK DGY DND EAY EDH EDU ELN ELS ERW FAL FIF GLG',
    'HLD IVC MLN MRY NAY NLK ORK PKN RFW SAY SCB SLK STG WDU WLN ZET',
  ].join(' '),
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

const subdivisions: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(subdivisionCodes).map(([country, codes]) => [
    country,
    codes === '' ? [] : codes.split(' ').map((code) => `${country}-${code}`),
  ]),
);
const homeCodes: ReadonlySet<string> = new Set([
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
/** For each subdivision, the larger subdivision that contains it; absent if only the country contains it. */
const parents: ReadonlyMap<string, string> = parentsOf({ ...partCodes, ...NESTED });

function parentsOf(parts: Readonly<Record<string, string>>): Map<string, string> {
  const found = new Map<string, string>();
  for (const [whole, codes] of Object.entries(parts)) {
    for (const code of codes.split(' ')) found.set(`${whole.slice(0, 2)}-${code}`, whole);
  }
  // A district of the United Kingdom that belongs to no other nation is in England.
  for (const code of subdivisions.get('GB') ?? []) {
    if (code !== 'GB-UKM' && !found.has(code)) found.set(code, 'GB-ENG');
  }
  return found;
}

const territoryCodes: ReadonlyMap<string, Territory> = new Map(
  TERRITORIES.map((feature) => [`XX-${feature.replaceAll('_', '-')}`, feature]),
);

function isHomeArea(text: string): text is HomeArea {
  return homeCodes.has(text);
}
function isScopeArea(text: string): text is OrderArea {
  return homeCodes.has(text) || groups.has(text);
}
/** Whether the text is the code of a group or polygon of the organization. */
function isOwnArea(text: string): text is OrderArea {
  return text.length <= LONGEST_CODE && (OWN_GROUP_CODE.test(text) || POLYGON_CODE.test(text));
}
function isPolygonVersion(text: string): text is PolygonVersion {
  return POLYGON_VERSION.test(text);
}
function isLocation(text: string): text is LocationArea {
  return homeCodes.has(text) || territoryCodes.has(text);
}
function isEvidenceArea(text: string): text is EvidenceArea {
  return isLocation(readPolygons(text)?.location ?? text);
}

function unknownArea(text: string, allowed: string): CordonError {
  const own = OWN_CODE[text];
  const hint = own ? `: it has a code of its own, write ${own}` : `. Write ${allowed}, in capitals`;
  // Control characters and look-alikes are escaped, so that the text cannot imitate other text in a terminal or log.
  const shown = JSON.stringify(text.slice(0, 40)).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );
  return new CordonError('unknown_area', `${shown} is not an area that Cordon knows${hint}.`, {
    area: text.slice(0, 40),
  });
}

const SCOPE_AREAS =
  'an ISO 3166-1 alpha-2 country (PK), an ISO 3166-2 subdivision (US-CA), EU, EEA, EFTA, GCC or a region of M49 (UN-034)';

/** Area of a role: a country, a subdivision or a known group. Throws `unknown_area`. */
export function parseScopeArea(text: string): OrderArea {
  if (isScopeArea(text)) return text;
  throw unknownArea(text, SCOPE_AREAS);
}

/**
 * Area of an order: a country, a subdivision, a known group, or a group or polygon that the order itself defines. Throws `unknown_area`.
 */
export function parseOrderArea(text: string): OrderArea {
  if (isScopeArea(text) || isOwnArea(text)) return text;
  throw unknownArea(text, `${SCOPE_AREAS}, a group of your own (XG-name) or a polygon (XZ-name)`);
}

/** Throws `unknown_area` if `code` is not the code of a polygon. */
export function polygonVersion(code: string, version: number): PolygonVersion {
  const text = `${code}@${version}`;
  if (isPolygonVersion(text)) return text;
  throw unknownArea(code, 'XZ- and a name in small letters (XZ-lahore)');
}

const NONE: readonly string[] = [];

/** Separates the location of an evidence area from its polygons, without validation. */
export function partsOf(area: EvidenceArea): EvidenceParts<LocationArea> {
  return (readPolygons(area) ?? { location: area, inside: NONE, outside: NONE }) as EvidenceParts<LocationArea>;
}

/** Location of an evidence area. Verdicts call this function often, so it creates no object for an area without polygons. */
export function locationOf(area: EvidenceArea): LocationArea {
  return (area.includes('@') ? area.slice(0, area.search(/[+!]/)) : area) as LocationArea;
}

/** Parses a home area, a legal seat, or the area of a location statement: a country or subdivision, not a group. Throws `unknown_area`. */
export function parseHomeArea(text: string): HomeArea {
  if (isHomeArea(text)) return text;
  throw unknownArea(text, 'an ISO 3166-1 alpha-2 country (PK) or an ISO 3166-2 subdivision (US-CA)');
}

const LOCATIONS =
  'an ISO 3166-1 alpha-2 country (PK), an ISO 3166-2 subdivision (US-CA) or a disputed territory (XX-crimea)';

export function parseLocation(text: string): LocationArea {
  if (isLocation(text)) return text;
  throw unknownArea(text, LOCATIONS);
}

export function parseEvidenceArea(text: string): EvidenceArea {
  if (isEvidenceArea(text)) return text;
  throw unknownArea(text, LOCATIONS);
}

/** Country or subdivision from its code; null for other text. */
export function homeAreaOrNull(text: unknown): HomeArea | null {
  return typeof text === 'string' && isHomeArea(text) ? text : null;
}

/** Smallest area that contains the subdivision: a larger subdivision, or else the country. Null for areas that are no subdivision. */
export function parentOf(area: LocationArea | OrderArea): HomeArea | null {
  if (area.length <= 3 || territoryCodes.has(area) || ownAreaKind(area) !== null) return null;
  return parseHomeArea(parents.get(area) ?? area.slice(0, 2));
}

export function withParents<Area extends LocationArea | OrderArea>(area: Area): (Area | HomeArea)[] {
  const chain: (Area | HomeArea)[] = [area];
  for (let next = parentOf(area); next; next = parentOf(next)) chain.push(next);
  return chain;
}

/** Replaces each known group by its members. Throws `unknown_area` for a group or polygon of the organization. */
export function expandAreas(areas: readonly OrderArea[]): Set<HomeArea> {
  return new Set(areas.flatMap((area) => membersOf(area) ?? parseHomeArea(area)));
}

/** Areas in `areas` that no area in `scope` contains. For example, `US` contains `US-CA`, and `EU` contains `FR`, but not the reverse. */
export function areasOutside(scope: readonly OrderArea[], areas: readonly OrderArea[]): HomeArea[] {
  const within = expandAreas(scope);
  return [...expandAreas(areas)].filter((area) => !withParents(area).some((whole) => within.has(whole)));
}

/** Members of a known group of countries; null for other areas. */
export function membersOf(area: string): HomeArea[] | null {
  const members = groups.get(area);
  return members ? [...members].map(parseHomeArea) : null;
}

/** Kind of an area that the order itself must define; null for areas that need no definition. */
export function ownAreaKind(area: string): 'group' | 'polygon' | null {
  return area.startsWith('XG-') ? 'group' : area.startsWith('XZ-') ? 'polygon' : null;
}

/** All countries that an order, a home area or a legal seat can name. */
export const COUNTRIES: readonly HomeArea[] = [...subdivisions.keys(), 'XK'].filter(isHomeArea);
export const AREA_GROUPS: readonly OrderArea[] = [...groups.keys()].filter(isScopeArea);

/** All subdivisions of a country or of a larger subdivision; empty for other areas. */
export function subdivisionsIn(area: LocationArea): HomeArea[] {
  const inCountry = (subdivisions.get(area.slice(0, 2)) ?? []).filter(isHomeArea);
  if (area.length === 2) return inCountry;
  return inCountry.filter((code) => code !== area && withParents<LocationArea>(code).includes(area));
}

/** Territories of a country with ISO 3166-1 codes of their own (`FR`: `RE`, `GP` …). An order for the country does not cover them. */
export function dependenciesOf(country: OrderArea): HomeArea[] {
  const own = Object.entries(OWN_CODE).flatMap(([code, territory]) =>
    code.startsWith(`${country}-`) ? [territory] : [],
  );
  return [...new Set(own)].filter(isHomeArea);
}

export function territoryArea(feature: Territory): LocationArea {
  return parseLocation(`XX-${feature.replaceAll('_', '-')}`);
}

/** Disputed territory that a location names; null for other locations. */
export function territoryOf(area: LocationArea): Territory | null {
  return territoryCodes.get(area) ?? null;
}
