import { expect, it } from 'vitest';
import { proposalFacts } from './proposal-facts.ts';

const GROUP = 'grp_aaaaaaaaaaaaaaaa';
const words = (route: string, body: unknown, policy: string | null = null) =>
  proposalFacts({ route, body, policy }, (id) => (id === GROUP ? 'Berlin' : id)).map(
    ({ label, value }) => `${label}: ${value}`,
  );

it.each([
  ['policies.roll-out', { version: 2, percent: 30 }, ['Policy: Laptops', 'Version: 2', 'Share of the devices: 30 %']],
  ['policies.roll-back', { version: 1 }, ['Policy: Laptops', 'Roll back to: Version 1']],
  ['policies.assign', { groups: [GROUP] }, ['Policy: Laptops', 'Groups: Berlin']],
  ['policies.assign', { groups: [] }, ['Policy: Laptops', 'Groups: None']],
])('describes the request %s of a policy', (route, body, facts) => {
  expect(words(route, body, 'Laptops')).toEqual(facts);
});

it('describes a change of location, and adds nothing to a command', () => {
  expect(words('devices.update', { home: null, seat: 'DE' })).toEqual(['New home area: None', 'New legal seat: DE']);
  const statement = { areas: ['PK'], reason: 'Travels', until: 1_800_000_000_000 };
  expect(words('devices.place', { devices: ['dev_aaaaaaaaaaaaaaaa'], change: { statement } })[0]).toBe(
    'Stated location: PK',
  );
  expect(words('commands.issue', { command: { kind: 'wipe-workspace' } })).toEqual([]);
});
