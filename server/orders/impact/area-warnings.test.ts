import { describe, expect, it } from 'vitest';
import { areaWarnings } from './area-warnings.ts';

type Terms = Parameters<typeof areaWarnings>[0];

const TABLE: readonly (readonly [string, string[], Record<string, string>, string[]])[] = [
  ['a country alone', ['PK'], {}, []],
  ['a subdivision with borders', ['IN-DL'], {}, []],
  ['a subdivision without borders', ['DK-81'], {}, ['area_without_borders DK-81']],
  ['all subdivisions of the map’s country', ['IN-JK', 'IN-LA'], { kashmir: 'IN' }, []],
  ['some of them', ['IN-JK'], { kashmir: 'IN' }, ['area_disputed IN-JK']],
  ['without a map', ['IN-JK', 'IN-LA'], {}, ['area_disputed IN-JK, IN-LA']],
  ['with the map of another state', ['IN-JK'], { kashmir: 'PK' }, ['area_empty IN-JK']],
  ['Crimea for Ukraine', ['UA-43', 'UA-40'], { crimea: 'UA' }, []],
  ['Crimea with Russia’s map', ['UA-43'], { crimea: 'RU' }, ['area_empty UA-43']],
  ['Kosovo by its own code, with Serbia’s map', ['XK'], { kosovo: 'RS' }, ['area_empty XK']],
  ['Kosovo by both codes, without a map', ['XK', 'RS-KM'], {}, []],
  ['Serbia’s province without a map', ['RS-KM'], {}, ['area_disputed RS-KM']],
  ['a subdivision that reaches beyond the ground', ['IL-Z'], {}, ['area_disputed IL-Z']],
  ['the same areas with another map', ['IL-Z'], { golan: 'SY' }, []],
  ['a group of members with territories', ['EEA'], {}, ['territories_excluded EEA']],
  ['a country with territories', ['US'], {}, ['territories_excluded US']],
  ['the same country with all territories named', ['FI', 'AX'], {}, []],
  ['a territory that the map gives to the country', ['CN', 'HK', 'MO'], { taiwan: 'CN' }, []],
];

describe('area warnings', () => {
  const warningsOf = (areas: string[], disputed: Record<string, string>, more: Partial<Terms> = {}) =>
    areaWarnings({ areas, disputed, nexus: ['present'], ...more }).map(({ code, detail }) => ({ code, detail }));

  it.each(TABLE)('%s', (_name, areas, disputed, expected) => {
    const warnings = warningsOf(areas, disputed);
    expect(warnings.map(({ code }) => code)).toEqual(expected.map((each) => each.split(/ (.*)/)[0]));
    for (const [i, { detail }] of warnings.entries()) {
      expect(detail).toContain(expected[i]?.split(/ (.*)/)[1]);
      expect(detail).toMatch(/^[^ ].*\.$/);
    }
  });

  it('checks the members of a group that the order defines', () => {
    const groups = { 'XG-valley': ['IN-JK', 'DK-81'] };
    expect(warningsOf(['XG-valley'], { kashmir: 'PK' }, { groups }).map(({ code }) => code)).toEqual([
      'area_empty',
      'area_without_borders',
    ]);
  });

  it('gives no warning about locations for an order by home area only', () => {
    expect(warningsOf(['DK-81', 'IN-JK'], {}, { nexus: ['home', 'seat'] })).toEqual([]);
  });

  it('names at most twelve territories', () => {
    const [eea] = warningsOf(['EEA'], {});
    expect(eea?.detail).toContain('RE');
    expect(eea?.detail).toMatch(/and \d+ more/);
  });
});
