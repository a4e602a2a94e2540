import { describe, expect, it } from 'vitest';
import { areasOfPosition } from '../../shared/areas/position.ts';
import { OFFICES, RECIPIENT, SENDER, SPOTS } from './offices.ts';
import { populate } from './population.ts';

const countries = (count: number) => new Set(populate(count).map(({ spot }) => spot.office.country)).size;

describe('the population of a demo', () => {
  it.each([2, 14, 45, 200, 1_003])('has %i devices, each of another name on the network', (count) => {
    const residents = populate(count);
    expect(residents.length).toBe(count);
    expect(new Set(residents.map(({ machine }) => machine.hostname)).size).toBe(count);
    expect(new Set(residents.map(({ spot, index }) => `${spot.label}-${index}`)).size).toBe(count);
  });

  it('lives in 14 countries from 14 devices on, and can always send the message', () => {
    expect([countries(14), countries(200)]).toEqual([14, 14]);
    for (const { label, index } of [SENDER, RECIPIENT]) {
      expect(populate(2).some((one) => one.spot.label === label && one.index === index)).toBe(true);
    }
  });

  it('has about forty at home in Pakistan of two hundred, and of everything special some', () => {
    const residents = populate(200);
    const here = residents.filter(({ spot }) => spot.office.country === 'PK').length;
    expect(here).toBeGreaterThanOrEqual(38);
    expect(here).toBeLessThanOrEqual(48);
    for (const spot of SPOTS) expect(residents.some((one) => one.spot === spot)).toBe(true);
    const users = residents.map(({ user }) => user);
    expect(new Set(users).size).toBeGreaterThan(190);
    for (const script of [/\p{Script=Arabic}/u, /\p{Script=Devanagari}/u, /\p{Script=Han}/u, /ş|ğ|İ/])
      expect(users.some((user) => script.test(user))).toBe(true);
  });

  it('is where it says: towns wholly in their country, the two near the border perhaps in either', () => {
    for (const { label, evidence } of SPOTS) {
      if (!evidence.position) continue;
      const [latitude, longitude, accuracy] = evidence.position;
      const { areas, whole } = areasOfPosition({ latitude, longitude, accuracy });
      const wanted = label.startsWith('near-') ? [['IN', 'PK'], false] : [[areas[0]?.slice(0, 2)], true];
      expect([label, [...areas].map((area) => area.slice(0, 2)).sort(), whole]).toEqual([label, ...wanted]);
    }
    expect(new Set(OFFICES.map(({ code }) => code)).size).toBe(OFFICES.length);
  });
});
