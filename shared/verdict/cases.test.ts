import { expect, it } from 'vitest';
import { emptyLocation, observe } from './locate.ts';
import { loadCases, observationsOf, runCase } from './run-case.ts';
import type { LocationState } from './terms.ts';

const cases = loadCases();

it('has enough cases, without duplicates', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

it.each(cases.map((given) => [given.name, given] as const))('%s', (_, given) => {
  expect(runCase(given)).toEqual([]);
});

it('gives the same result if the state is stored and read after each observation', () => {
  for (const given of cases) {
    let state = emptyLocation();
    for (const observation of observationsOf(given)) {
      const stored: LocationState = JSON.parse(JSON.stringify(observe(state, observation)));
      state = stored;
    }
    expect(runCase(given, state), given.name).toEqual([]);
  }
});

it('fails for the opposite of every case', () => {
  for (const given of cases) {
    const services = Object.fromEntries(
      Object.entries(given.expect.services).map(([service, gate]) => [
        service,
        gate === 'denied' ? 'allowed' : 'denied',
      ]),
    );
    expect(runCase({ ...given, expect: { services } }), given.name).not.toEqual([]);
  }
});
