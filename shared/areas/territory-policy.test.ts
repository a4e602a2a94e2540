import { describe, expect, it } from 'vitest';
import { isCordonError } from '../errors.ts';
import { expandAreas, parseEvidenceArea, parseHomeArea, parseScopeArea } from './area-code.ts';
import { relate } from './coverage.ts';
import {
  CONTESTED,
  claimantsOf,
  completeMap,
  explicitMap,
  type TerritoryPolicy,
  territoriesOverlapping,
  territoryMapOf,
  territoryPolicySchema,
} from './territory-policy.ts';

const policy = (choices: Record<string, string>): TerritoryPolicy => ({
  version: 1,
  title: 'Ours',
  date: '2026-11-01',
  features: Object.fromEntries(Object.entries(choices).map(([name, choice]) => [name, { choice, note: 'So it is.' }])),
});
const said = (choices: Record<string, string>) => {
  try {
    return [...territoryMapOf(policy(choices))].map(String);
  } catch (error) {
    return isCordonError(error) ? error.code : error;
  }
};

describe('a policy', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['assigns a territory to a claimant', { crimea: 'UA', kashmir: 'IN' }, ['crimea,UA', 'kashmir,IN']],
    ['omits contested territories', { crimea: CONTESTED, taiwan: 'TW' }, ['taiwan,TW']],
    ['may be empty', {}, []],
    ['refuses an unknown territory', { atlantis: 'PK' }, 'unknown_territory'],
    ['refuses another spelling of a territory', { Crimea: 'UA' }, 'unknown_territory'],
    ['refuses the name of an object property', Object.fromEntries([['constructor', 'UA']]), 'unknown_territory'],
    ['refuses a country that does not claim the territory', { kashmir: 'RU' }, 'not_a_claimant'],
    ['refuses a subdivision of a claimant', { crimea: 'UA-43' }, 'not_a_claimant'],
    ['refuses a code in lower case', { crimea: 'ua' }, 'not_a_claimant'],
    ['refuses the territory itself', { abkhazia: 'XX-abkhazia' }, 'not_a_claimant'],
  ])('%s', (_, choices, expected) => {
    expect(said(choices)).toEqual(expected);
  });

  it.each([
    ['version 0', { version: 0 }],
    ['no day', { date: '2026-13-01' }],
    ['a title of spaces', { title: '  ' }],
    ['a choice without a note', { features: { crimea: { choice: 'UA' } } }],
    ['an unknown field', { features: { crimea: { choice: 'UA', note: 'x', until: 'x' } } }],
  ])('with %s is refused', (_, wrong) => {
    expect(territoryPolicySchema.safeParse(policy({ crimea: 'UA' })).success).toBe(true);
    expect(territoryPolicySchema.safeParse({ ...policy({}), ...wrong }).success).toBe(false);
  });

  it('accepts only claimants with a country code', () => {
    expect(claimantsOf('somaliland')).toEqual(['SO']);
    expect(claimantsOf('kashmir')).toEqual(['CN', 'IN', 'PK']);
  });
});

const OURS = territoryMapOf(policy({ crimea: 'UA', kashmir: 'IN', golan: CONTESTED }));

describe('the map of an order that is proposed', () => {
  it.each<[string, string[], Record<string, string>, Record<string, string>]>([
    ['contains the policy’s assignment for a territory that the areas overlap', ['UA'], {}, { crimea: 'UA' }],
    ['contains no assignment for other territories', ['DE'], {}, {}],
    ['contains the assignment if it favors the other claimant', ['RU'], {}, { crimea: 'UA' }],
    ['contains the assignment for a part of the territory', ['UA-43'], {}, { crimea: 'UA' }],
    ['contains the assignment for a group with a claimant', ['UN-034'], {}, { kashmir: 'IN' }],
    ['keeps the order’s own assignment', ['UA'], { crimea: 'RU' }, { crimea: 'RU' }],
    [
      'keeps the order’s own assignment beside the policy’s',
      ['IN', 'UA'],
      { crimea: 'RU' },
      { crimea: 'RU', kashmir: 'IN' },
    ],
    ['may mark a territory as contested', ['UA'], { crimea: CONTESTED }, {}],
    ['has no assignment for a territory that the policy marks as contested', ['SY'], {}, {}],
    ['may assign the territory to a claimant', ['SY'], { golan: 'SY' }, { golan: 'SY' }],
    ['may assign a territory that the areas do not overlap', ['DE'], { kashmir: 'PK' }, { kashmir: 'PK' }],
  ])('%s', (_, areas, own, expected) => {
    expect(completeMap(territoriesOverlapping(expandAreas(areas.map(parseScopeArea))), own, OURS)).toEqual(expected);
  });

  it('has no assignment from the built-in policy', () => {
    expect(completeMap(territoriesOverlapping([parseHomeArea('UA')]), {}, territoryMapOf({ features: {} }))).toEqual(
      {},
    );
  });

  it('decides the country of a device in Simferopol', () => {
    const crimea = [parseEvidenceArea('XX-crimea')];
    const at = (country: string, own: Record<string, string>) => {
      const areas = [parseHomeArea(country)];
      const map = Object.entries(completeMap(territoriesOverlapping(areas), own, OURS));
      return relate(crimea, {
        areas: new Set(areas),
        disputed: new Map(map.map(([f, area]) => [f, parseHomeArea(area)])),
      });
    };
    expect([at('UA', {}), at('RU', {})]).toEqual(['inside', 'outside']);
    expect([at('UA', { crimea: CONTESTED }), at('RU', { crimea: CONTESTED })]).toEqual(['contested', 'contested']);
    expect([at('UA', { crimea: 'RU' }), at('RU', { crimea: 'RU' })]).toEqual(['outside', 'inside']);
  });

  it('of a revision keeps the signed assignments, also missing ones', () => {
    const before = territoriesOverlapping([parseHomeArea('RU')]);
    const signed = explicitMap(before, { donetsk: 'RU' });
    expect(signed).toMatchObject({ crimea: CONTESTED, donetsk: 'RU', abkhazia: CONTESTED });
    const wider = territoriesOverlapping(['RU', 'PK'].map(parseHomeArea));
    expect(completeMap(wider, signed, OURS)).toEqual({ donetsk: 'RU', kashmir: 'IN' });
  });
});
