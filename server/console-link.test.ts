import { expect, it } from 'vitest';
import type { Config } from './config.ts';
import { passkeySite } from './console-link.ts';

const admin = { bind: '127.0.0.1', port: 0, names: [], tls: null, url: null, proxyFrom: [] };
const tls = { certificate: 'c.pem', key: 'k.pem' };

it.each<[string, Partial<Config['admin']>, readonly string[], readonly [string, string] | null]>([
  ['without TLS', {}, ['devices.example.org'], ['localhost', 'http://localhost:8445']],
  ['with TLS', { tls }, ['Cordon.example.org'], ['cordon.example.org', 'https://cordon.example.org:8445']],
  ['with TLS at an IP address', { tls }, ['192.0.2.1'], null],
  [
    'at a URL',
    { url: 'https://cordon.example.org' },
    ['192.0.2.1'],
    ['cordon.example.org', 'https://cordon.example.org'],
  ],
  ['at a URL with an IP address', { url: 'https://192.0.2.1:8445' }, ['cordon.example.org'], null],
  ['at a URL with an IPv6 address', { url: 'https://[2001:db8::1]' }, ['cordon.example.org'], null],
])('the site of passkeys of a console %s', (_name, changed, names, expected) => {
  const site = passkeySite({ admin: { ...admin, ...changed }, names }, () => 8445);
  expect(site && [site.rpId, site.origin()]).toEqual(expected);
});
