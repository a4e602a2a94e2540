import { describe, expect, it } from 'vitest';
import { ENTERPRISE, VPN, WIFI, WIRED, WIREGUARD } from '../../tests/support/network-connections.ts';
import { settingsSchema, valueText } from './catalog.ts';
import { networkConnectionsSchema } from './network-connections.ts';

const problemsOf = (value: unknown): string[] =>
  networkConnectionsSchema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ??
  [];

describe('connections of a policy', () => {
  it('are accepted in each type, and described by their network or server', () => {
    const all = [WIFI, ENTERPRISE, WIRED, VPN, WIREGUARD];
    expect(problemsOf(all)).toEqual([]);
    expect(valueText('network.connections', all)).toBe(
      'Office (Wi-Fi Office), Campus (Wi-Fi eduroam), Desk (Ethernet), Head quarters (VPN vpn.example.org), Tunnel (WireGuard vpn.example.org:51820)',
    );
    expect(valueText('network.connections', [{ type: 'satellite' }])).toBe('a connection in a newer form');
  });

  it.each<[string, unknown, RegExp]>([
    ['a line break in a name', { ...WIFI, name: 'a\n[vpn]' }, /^0\.name has no spaces/],
    ['a space at the end of a name', { ...WIFI, name: 'a ' }, /^0\.name has no spaces/],
    ['a hidden character in a name', { ...WIFI, name: 'a\u202eb' }, /^0\.name has no spaces/],
    ['half of a surrogate pair', { ...WIFI, name: 'a\ud800' }, /^0\.name has no spaces/],
    ['an empty name', { ...WIFI, name: '' }, /^0\.name is not empty/],
    ['an SSID of 33 bytes', { ...WIFI, ssid: `${'ü'.repeat(16)}a` }, /^0\.ssid has at most 32 bytes/],
    [
      'a pre-shared key',
      { ...WIFI, security: { kind: 'wpa-personal', psk: 'secret secret' } },
      /Unrecognized key: "psk"/,
    ],
    ['an enterprise network without a domain', enterprise({ domain: '' }), /domain is a host name/],
    ['a relative path of a key', wired({ key: 'key.pem' }), /key is an absolute path/],
    ['a path through ..', wired({ key: '/etc/../root/key.pem' }), /key contains no/],
    [
      'a certificate in place of an authority',
      enterprise({ authority: 'data:;base64,AAAA' }),
      /authority is one certificate/,
    ],
    ['a secret of a VPN', { ...VPN, data: { remote: 'a', password: 'x' } }, /^0\.data\.password is not one of remote/],
    ['a program of a VPN', { ...VPN, data: { remote: 'a', up: '/bin/sh' } }, /^0\.data\.up is not one of/],
    ['an option of a VPN', { ...VPN, data: { remote: '--up' } }, /^0\.data\.remote does not begin with a hyphen/],
    ['a VPN without its server', { ...VPN, data: {} }, /^0\.data has remote/],
    ['another plugin', { ...VPN, service: 'openconnect' }, /^0\.service /],
    [
      'an address without a length',
      { ...WIREGUARD, addresses: ['10.1.0.2'] },
      /^0\.addresses\.0 is an IP address with/,
    ],
    ['a DNS server of another kind', { ...WIREGUARD, dns: ['fd00::1'] }, /^0\.dns has only servers/],
    ['an endpoint without a port', peer({ endpoint: 'vpn.example.org' }), /endpoint is a host and a port/],
    ['a port that does not exist', peer({ endpoint: 'vpn.example.org:70000' }), /endpoint is a host and a port/],
    ['a short public key', peer({ publicKey: 'AAAA' }), /publicKey is a public key of WireGuard/],
  ])('are refused with %s', (_, connection, problem) => {
    expect(problemsOf([connection]).join('\n')).toMatch(problem);
  });

  it('are refused with one name twice, too many keys, or too much text', () => {
    expect(problemsOf([WIFI, WIFI])).toEqual(['1.name is the name of another connection above']);
    const tunnels = [1, 2, 3, 4].map((number) => ({ ...WIREGUARD, name: `Tunnel ${number}` }));
    expect(problemsOf(tunnels)).toEqual([' has at most 3 connections with WireGuard']);
    const data = Object.fromEntries(
      ['remote', 'ca', 'cert', 'key', 'ta', 'cipher'].map((key) => [key, 'a'.repeat(255)]),
    );
    const large = [...Array(16).keys()].map((number) => ({ ...VPN, name: `VPN ${number}`, data }));
    expect(problemsOf(large)).toEqual([' has at most 24 KB in all connections']);
  });

  it('leave the earlier setting about names and types as it is', () => {
    const earlier = { 'network.profiles': { Office: 'wifi', tunnel: 'wireguard' } };
    expect(settingsSchema.parse(earlier)).toEqual(earlier);
  });
});

function enterprise(more: object) {
  return { ...ENTERPRISE, security: { ...ENTERPRISE.security, eap: { ...ENTERPRISE.security.eap, ...more } } };
}

function wired(more: object) {
  return { ...WIRED, eap: { ...WIRED.eap, ...more } };
}

function peer(more: object) {
  return { ...WIREGUARD, peers: [{ ...WIREGUARD.peers[0], ...more }] };
}
