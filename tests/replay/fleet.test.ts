import { describe, expect, it } from 'vitest';
import { isSpecialAddress } from '../../shared/areas/special-addresses.ts';
import { nowhere, openAddresses } from './addresses.ts';
import { peopleOf } from './installation.ts';
import { proxyV1, proxyV2 } from './proxy-header.ts';
import { parseTimeline } from './timeline.ts';

describe('addresses', () => {
  it('come from the database: as many different ones as asked, none of them special', () => {
    const addresses = openAddresses();
    for (const country of ['PK', 'AE', 'US', 'GL', 'CA', 'PK']) {
      const found = addresses.in(country, 300);
      expect(new Set(found).size).toBe(300);
      expect(found.some(isSpecialAddress)).toBe(false);
    }
    expect(() => addresses.in('XX', 1)).toThrow('no address in XX');
    expect(isSpecialAddress(nowhere(700))).toBe(true);
  });
});

describe('PROXY protocol headers', () => {
  it('are as the specification writes them', () => {
    expect(proxyV1('39.32.0.1', 8443).toString()).toBe('PROXY TCP4 39.32.0.1 127.0.0.1 49152 8443\r\n');
    expect(proxyV1('2400:adc0::1', 8443).toString()).toBe('PROXY TCP6 2400:adc0::1 ::1 49152 8443\r\n');
    expect(proxyV2('39.32.0.1', 8443).toString('hex')).toBe('0d0a0d0a000d0a515549540a2111000c272000017f000001c00020fb');
  });
});

describe('the people of a timeline', () => {
  const people = (...by: object[]) => {
    const propose = { at: '2015-01-01T09:00', do: 'propose', order: 'o', areas: [], services: [], nexus: [] };
    const steps = [
      { ...propose, effective: '2016-01-01T00:00', ...by[0] },
      ...by.slice(1).map((one) => ({ at: '2015-01-01T09:00', do: 'approve', order: 'o', ...one })),
    ];
    const fleet = [{ label: 'a', count: 1, home: 'PK' }];
    return peopleOf(parseTimeline(JSON.stringify({ name: 't', about: '', zone: 'UTC', fleet, steps }))).sort();
  };

  it('are those it names, and two who can approve what any of them proposes', () => {
    expect(people({})).toEqual(['ada', 'bo', 'proposer']);
    expect(people({}, { by: ['zoe'] })).toEqual(['ada', 'proposer', 'zoe']);
    expect(people({ by: 'zoe' })).toEqual(['ada', 'bo', 'proposer', 'zoe']);
    expect(people({ by: 'ada' }, { by: ['bo', 'cy', 'dee'] })).toEqual(['ada', 'bo', 'cy', 'dee', 'proposer']);
  });
});
