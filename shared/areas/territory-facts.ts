/**
 * Disputed territories. A position inside one is evidence of the territory only, not of the country to which the map data assigns it. Each
 * order can assign the territory to a country; otherwise it is treated as part of every claimant (`coverage.ts`). The outlines are drawn by
 * hand and rough. Where an outline follows an undisputed border, the map's own code (`within`) makes it exact.
 *
 * A claimant is a state that claims the territory or whose forces control it. No order can name a claimant without an ISO code. Without an
 * assignment, the territory of such a claimant therefore never belongs wholly to a country.
 */
import {
  type HomeArea,
  type LocationArea,
  parseHomeArea,
  type Territory,
  territoryArea,
  withParents,
} from './area-code.ts';
import { isInside, type Point } from './point.ts';

interface TerritoryFacts {
  readonly claimants: readonly LocationArea[];
  /**
   * ISO codes for exactly the land of a disputed territory. If an order assigns the territory to a country, the assignment also applies to
   * a device whose location evidence has one of these codes, or the code of a part of the territory.
   */
  readonly codes: readonly HomeArea[];
  /**
   * ISO 3166-2 subdivisions to which each claimant's own law assigns the territory. They may be larger than the territory (`IL-Z`). Some
   * claimants have none: `RU` claims Crimea, but ISO 3166-2 has no Russian code for it.
   */
  readonly claimedSubdivisions: Readonly<Record<string, readonly HomeArea[]>>;
  readonly outline: readonly Point[] | null;
  /**
   * Codes or identifiers that the map data has for land inside the territory's outline. An identifier such as `Q23681` stands for land
   * without a country code.
   */
  readonly within: readonly string[];
}

const codes = (text: string): HomeArea[] => (text === '' ? [] : text.split(' ').map(parseHomeArea));

/** Outline of the territory as text "lon,lat lon,lat …". The text does not repeat the first point at the end. */
function outline(text: string): Point[] {
  return text.split(' ').map((pair) => {
    const [lon, lat] = pair.split(',').map(Number);
    return [lon!, lat!];
  });
}

