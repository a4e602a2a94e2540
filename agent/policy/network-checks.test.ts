import { describe, expect, it } from 'vitest';
import { judgeNames, parseConnections } from './network-checks.ts';

describe('connections of NetworkManager', () => {
  it('are read from nmcli, with colons and backslashes in their names', () => {
    const output = [
      'a1:802-11-wireless:/etc/NetworkManager/system-connections/Office.nmconnection:Office',
      String.raw`a2:vpn::Head\: quarters\\`,
      'broken',
      '',
    ].join('\n');
    expect(parseConnections(output)).toEqual([
      {
        uuid: 'a1',
        type: '802-11-wireless',
        file: '/etc/NetworkManager/system-connections/Office.nmconnection',
        name: 'Office',
      },
      { uuid: 'a2', type: 'vpn', file: '', name: 'Head: quarters\\' },
    ]);
  });

  it.each([
    [{ Office: 'wifi', 'Head: quarters': 'vpn', tunnel: 'wireguard' }, 'met', 'All connections exist.'],
    [{ Office: 'vpn' }, 'not-met', 'Office has the type 802-11-wireless.'],
    [{ Home: 'wifi' }, 'not-met', 'Home is missing.'],
  ] as const)('are compared with the names and types %j', (wanted, status, detail) => {
    const found = [
      { name: 'Office', type: '802-11-wireless' },
      { name: 'Head: quarters', type: 'vpn' },
      { name: 'tunnel', type: 'wireguard' },
    ];
    const outcome = judgeNames(wanted, found);
    expect(outcome.status).toBe(status);
    expect(outcome.detail).toContain(detail);
  });
});
