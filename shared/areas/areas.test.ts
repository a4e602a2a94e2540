import { describe, expect, it } from 'vitest';
import {
  expandAreas,
  parseEvidenceArea,
  parseHomeArea,
  parseOrderArea,
  parseScopeArea,
  TERRITORIES,
  territoryArea,
} from './area-code.ts';
import { agree, indexCodes, relate, searchCodes } from './coverage.ts';
import { areasOfMcc } from './mcc.ts';
import { isSpecialAddress } from './special-addresses.ts';

const e = parseEvidenceArea;
const orderAreas = (areas: string[], disputed: Record<string, string> = {}) => ({
  areas: expandAreas(areas.map(parseScopeArea)),
  disputed: new Map(Object.entries(disputed).map(([feature, area]) => [feature, parseHomeArea(area)])),
});

describe('parseScopeArea', () => {
  it.each(['PK', 'HK', 'XK', 'US-CA', 'GB-SCT', 'EU', 'EEA', 'EFTA', 'GCC'])('accepts %s', (text) => {
    expect(parseScopeArea(text)).toBe(text);
  });

  it.each([
    ['everything', '*'],
    ['nothing', ''],
    ['a blank', ' '],
    ['lower case', 'pk'],
    ['mixed case', 'Pk'],
    ['a space after the code', 'PK '],
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
    ['an unassigned code', 'ZZ'],
    ['alpha-3', 'PAK'],
    ['a number', '586'],
    ['an unknown subdivision', 'US-ZZ'],
    ['a territory as a subdivision', 'US-PR'],
    ['Hong Kong as a subdivision', 'CN-HK'],
    ['disputed territory', 'XX-crimea'],
    ['an object key', '__proto__'],
    ['a range', 'PK-*'],
  ])('case 30: refuses %s', (_, text) => {
    expect(() => parseScopeArea(text)).toThrow(expect.objectContaining({ code: 'unknown_area' }));
  });

  it('escapes look-alike letters in the error', () => {
    expect(() => parseScopeArea('РК')).toThrow(/\\u\{420\}\\u\{41a\}/);
    expect(() => parseScopeArea('US-PR')).toThrow(/write PR/);
  });

  it.each(['XG-sales', 'XZ-lahore', 'XZ-lahore-2', 'UN-034', 'PK', 'EU'])('accepts %s in an order', (text) => {
    expect(parseOrderArea(text)).toBe(text);
  });

  it.each([
    'XG-',
    'XG-Sales',
    'XZ-a b',
    'XZ--a',
    'XZ-a-',
    'xz-a',
    'XZ-lahore@1',
    `XZ-${'a'.repeat(30)}`,
    'XY-a',
    'UN-999',
    'XX-crimea',
  ])('case 30: lets no order name %s', (text) => {
    expect(() => parseOrderArea(text)).toThrow(expect.objectContaining({ code: 'unknown_area' }));
  });

  it.each(['XG-sales', 'XZ-lahore'])('refuses %s as role area, home area and evidence', (text) => {
    for (const parse of [parseScopeArea, parseHomeArea, parseEvidenceArea]) expect(() => parse(text)).toThrow();
  });

  it.each(['PK+XZ-a@1', 'PK-PB!XZ-a@1', 'XX-kashmir+XZ-a@1+XZ-b@2!XZ-c@10'])('accepts %s as evidence', (text) => {
    expect(parseEvidenceArea(text)).toBe(text);
    expect(() => parseHomeArea(text)).toThrow();
  });

  it.each([
    ['an unknown country', 'ZZ+XZ-a@1'],
    ['no place', '+XZ-a@1'],
    ['no version', 'PK+XZ-a'],
    ['version 0', 'PK+XZ-a@0'],
    ['unsorted polygons', 'PK+XZ-b@1+XZ-a@1'],
    ['polygons outside before polygons inside', 'PK!XZ-a@1+XZ-b@1'],
    ['the same polygon twice', 'PK+XZ-a@1+XZ-a@1'],
    ['one polygon inside and outside', 'PK+XZ-a@1!XZ-a@1'],
    ['a group', 'PK+XG-a@1'],
    ['a space after the polygon', 'PK+XZ-a@1 '],
    [
      'more polygons than one observation may name',
      `PK${Array.from({ length: 17 }, (_, i) => `+XZ-a${String(i).padStart(2, '0')}@1`).join('')}`,
    ],
  ])('case 30: takes %s for no evidence', (_, text) => {
    expect(() => parseEvidenceArea(text)).toThrow(expect.objectContaining({ code: 'unknown_area' }));
  });

  it('refuses a group as home area', () => expect(() => parseHomeArea('EU')).toThrow());
});

