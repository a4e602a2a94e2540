import { describe, expect, it } from 'vitest';
import { DISPUTED_FEATURES, expandAreas, groundArea, parseArea, parseEvidenceArea, parsePlace } from './area-code.ts';
import { agree, indexCodes, relate, searchCodes } from './coverage.ts';
import { DISPUTED } from './disputed.ts';
import { areasOfMcc } from './mcc.ts';
import { areasOfPosition } from './position.ts';
import { isSpecialAddress } from './special-addresses.ts';

const e = parseEvidenceArea;
const reach = (areas: string[], disputed: Record<string, string> = {}) => ({
  areas: expandAreas(areas.map(parseArea)),
  disputed: new Map(Object.entries(disputed).map(([feature, area]) => [feature, parsePlace(area)])),
});

describe('parseArea', () => {
  it.each(['PK', 'HK', 'XK', 'US-CA', 'GB-SCT', 'EU', 'EEA', 'EFTA', 'GCC'])('takes %s', (text) => {
    expect(parseArea(text)).toBe(text);
  });

  it.each([
    ['everything', '*'],
    ['nothing', ''],
    ['a blank', ' '],
    ['lower case', 'pk'],
    ['mixed case', 'Pk'],
    ['a blank around', 'PK '],
    ['Cyrillic look-alikes', 'РК'],
    ['full-width letters', 'ＰＫ'],
    ['a zero-width joiner', 'P\u200dK'],
    ['a Greek look-alike in a group', 'ΕU'],
    ['a withdrawn code: Soviet Union', 'SU'],
    ['a withdrawn code: Yugoslavia', 'YU'],
    ['a withdrawn code: Netherlands Antilles', 'AN'],
    ['a withdrawn code: Zaire', 'ZR'],
    ['a reserved code: UK', 'UK'],
    ['the United Nations', 'UN'],
    ['a code that nobody has', 'ZZ'],
    ['alpha-3', 'PAK'],
    ['a number', '586'],
    ['an unknown subdivision', 'US-ZZ'],
    ['a territory as a subdivision', 'US-PR'],
    ['Hong Kong as a subdivision', 'CN-HK'],
    ['disputed ground', 'XX-crimea'],
    ['an object key', '__proto__'],
    ['a range', 'PK-*'],
  ])('case 30: refuses %s', (_, text) => {
    expect(() => parseArea(text)).toThrow(expect.objectContaining({ code: 'unknown_area' }));
  });

  it('shows a look-alike for what it is', () => {
    expect(() => parseArea('РК')).toThrow(/\\u\{420\}\\u\{41a\}/);
    expect(() => parseArea('US-PR')).toThrow(/write PR/);
  });

  it('takes no group for a home', () => expect(() => parsePlace('EU')).toThrow());
});

it('expands groups by the members of today', () => {
  const size = (group: string) => expandAreas([parseArea(group)]).size;
  expect([size('EU'), size('EEA'), size('EFTA'), size('GCC')]).toEqual([27, 30, 4, 6]);
  expect([...expandAreas([parseArea('GCC'), parseArea('PK')])].sort()).toEqual('AE BH KW OM PK QA SA'.split(' '));
});

