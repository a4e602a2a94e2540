import { expect, it } from 'vitest';
import type { NamedAreaView } from '../../../../shared/api/areas.ts';
import { territoryMapOf } from '../../../../shared/areas/territory-policy.ts';
import { assignmentsFor, territoriesOf } from './disputed-territories.ts';

const named = { version: 1, title: 'Ours', madeAt: 0, madeBy: 'acc_maker' };
const OWN: NamedAreaView[] = [
  { ...named, code: 'XG-ours', members: ['CY', 'DE'], polygon: null },
  { ...named, code: 'XZ-valley', members: null, polygon: { rings: [], touches: ['IN', 'PK', 'XX-kashmir'] } },
];

it.each([
  [['PK'], 'kashmir'],
  [['DE'], ''],
  [['EU'], 'northern_cyprus'],
  [['UA'], 'crimea donetsk luhansk'],
  [['UA-43'], 'crimea donetsk luhansk'],
  [['XK'], 'kosovo'],
  [['IN-JK'], 'kashmir'],
  [['XG-ours'], 'northern_cyprus'],
  [['XZ-valley'], 'kashmir'],
  [['XG-gone', 'somewhere'], ''],
  [[], ''],
])('an order for %s', (areas, ground) => {
  expect(territoriesOf(areas, OWN).join(' ')).toBe(ground);
});

const POLICY = territoryMapOf({
  features: { crimea: { choice: 'UA', note: 'x' }, kashmir: { choice: 'IN', note: 'x' } },
});

it.each<[string, Parameters<typeof assignmentsFor>, Record<string, string>]>([
  [
    'the policy’s word, and that the rest is contested',
    [['crimea', 'donetsk'], {}, POLICY],
    { crimea: 'UA', donetsk: 'contested' },
  ],
  [
    'the earlier note',
    [['crimea', 'donetsk'], { crimea: 'RU', donetsk: 'contested' }, POLICY],
    { crimea: 'RU', donetsk: 'contested' },
  ],
  ['nothing of ground that it touches no more', [['kashmir'], { crimea: 'RU' }, POLICY], { kashmir: 'IN' }],
  [
    'nothing of its own while nobody knows the policy',
    [['crimea', 'donetsk'], { donetsk: 'UA' }, undefined],
    { donetsk: 'UA' },
  ],
])('says %s', (_, given, expected) => {
  expect(assignmentsFor(...given)).toEqual(expected);
});
