import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { emptyLocation, observe, observeTogether } from '../../shared/verdict/locate.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';
import { timesOf, withTimes } from './location-times.ts';

const BEGIN = 1_700_000_000_000;
const HOUR = 3_600_000;
const [PK, IN] = ['PK', 'IN'].map(parseEvidenceArea) as [Observation['areas'][number], Observation['areas'][number]];

const observation = fc.record({
  source: fc.constantFrom('position', 'network', 'address'),
  areas: fc.constantFrom(...Array(9).fill([PK]), [IN], [IN, PK]),
  at: fc.integer({ min: 0, max: 60 }).map((quarters) => BEGIN + (quarters * HOUR) / 4),
  connected: fc.constantFrom(true, true, true, false),
  whole: fc.constantFrom(true, true, true, false),
});

/** The location as the store reads it: JSON without undefined fields. */
const asRead = (state: LocationState): LocationState => JSON.parse(JSON.stringify(state));

describe('the times of a location', () => {
  it('give the new location, whenever only times differ from the stored one', () => {
    let withOnlyTimes = 0;
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 30 }), (all) => {
        let state = emptyLocation();
        let stored: LocationState | null = null;
        for (const one of [...all].sort((a, b) => a.at - b.at)) {
          state = observe(state, one);
          const times = stored && timesOf(stored, state);
          if (times === null) stored = state;
          else {
            withOnlyTimes += 1;
            expect(asRead(withTimes(asRead(stored as LocationState), times))).toEqual(asRead(state));
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(withOnlyTimes).toBeGreaterThan(100);
  });

  it('are enough for every report after the first two that confirms the location', () => {
    const report = (at: number): Observation[] => [
      { source: 'position', areas: [PK], at, whole: true },
      { source: 'network', areas: [PK], at },
    ];
    let stored = [0, 1, 2].reduce(
      (state, hour) => observeTogether(state, report(BEGIN + hour * HOUR)),
      emptyLocation(),
    );
    // As after a start of the server: the lists of stays are equal, but not identical.
    stored = asRead(stored);
    let state = observeTogether(stored, report(BEGIN + 3 * HOUR));
    expect(timesOf(stored, state)).toBeNull();
    stored = state;
    for (let hour = 4; hour < 40; hour += 1) {
      state = observeTogether(state, report(BEGIN + hour * HOUR));
      expect(timesOf(stored, state)).not.toBeNull();
    }
  });

  it('are null if areas, stays, or a pending change differ', () => {
    const at = (area: Observation['areas'][number], hour: number): Observation => ({
      source: 'network',
      areas: [area],
      at: BEGIN + hour * HOUR,
    });
    const stored = [at(PK, 0), at(PK, 1), at(PK, 2)].reduce(observe, emptyLocation());
    expect(timesOf(stored, observe(stored, at(PK, 3)))).not.toBeNull();
    const leaving = observe(stored, at(IN, 3));
    expect(leaving.pending).not.toBeNull();
    expect(timesOf(stored, leaving)).toBeNull();
    expect(timesOf(stored, observe(leaving, at(IN, 4)))).toBeNull();
    expect(timesOf(stored, emptyLocation())).toBeNull();
  });
});
