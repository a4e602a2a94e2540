import { expect, it } from 'vitest';
import { MOST_POINTS } from '../../shared/order/documents.ts';
import { readGeoJson } from './geojson.ts';
import { areasUnder } from './polygon-overlap.ts';

type Corner = readonly [number, number];
const square = ([x, y]: Corner, size: number): Corner[] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
];
const polygon = (...coordinates: readonly (readonly Corner[])[]) => ({ type: 'Polygon', coordinates });
const many = (...coordinates: readonly (readonly (readonly Corner[])[])[]) => ({ type: 'MultiPolygon', coordinates });
const read = (value: unknown) => readGeoJson(JSON.stringify(value));
const circle = (corners: number): Corner[] =>
  Array.from({ length: corners + 1 }, (_, i) => {
    const turn = ((i % corners) * 2 * Math.PI) / corners;
    return [74 + Math.cos(turn), 31 + Math.sin(turn)];
  });

it('parses polygons with holes and several parts, also in features, in millionths of a degree', () => {
  const lahore = polygon(square([74.2, 31.4], 0.25));
  const rings = [[74_450_000, 31_400_000, 74_450_000, 31_650_000, 74_200_000, 31_650_000, 74_200_000, 31_400_000]];
  expect(read(lahore)).toEqual(rings);
  expect(read({ type: 'Feature', properties: { name: 'Lahore' }, geometry: lahore })).toEqual(rings);
  expect(
    read({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: null, geometry: lahore }] }),
  ).toEqual(rings);
  expect(read({ ...lahore, crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } } })).toEqual(
    rings,
  );
  expect(read({ type: 'Polygon', coordinates: [square([74.2, 31.4], 0.25).map((at) => [...at, 217])] })).toEqual(rings);
  expect(read(polygon(square([0, 0], 3), square([1, 1], 1)))).toHaveLength(2);
  expect(read(many([square([0, 0], 1)], [square([2, 0], 1)]))).toHaveLength(2);
  expect(read(many([square([0, 0], 5), square([1, 1], 3)], [square([2, 2], 1)])), 'an island in a lake').toHaveLength(
    3,
  );
  expect(read(many([square([0, 0], 1)], [square([1, 1], 1)])), 'corner to corner').toHaveLength(2);
  expect(read(polygon(circle(MOST_POINTS)))).toHaveLength(1);
});

it.each<[string, unknown, RegExp]>([
  ['a point', { type: 'Point', coordinates: [1, 2] }, /must be a Polygon/],
  ['a line', { type: 'LineString', coordinates: square([0, 0], 1) }, /must be a Polygon/],
  ['nothing', {}, /must be a Polygon/],
  ['no part', many(), /must be a Polygon/],
  ['no features', { type: 'FeatureCollection', features: [] }, /must be a Polygon/],
  ['a ring that is not closed', polygon(square([0, 0], 1).slice(0, 4)), /not closed/],
  [
    'a ring of three positions',
    polygon([
      [0, 0],
      [1, 1],
      [0, 0],
    ]),
    /at least four/,
  ],
  [
    'a line to and fro',
    polygon([
      [0, 0],
      [1, 1],
      [2, 2],
      [0, 0],
    ]),
    /encloses nothing/,
  ],
  [
    'one point again and again',
    polygon([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ]),
    /encloses nothing/,
  ],
  [
    'a bow tie',
    polygon([
      [0, 0],
      [2, 2],
      [2, 0],
      [0, 3],
      [0, 0],
    ]),
    /edges cross near/,
  ],
  [
    'an edge on another',
    polygon([
      [0, 0],
      [3, 0],
      [3, 1],
      [1, 0],
      [0, 0],
    ]),
    /edges cross|encloses/,
  ],
  ['a hole outside', polygon(square([0, 0], 1), square([3, 3], 1)), /hole of part 1 is outside/],
  ['a hole that crosses', polygon(square([0, 0], 2), square([1, 1], 2)), /edges cross/],
  ['parts that overlap', many([square([0, 0], 2)], [square([1, 1], 2)]), /edges cross/],
  ['a part in a part', many([square([0, 0], 5)], [square([1, 1], 1)]), /part 2 is inside part 1/],
  ['a part twice', many([square([0, 0], 1)], [square([0, 0], 1)]), /edges cross/],
  [
    'the antimeridian',
    polygon([
      [179, 0],
      [-179, 0],
      [-179, 1],
      [179, 1],
      [179, 0],
    ]),
    /antimeridian; divide it there/,
  ],
  ['a longitude beyond it', polygon(square([179.5, 0], 1)), /180.5, 0 is not a valid position/],
  ['latitude first', polygon(square([31.4, 90.2], 0.2)), /not a valid position; write the longitude first/],
  ['web Mercator', { ...polygon(square([0, 0], 1)), crs: { properties: { name: 'EPSG:3857' } } }, /coordinate system/],
  ['too many points', polygon(circle(MOST_POINTS + 1)), /2001 points, and the limit is 2000/],
  [
    'too many rings',
    many(...Array.from({ length: 101 }, (_, i) => [square([i, 0], 0.5)])),
    /101 rings, and the limit is 100/,
  ],
  ['text for a number', polygon([['0', 0]] as unknown as Corner[]), /must be a Polygon/],
])('refuses %s', (_, value, why) => {
  expect(() => read(value)).toThrow(
    expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(why) }),
  );
});

it('rejects text that is not JSON', () => {
  expect(() => readGeoJson('<kml/>')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

it.each<[string, Corner, number, string]>([
  ['a part of Lahore', [74.2, 31.4], 0.25, 'PK'],
  ['both sides of Wagah', [74.5, 31.5], 0.2, 'IN PK'],
  ['around the Vatican, which is smaller than it', [12.3, 41.8], 0.3, 'IT VA'],
  ['within San Marino', [12.45, 43.93], 0.01, 'SM'],
  ['Crimea, a disputed territory', [34, 44.9], 0.2, 'RU UA XX-crimea'],
  ['Kosovo', [21.1, 42.6], 0.1, 'RS XK XX-kosovo'],
  ['Nicosia, north', [33.36, 35.2], 0.02, 'CY TR XX-northern-cyprus'],
  ['Somaliland', [44, 9.5], 0.2, 'SO XX-somaliland'],
  ['Hong Kong and beyond', [114.1, 22.45], 0.2, 'CN HK'],
  ['Puerto Rico', [-66.2, 18.2], 0.1, 'PR'],
  ['Alaska', [-150, 64], 0.5, 'US'],
  ['the middle of an ocean', [-20, -20], 1, ''],
])('%s overlaps', (_, corner, size, areas) => {
  expect(areasUnder([square(corner, size).slice(1)]).join(' ')).toBe(areas);
});
