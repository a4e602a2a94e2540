import { expect, it } from 'vitest';
import { parseArea } from '../../../../shared/areas/area-code.ts';
import { claimsOn, groundTouched } from './disputed-ground.ts';

it.each([
  [['PK'], 'kashmir'],
  [['DE'], ''],
  [['EU'], 'northern_cyprus'],
  [['UA'], 'crimea donetsk luhansk'],
  [['UA-43'], 'crimea donetsk luhansk'],
  [['XK'], 'kosovo'],
  [['IN-JK'], 'kashmir'],
  [[], ''],
])('an order for %s', (areas, ground) => {
  expect(groundTouched(areas.map(parseArea)).join(' ')).toBe(ground);
});

it('gives ground to states that have a code', () => {
  expect(claimsOn('somaliland')).toEqual(['SO']);
  expect(claimsOn('kashmir')).toEqual(['CN', 'IN', 'PK']);
});
