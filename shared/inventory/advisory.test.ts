import { expect, it } from 'vitest';
import { distributionOf, isAffected, packagesOf, releaseOf } from './advisory.ts';

const range = (...events: ['introduced' | 'fixed' | 'last_affected', string][]) =>
  events.map(([kind, version]) => ({ kind, version }));

it.each([
  ['0', true],
  ['3.0.14-1', true],
  ['3.0.15~rc1-1', true],
  ['3.0.15-1', false],
  ['3.1.0-1', true],
  ['3.1.4-1', true],
  ['3.1.5-1', false],
])('version %s of a package with two ranges', (version, affected) => {
  const events = [
    range(['fixed', '3.0.15-1'], ['introduced', '0']),
    range(['introduced', '3.1.0-1'], ['last_affected', '3.1.4-1']),
  ];
  expect(isAffected('dpkg', version, { events, versions: [] })).toBe(affected);
});

it('names affected versions one by one', () => {
  expect(isAffected('rpm', '1.0-1', { events: [], versions: ['1.0-1'] })).toBe(true);
  expect(isAffected('rpm', '1.0-2', { events: [], versions: ['1.0-1'] })).toBe(false);
});

it.each([
  ['Debian:12', { source: 'dpkg', release: 'debian:12' }],
  ['Debian', { source: 'dpkg', release: null }],
  ['Ubuntu:22.04:LTS', { source: 'dpkg', release: 'ubuntu:22.04' }],
  ['Ubuntu:Pro:18.04:LTS', null],
  ['Rocky Linux:9', { source: 'rpm', release: 'rocky:9' }],
  ['npm', null],
])('distribution of the ecosystem %s', (ecosystem, distribution) => {
  expect(distributionOf(ecosystem)).toEqual(distribution);
});

it('compares the major version of enterprise distributions', () => {
  expect(releaseOf({ id: 'rocky', version: '9.4' })).toBe('rocky:9');
  expect(releaseOf({ id: 'ubuntu', version: '24.04' })).toBe('ubuntu:24.04');
  expect(releaseOf({ id: null, version: '1' })).toBeNull();
});

it('counts packages that no agent reports', () => {
  const affected = [{ package: { ecosystem: 'npm', name: 'x' } }, { package: { ecosystem: 'Debian:12', name: 'y' } }];
  const { packages, skipped } = packagesOf({ id: 'X-1', modified: '2026-01-01T00:00:00Z', affected });
  expect([packages.map(({ name }) => name), skipped]).toEqual([['y'], 1]);
});
