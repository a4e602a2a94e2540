import { expect, it } from 'vitest';
import { compareVersions } from './compare-versions.ts';

it('orders versions by their numbers, with pre-releases before releases', () => {
  const ascending = [
    '1.2',
    '1.9',
    '1.10-alpha',
    '1.10-rc1',
    '1.10-rc2',
    '1.10~beta',
    '1.10',
    '1.10.1',
    '2',
    '12.4',
    '12.10',
  ];
  const sorted = ascending.toSorted((a, b) => compareVersions(a, b));
  expect(sorted.filter((version) => !version.includes('~'))).toEqual(
    ascending.filter((version) => !version.includes('~')),
  );
  expect(compareVersions('1.10~beta', '1.10')).toBe(-1);
});

it.each([
  ['6.1.0-18', '6.1.0-9', 1],
  ['12', '12', 0],
  ['12.0', '12', 0],
  ['12.0-rc1', '12', -1],
  ['12.0.1', '12', 1],
  ['24.10', '24.04', 1],
  ['0.2.0-rc.1', '0.2.0', -1],
  ['v1.2', '1.2', -1],
  ['10.0.26100', '10.0.19045', 1],
  ['99999999999999999999', '100000000000000000000', -1],
  ['', '', 0],
])('compares %j with %j: %i', (a, b, expected) => {
  expect(compareVersions(a, b)).toBe(expected);
  expect(compareVersions(b, a)).toBe(expected === 0 ? 0 : -expected);
});