export const TERRITORY_FACTS: Readonly<Record<Territory, TerritoryFacts>> = {
  crimea: {
    claimants: codes('RU UA'),
    codes: codes('UA-43 UA-40'),
    claimedSubdivisions: { UA: codes('UA-40 UA-43') },
    outline: outline('32.2,44.2 36.62,44.2 36.62,45.6 35.4,46.25 32.2,46.25'),
    within: ['RU', 'UA'],
  },
  donetsk: {
    claimants: codes('RU UA'),
    codes: codes('UA-14'),
    claimedSubdivisions: { UA: codes('UA-14') },
    outline: outline(
      '36.9,46.8 38.3,46.95 38.5,47.5 39.1,47.85 38.87,47.95 38.82,48.08 38.6,48.2 38.45,48.3 38.5,48.36 38.3,48.55 38.25,48.9 ' +
        '38.05,49 38,49.2 37.6,49.2 37.4,49.08 37.1,48.85 37.05,48.65 36.75,48.6 36.95,48.25 36.75,48.05 36.6,47.9 36.6,47.6 36.95,47.4',
    ),
    within: ['UA', 'RU'],
  },
  luhansk: {
    claimants: codes('RU UA'),
    codes: codes('UA-09'),
    claimedSubdivisions: { UA: codes('UA-09') },
    outline: outline(
      '39.1,47.8 38.87,47.95 38.82,48.08 38.6,48.2 38.45,48.3 38.5,48.36 38.3,48.55 38.25,48.9 38.05,49 38,49.2 37.85,49.4 37.95,49.6 ' +
        '38,49.9 38.3,50.1 39.2,49.95 40.3,49.65 40.3,49 39.95,48.6 39.9,47.8',
    ),
    within: ['UA'],
  },
  kashmir: {
    claimants: codes('CN IN PK'),
    codes: codes('IN-JK IN-LA PK-GB PK-JK'),
    claimedSubdivisions: { CN: codes('CN-XJ CN-XZ'), IN: codes('IN-JK IN-LA'), PK: codes('PK-GB PK-JK') },
    outline: outline(
      '73.65,33.1 73.62,33.45 73.58,33.75 73.5,34.05 73.4,34.3 73.4,34.55 73.85,34.9 74.05,35.15 73.7,35.3 73.15,35.6 72.95,35.85 72.5,36.05 ' +
        '72.6,36.2 73.1,36.6 73.7,36.88 74.6,37 75.2,37 75.9,36.65 76.9,36.3 78.3,35.75 79.3,35.95 80.35,35.5 80.25,35.1 79.6,34.4 ' +
        '78.9,33.9 78.75,33.55 79.1,33.2 79.45,32.7 78.95,32.35 78.4,32.55 78,32.6 77.4,32.9 76.9,33 76.4,33.2 75.95,32.9 75.75,32.55 ' +
        '75.55,32.36 75.35,32.32 74.95,32.45 74.65,32.55 74.65,32.75 74.35,32.78 74.1,32.95',
    ),
    within: ['IN', 'PK', 'CN'],
  },
  golan: {
    claimants: codes('IL SY'),
    codes: [],
    claimedSubdivisions: { IL: codes('IL-Z'), SY: codes('SY-QU') },
    outline: outline(
      '35.66,32.7 35.9,32.7 35.95,33.1 35.85,33.42 35.75,33.34 35.66,33.28 35.645,33.2 35.63,33 35.63,32.9 35.66,32.78',
    ),
    within: ['IL'],
  },
  east_jerusalem: {
    claimants: codes('IL PS'),
    codes: [],
    claimedSubdivisions: { IL: codes('IL-JM'), PS: codes('PS-JEM') },
    outline: outline(
      '35.2285,31.77 35.2275,31.789 35.218,31.8 35.19,31.815 35.2,31.875 35.245,31.875 35.275,31.83 35.27,31.74 35.22,31.72 ' +
        '35.175,31.725 35.185,31.74 35.215,31.745',
    ),
    within: ['IL'],
  },
  western_sahara: {
    claimants: codes('EH MA'),
    codes: codes('EH'),
    claimedSubdivisions: { MA: codes('MA-10 MA-11 MA-12') },
    outline: outline(
      '-17.6,20.6 -12.9,20.6 -12.9,23.4 -11.9,23.4 -11.9,25.9 -8.5,25.9 -8.5,27.667 -13.6,27.667 -17.6,24',
    ),
    within: ['MA', 'EH'],
  },
  // The map has no country code for Northern Cyprus, only an identifier (`within`).
  northern_cyprus: {
    claimants: [...codes('CY TR'), territoryArea('northern_cyprus')],
    codes: [],
    claimedSubdivisions: { CY: codes('CY-01 CY-03 CY-04 CY-06') },
    outline: null,
    within: ['Q23681'],
  },
  abkhazia: {
    claimants: [...codes('GE RU'), territoryArea('abkhazia')],
    codes: codes('GE-AB'),
    claimedSubdivisions: { GE: codes('GE-AB') },
    outline: outline(
      '39.8,43.3 39.9,43.8 40.7,43.8 41.6,43.5 42.3,43.4 42.15,43.1 42.1,42.95 42,42.85 41.8,42.62 41.58,42.43 41.4,42.35 40.5,42.8',
    ),
    within: ['GE'],
  },
  south_ossetia: {
    claimants: [...codes('GE RU'), territoryArea('south_ossetia')],
    codes: [],
    claimedSubdivisions: { GE: codes('GE-IM GE-MM GE-RL GE-SK') },
    outline: outline(
      '43.6,42.62 43.45,42.38 43.75,42.17 44,42.19 44.25,42.13 44.35,42.03 44.6,42.05 44.6,42.25 44.3,42.45 44.2,42.7 43.85,42.8',
    ),
    within: ['GE'],
  },
  transnistria: {
    claimants: [...codes('MD RU'), territoryArea('transnistria')],
    codes: codes('MD-SN'),
    claimedSubdivisions: { MD: codes('MD-BD MD-SN') },
    outline: outline(
      '28.5,48.18 28.72,48.02 28.98,47.77 29.05,47.55 29.14,47.3 29.27,47.12 29.43,46.93 29.4,46.8 29.52,46.78 29.7,46.66 29.86,46.58 ' +
        '30.2,46.5 30.2,46.9 29.7,47.4 29.3,47.9 28.9,48.3',
    ),
    within: ['MD'],
  },
  kosovo: {
    claimants: codes('RS XK'),
    codes: codes('XK RS-KM'),
    claimedSubdivisions: { RS: codes('RS-KM') },
    outline: null,
    within: ['XK'],
  },
  // ISO 3166-2 also lists this territory as CN-TW. Cordon refuses that code in favor of TW.
  taiwan: { claimants: codes('CN TW'), codes: codes('TW'), claimedSubdivisions: {}, outline: null, within: ['TW'] },
  somaliland: {
    claimants: [...codes('SO'), territoryArea('somaliland')],
    codes: [],
    claimedSubdivisions: { SO: codes('SO-AW SO-SA SO-SO SO-TO SO-WO') },
    outline: outline('42.5,11.8 42.5,10.5 43.2,9.4 44,8.95 46.98,7.98 47.98,7.98 48.95,9.5 48.95,11.6'),
    within: ['SO'],
  },
};

const features = Object.entries(TERRITORY_FACTS) as [Territory, TerritoryFacts][];
const byCode: ReadonlyMap<LocationArea, Territory> = new Map(
  features.flatMap(([feature, territory]) => territory.codes.map((code) => [code, feature])),
);

/** Disputed territory that an ISO code names (`XK`, `UA-43`) or of which the code's area is a part (`TW-TPE`). Null for other codes. */
export function territoryNamedBy(area: LocationArea): Territory | null {
  const code = withParents(area).find((each) => byCode.has(each));
  return code === undefined ? null : byCode.get(code)!;
}

/** Disputed territory that contains a point; `names` are the code and identifier that the map has at this point. */
export function territoryAt(point: Point, names: readonly string[]): Territory | null {
  for (const [feature, territory] of features) {
    if (!territory.within.some((name) => names.includes(name))) continue;
    if (!territory.outline || isInside(point, territory.outline)) return feature;
  }
  return null;
}