describe('relate', () => {
  it.each([
    ['a country is inside itself', ['PK'], ['PK'], {}, 'inside'],
    ['a country covers its subdivisions', ['US-CA'], ['US'], {}, 'inside'],
    ['a country may lie in its subdivision', ['US'], ['US-CA'], {}, 'contested'],
    ['another subdivision', ['US-NV'], ['US-CA'], {}, 'outside'],
    ['a territory is itself', ['HK'], ['CN'], {}, 'outside'],
    ['so is Puerto Rico', ['PR'], ['US'], {}, 'outside'],
    ['so is Greenland, also in the EU', ['GL'], ['EU'], {}, 'outside'],
    ['a member of a group', ['FR'], ['EU'], {}, 'inside'],
    ['a border', ['IN', 'PK'], ['PK'], {}, 'contested'],
    ['both sides of a border', ['IN', 'PK'], ['IN', 'PK'], {}, 'inside'],
    ['disputed ground, no map', ['XX-crimea'], ['UA'], {}, 'contested'],
    ['all claimants', ['XX-crimea'], ['UA', 'RU'], {}, 'inside'],
    ['no claimant', ['XX-crimea'], ['PK'], {}, 'outside'],
    ['the order’s own map', ['XX-crimea'], ['UA'], { crimea: 'UA' }, 'inside'],
    ['the other’s map', ['XX-crimea'], ['UA'], { crimea: 'RU' }, 'outside'],
    ['another feature’s map', ['XX-crimea'], ['UA'], { donetsk: 'UA' }, 'contested'],
    ['a code of the ground, no map', ['TW'], ['CN'], {}, 'outside'],
    ['a code of the ground, mapped', ['TW'], ['CN'], { taiwan: 'CN' }, 'inside'],
    ['mapped away from its own code', ['TW'], ['TW'], { taiwan: 'CN' }, 'outside'],
    ['a subdivision of disputed ground', ['UA-43'], ['RU'], { crimea: 'RU' }, 'inside'],
    ['a state without a code is not all the other’s', ['XX-somaliland'], ['SO'], {}, 'contested'],
  ])('%s', (_, candidates, areas, disputed, expected) => {
    expect(relate(candidates.map(e), reach(areas, disputed as Record<string, string>))).toBe(expected);
  });

  it('is never missed by the index', () => {
    const candidates = ['PK', 'US', 'US-CA', 'TW', 'HK', 'UA-43', ...DISPUTED_FEATURES.map(groundArea)].map(e);
    const orders = [
      ...['PK', 'US', 'US-CA', 'CN', 'TW', 'UA', 'RU', 'RU-MOW', 'UA-43', 'GE', 'EU', 'IL', 'TR'].map((area) =>
        reach([area]),
      ),
      reach(['TR'], { crimea: 'TR', taiwan: 'TR' }),
      reach(['UA-43'], { crimea: 'UA' }),
      reach(['CN'], { taiwan: 'CN-BJ' }),
    ];
    let touched = 0;
    for (const order of orders) {
      for (const candidate of candidates) {
        if (relate([candidate], order) === 'outside') continue;
        touched += 1;
        const found = indexCodes(candidate).some((code) => searchCodes(order).includes(code));
        expect(found, `${candidate} by ${[...order.areas]}`).toBe(true);
      }
    }
    expect(touched).toBeGreaterThan(30);
  });
});

it('lets evidence agree across levels and on disputed ground', () => {
  expect(agree(e('US'), e('US-CA'))).toBe(true);
  expect(agree(e('XX-crimea'), e('RU'))).toBe(true);
  expect(agree(e('UA-43'), e('XX-crimea'))).toBe(true);
  expect(agree(e('HK'), e('CN'))).toBe(false);
  expect(agree(e('US-NV'), e('US-CA'))).toBe(false);
  expect(agree(e('XX-crimea'), e('TR'))).toBe(false);
});

describe('areasOfMcc, on the real table', () => {
  it.each([
    ['410', ['PK']],
    ['420', ['SA']],
    ['424', ['AE']],
    ['454', ['HK']],
    ['302', ['CA']],
    ['262', ['DE']],
    ['221', ['XK']],
    ['255', ['UA']],
    ['289', ['XX-abkhazia']],
    ['425', ['IL', 'PS']],
    ['310', ['BM', 'GU', 'MP', 'PR', 'US', 'VI']],
    ['901', []],
    ['001', []],
    ['777', []],
    ['', []],
  ])('%s', (mcc, areas) => expect(areasOfMcc(mcc)).toEqual(areas));

  it('knows about as many codes as the world has, a few of them shared', () => {
    const all = Array.from({ length: 1000 }, (_, i) => areasOfMcc(String(i).padStart(3, '0')));
    expect(all.filter((areas) => areas.length > 0).length).toBeGreaterThan(225);
    expect(all.filter((areas) => areas.length > 1).length).toBeLessThan(14);
  });
});