it('expands groups to their present members', () => {
  const size = (group: string) => expandAreas([parseScopeArea(group)]).size;
  expect([size('EU'), size('EEA'), size('EFTA'), size('GCC')]).toEqual([27, 30, 4, 6]);
  expect([...expandAreas([parseScopeArea('GCC'), parseScopeArea('PK')])].sort()).toEqual(
    'AE BH KW OM PK QA SA'.split(' '),
  );
});

describe('relate', () => {
  it.each([
    ['a country is inside itself', ['PK'], ['PK'], {}, 'inside'],
    ['a country covers its subdivisions', ['US-CA'], ['US'], {}, 'inside'],
    ['a device in a country may be in its subdivision', ['US'], ['US-CA'], {}, 'contested'],
    ['another subdivision', ['US-NV'], ['US-CA'], {}, 'outside'],
    ['Hong Kong is not part of CN', ['HK'], ['CN'], {}, 'outside'],
    ['a larger subdivision covers the subdivisions within it', ['ES-B'], ['ES-CT'], {}, 'inside'],
    ['a device in a larger subdivision may be in a smaller one', ['ES-CT'], ['ES-B'], {}, 'contested'],
    ['a device in another larger subdivision', ['ES-MD'], ['ES-B'], {}, 'outside'],
    ['a country covers the subdivisions of its subdivisions', ['GB-EDH'], ['GB'], {}, 'inside'],
    ['a large subdivision covers a smaller one with subdivisions of its own', ['GB-SCT'], ['GB-GBN'], {}, 'inside'],
    ['Puerto Rico is not part of US', ['PR'], ['US'], {}, 'outside'],
    ['Greenland is not part of the EU', ['GL'], ['EU'], {}, 'outside'],
    ['a member of a group', ['FR'], ['EU'], {}, 'inside'],
    ['a border', ['IN', 'PK'], ['PK'], {}, 'contested'],
    ['both sides of a border', ['IN', 'PK'], ['IN', 'PK'], {}, 'inside'],
    ['a disputed territory without a map', ['XX-crimea'], ['UA'], {}, 'contested'],
    ['a disputed territory, under an order for all claimants', ['XX-crimea'], ['UA', 'RU'], {}, 'inside'],
    ['no claimant', ['XX-crimea'], ['PK'], {}, 'outside'],
    ['the order’s own map', ['XX-crimea'], ['UA'], { crimea: 'UA' }, 'inside'],
    ['a map that assigns the territory to the other claimant', ['XX-crimea'], ['UA'], { crimea: 'RU' }, 'outside'],
    ['a map that assigns another territory', ['XX-crimea'], ['UA'], { donetsk: 'UA' }, 'contested'],
    ['an ISO code of the territory, without a map', ['TW'], ['CN'], {}, 'outside'],
    ['an ISO code of the territory, with a map', ['TW'], ['CN'], { taiwan: 'CN' }, 'inside'],
    ['a map that assigns the territory away from its own code', ['TW'], ['TW'], { taiwan: 'CN' }, 'outside'],
    ['a subdivision of disputed territory', ['UA-43'], ['RU'], { crimea: 'RU' }, 'inside'],
    ['a subdivision of the territory, without a map', ['TW-TPE'], ['CN'], {}, 'outside'],
    ['a subdivision of the territory, with a map', ['TW-TPE'], ['CN'], { taiwan: 'CN' }, 'inside'],
    ['a subdivision of a territory that the map assigns away', ['TW-TPE'], ['TW'], { taiwan: 'CN' }, 'outside'],
    ['mapped to it', ['TW-TPE'], ['TW'], { taiwan: 'TW' }, 'inside'],
    [
      'an order for only this subdivision, with a map to its own code',
      ['TW-TPE'],
      ['TW-TPE'],
      { taiwan: 'TW' },
      'inside',
    ],
    ['another part', ['TW-KHH'], ['TW-TPE'], { taiwan: 'TW' }, 'outside'],
    [
      'an order for only this subdivision, with a map to another country',
      ['TW-TPE'],
      ['TW-TPE'],
      { taiwan: 'CN' },
      'outside',
    ],
    [
      'a subdivision within the territory, with a map to another country',
      ['RS-25'],
      ['RS'],
      { kosovo: 'XK' },
      'outside',
    ],
    ['a subdivision within the territory, with a map to its own code', ['RS-25'], ['XK'], { kosovo: 'XK' }, 'inside'],
    [
      'a subdivision within the territory, with a map to the other claimant',
      ['RS-29'],
      ['RS'],
      { kosovo: 'RS' },
      'inside',
    ],
    ['a subdivision outside the territory', ['RS-24'], ['RS'], { kosovo: 'XK' }, 'inside'],
    ['a territory whose claimant has no ISO code', ['XX-somaliland'], ['SO'], {}, 'contested'],
  ])('%s', (_, candidates, areas, disputed, expected) => {
    expect(relate(candidates.map(e), orderAreas(areas, disputed as Record<string, string>))).toBe(expected);
  });

  it('finds every affected device in the index', () => {
    const candidates = [
      'PK',
      'US',
      'US-CA',
      'ES-B',
      'ES-CT',
      'ES',
      'TW',
      'HK',
      'UA-43',
      'TW-TPE',
      'RS-25',
      ...TERRITORIES.map(territoryArea),
    ].map(e);
    const orders = [
      ...['PK', 'US', 'US-CA', 'CN', 'TW', 'UA', 'RU', 'RU-MOW', 'UA-43', 'GE', 'EU', 'IL', 'TR', 'ES-CT', 'ES-B'].map(
        (area) => orderAreas([area]),
      ),
      orderAreas(['TR'], { crimea: 'TR', taiwan: 'TR' }),
      orderAreas(['UA-43'], { crimea: 'UA' }),
      orderAreas(['CN'], { taiwan: 'CN-BJ' }),
      orderAreas(['CN'], { taiwan: 'CN' }),
      orderAreas(['XK'], { kosovo: 'XK' }),
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

it('treats evidence of different levels and in disputed territories as consistent', () => {
  expect(agree(e('US'), e('US-CA'))).toBe(true);
  expect(agree(e('ES-B'), e('ES-CT'))).toBe(true);
  expect(agree(e('ES-B'), e('ES-GI'))).toBe(false);
  expect(agree(e('XX-crimea'), e('RU'))).toBe(true);
  expect(agree(e('UA-43'), e('XX-crimea'))).toBe(true);
  expect(agree(e('XX-taiwan'), e('TW-TPE'))).toBe(true);
  expect(agree(e('RS-25'), e('XX-kosovo'))).toBe(true);
  expect(agree(e('RS-24'), e('XX-kosovo'))).toBe(false);
  expect(agree(e('HK'), e('CN'))).toBe(false);
  expect(agree(e('US-NV'), e('US-CA'))).toBe(false);
  expect(agree(e('XX-crimea'), e('TR'))).toBe(false);
  expect(agree(e('PK-PB+XZ-a@1'), e('PK'))).toBe(true);
  expect(agree(e('PK-PB+XZ-a@1'), e('PK!XZ-a@1'))).toBe(false);
  expect(agree(e('PK-PB+XZ-a@1'), e('PK!XZ-a@2'))).toBe(true);
  expect(agree(e('XX-kashmir+XZ-a@1'), e('IN'))).toBe(true);
  expect(agree(e('PK-PB+XZ-a@1'), e('IN+XZ-a@1'))).toBe(false);
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

  it('has a plausible number of codes, a few of which several countries share', () => {
    const all = Array.from({ length: 1000 }, (_, i) => areasOfMcc(String(i).padStart(3, '0')));
    expect(all.filter((areas) => areas.length > 0).length).toBeGreaterThan(225);
    expect(all.filter((areas) => areas.length > 1).length).toBeLessThan(14);
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
