import { expect, it } from 'vitest';
import { marksOf } from './map-marks.ts';

it('marks a country for orders on the country, its subdivisions and its groups, and marks a polygon itself', () => {
  const square = { version: 1, title: 'A square', rings: [[0, 0, 1, 0, 1, 1, 0, 1]], touches: ['IN', 'PK'] };
  const terms = { areas: ['AE', 'US-CA', 'XZ-square'], polygons: { 'XZ-square': square } };
  const { countries, outlines } = marksOf('2015-001', terms, 'announced');
  expect([...countries]).toEqual([
    ['AE', 'announced'],
    ['US', 'announced'],
  ]);
  expect(outlines).toMatchObject([{ id: '2015-001 XZ-square', touches: ['IN', 'PK'], mark: 'announced' }]);
});
