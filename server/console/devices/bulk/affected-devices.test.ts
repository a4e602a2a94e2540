import { describe, expect, it } from 'vitest';
import { type ListedDevice, listedDevice } from '../../../../shared/api/devices.ts';
import { affectedAmong, locationName, tally, targetOf } from './affected-devices.ts';

const device = (id: string, change: Partial<ListedDevice> = {}): ListedDevice =>
  listedDevice.parse({
    id: `dev_${id.repeat(16)}`,
    generation: 1,
    status: 'active',
    user: 'عائشہ',
    person: 'per_aaaaaaaaaaaaaaaa',
    group: { id: 'grp_aaaaaaaaaaaaaaaa', name: 'Karachi' },
    home: null,
    seat: null,
    own: { home: null, seat: null },
    statement: null,
    underLegalHold: false,
    mailConnector: false,
    enrolledAt: 1,
    endedAt: null,
    hostname: null,
    displayName: null,
    platform: null,
    workspace: { state: 'open', since: null },
    passcode: 'none',
    lifeCycle: 'active',
    missingSince: null,
    retiredAt: null,
    deletedAfter: null,
    labels: [],
    lostMode: false,
    presence: null,
    areas: [],
    ...change,
  });

const connected = {
  connected: true,
  changedAt: 1,
  lastSeenAt: 1,
  address: null,
  agent: null,
  listVersion: 1,
  recordStored: 1,
  approverSetVersion: 1,
};

describe('affected devices of a bulk command', () => {
  it('are active devices; other selected devices are counted separately', () => {
    const devices = [device('a', { presence: connected }), device('b'), device('c', { status: 'revoked' })];
    const audience = affectedAmong(devices);
    expect(audience).toMatchObject({ total: 2, connected: 1, skipped: 1 });
    expect(targetOf({ kind: 'some', devices }, audience)).toEqual({
      devices: [devices[0]?.id, devices[1]?.id],
      expect: 2,
    });
  });

  it('of a filter are sent as the filter with the displayed number', () => {
    const filter = { text: 'khan', status: 'active' as const, connected: undefined, group: undefined, area: 'PK' };
    const audience = { total: 812, connected: 3, skipped: 0, sample: [], workspaces: { locked: 0, wiped: 0 } };
    expect(targetOf({ kind: 'all', filter }, audience)).toEqual({ filter: { text: 'khan', area: 'PK' }, expect: 812 });
  });

  it('have a text for unknown and for several possible locations', () => {
    expect(locationName(device('a'))).toBe('Location unknown');
    expect(locationName(device('a', { areas: ['IN', 'PK'] }))).toBe('India or Pakistan');
  });

  it('are counted by name, most frequent first, with one count for the rest', () => {
    expect(tally(['b', 'a', 'b', 'c', 'd', 'd', 'd'], 3)).toEqual([
      { name: 'd', count: 3 },
      { name: 'b', count: 2 },
      { name: '2 others', count: 2 },
    ]);
    expect(tally(['b', 'a'], 3).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});