describe('areasOfPosition, on the real map', () => {
  const at = (latitude: number, longitude: number, accuracy: number) =>
    areasOfPosition({ latitude, longitude, accuracy });

  it.each([
    ['Karachi', 24.86, 67.01, 40, ['PK']],
    ['Hong Kong', 22.3, 114.17, 50, ['HK']],
    ['San Juan', 18.4, -66.1, 50, ['PR']],
    ['Nuuk', 64.18, -51.72, 50, ['GL']],
    ['Ceuta', 35.89, -5.31, 20, ['ES']],
    ['Ramallah', 31.9, 35.2, 20, ['PS']],
    ['Fiji across the date line', -16.8, 179.99, 100, ['FJ']],
    ['Simferopol', 44.95, 34.1, 1000, ['XX-crimea']],
    ['Sevastopol', 44.6, 33.53, 500, ['XX-crimea']],
    ['Donetsk', 48, 37.8, 1000, ['XX-donetsk']],
    ['Mariupol', 47.1, 37.55, 500, ['XX-donetsk']],
    ['Luhansk', 48.57, 39.3, 1000, ['XX-luhansk']],
    ['Srinagar', 34.08, 74.8, 1000, ['XX-kashmir']],
    ['Leh', 34.16, 77.58, 1000, ['XX-kashmir']],
    ['Muzaffarabad', 34.37, 73.47, 200, ['XX-kashmir']],
    ['Gilgit', 35.92, 74.31, 1000, ['XX-kashmir']],
    ['Katzrin', 32.99, 35.69, 500, ['XX-golan']],
    ['the Old City of Jerusalem', 31.777, 35.234, 100, ['XX-east-jerusalem']],
    ['Laayoune', 27.15, -13.2, 500, ['XX-western-sahara']],
    ['Dakhla', 23.7, -15.93, 200, ['XX-western-sahara']],
    ['Kyrenia', 35.33, 33.32, 200, ['XX-northern-cyprus']],
    ['Sukhumi', 43.0, 41.02, 200, ['XX-abkhazia']],
    ['Tskhinvali', 42.23, 43.97, 100, ['XX-south-ossetia']],
    ['Tiraspol', 46.84, 29.63, 500, ['XX-transnistria']],
    ['Pristina', 42.66, 21.16, 500, ['XX-kosovo']],
    ['Taipei', 25.04, 121.5, 500, ['XX-taiwan']],
    ['Hargeisa', 9.56, 44.06, 500, ['XX-somaliland']],
    ['Kyiv', 50.45, 30.52, 500, ['UA']],
    ['Kharkiv', 49.99, 36.23, 500, ['UA']],
    ['Izium', 49.21, 37.25, 100, ['UA']],
    ['Krasnodar', 45.04, 38.98, 500, ['RU']],
    ['Rostov', 47.23, 39.7, 500, ['RU']],
    ['Lahore', 31.55, 74.34, 500, ['PK']],
    ['Sialkot', 32.49, 74.53, 500, ['PK']],
    ['Islamabad', 33.68, 73.05, 500, ['PK']],
    ['Pathankot', 32.27, 75.65, 200, ['IN']],
    ['Kashgar', 39.47, 75.99, 500, ['CN']],
    ['Damascus', 33.51, 36.29, 500, ['SY']],
    ['Tiberias', 32.79, 35.53, 300, ['IL']],
    ['West Jerusalem', 31.781, 35.213, 50, ['IL']],
    ['Agadir', 30.42, -9.6, 300, ['MA']],
    ['Nouadhibou', 20.93, -17.035, 50, ['MR']],
    ['Limassol', 34.68, 33.04, 300, ['CY']],
    ['Zugdidi', 42.51, 41.87, 200, ['GE']],
    ['Gori', 41.98, 44.11, 200, ['GE']],
    ['Chisinau', 47.01, 28.86, 500, ['MD']],
    ['Belgrade', 44.8, 20.46, 500, ['RS']],
    ['Xiamen', 24.48, 118.09, 500, ['CN']],
    ['Mogadishu', 2.04, 45.34, 500, ['SO']],
    ['Bosaso', 11.28, 49.18, 200, ['SO']],
  ])('%s', (_, latitude, longitude, accuracy, areas) => {
    expect(at(latitude, longitude, accuracy)).toEqual({ areas, whole: true });
  });

  it('sees both sides of a border, and says that no side holds the whole circle', () => {
    expect(at(31.6, 74.57, 5000)).toEqual({ areas: ['IN', 'PK'], whole: false });
    expect(at(22.53, 114.1, 3000)).toEqual({ areas: ['CN', 'HK'], whole: false });
    expect(at(47.58, 7.59, 5000)).toEqual({ areas: ['CH', 'DE', 'FR'], whole: false });
    expect(at(41.9, 12.45, 1000).areas).toEqual(['IT', 'VA']);
    expect(at(46.2, 33.7, 20_000).areas).toEqual(['UA', 'XX-crimea']);
  });

  it('finds no country at sea, and none in a circle that holds half the world or is no position', () => {
    for (const [latitude, longitude, accuracy] of [
      [0, -20, 100],
      [48, 10, 1_500_000],
      [95, 0, 1],
      [Number.NaN, 0, 1],
      [0, 0, -1],
    ] as const) {
      expect(at(latitude, longitude, accuracy)).toEqual({ areas: [], whole: false });
    }
  });

  it('gives all disputed ground more than one claimant', () => {
    for (const feature of DISPUTED_FEATURES) expect(DISPUTED[feature].claimants.length, feature).toBeGreaterThan(1);
  });
});

describe('isSpecialAddress', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::1.2.3.4',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:c000:204::1',
    '3fff::1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '5f00::1',
    '',
    'nonsense',
    '1.2.3',
    '01.2.3.4',
  ])('case 12: %s is no evidence', (address) => expect(isSpecialAddress(address)).toBe(true));

  it.each([
    '39.32.0.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.32.0.1',
    '198.20.0.1',
    '223.255.255.255',
    '::ffff:39.32.0.1',
    '::ffff:2720:1',
    '2400:adc0::1',
    '2001:4860:4860::8888',
    '2a00:1450::1',
    '2001:200::1',
  ])('%s is an address of somewhere', (address) => expect(isSpecialAddress(address)).toBe(false));
});
