import { expect, it } from 'vitest';
import { createClientOf } from './client-address.ts';

const clientOf = createClientOf(['10.0.0.0/8', '2001:db8:ffff::/48']);
const PROXY = '10.0.0.1';

it.each([
  ['without a proxy', '192.0.2.1', {}, '192.0.2.1', false],
  ['case 12: forged by an untrusted peer', '192.0.2.1', { for: '198.51.100.1', proto: 'https' }, '192.0.2.1', false],
  ['by a trusted proxy', PROXY, { for: '198.51.100.1', proto: 'https' }, '198.51.100.1', true],
  ['by a trusted proxy over HTTP', PROXY, { for: '198.51.100.1', proto: 'http' }, '198.51.100.1', false],
  ['by a proxy that says nothing', PROXY, {}, PROXY, false],
  [
    'case 12: the client’s own entry is not the proxy’s',
    PROXY,
    { for: '127.0.0.1, 198.51.100.1' },
    '198.51.100.1',
    false,
  ],
  ['two proxies', PROXY, { for: '203.0.113.9, 198.51.100.1, 10.1.1.1' }, '198.51.100.1', false],
  ['proxies alone', PROXY, { for: '10.2.2.2, 10.1.1.1' }, '10.2.2.2', false],
  ['an entry that is no address', PROXY, { for: '198.51.100.1, unknown, 10.1.1.1' }, '10.1.1.1', false],
  ['a port', PROXY, { for: '198.51.100.1:4711' }, '198.51.100.1', false],
  ['IPv6 in brackets', PROXY, { for: '[2001:db8::1]:4711' }, '2001:db8::1', false],
  ['IPv6 without brackets', PROXY, { for: '2001:DB8:0::1' }, '2001:db8::1', false],
  ['IPv4 in IPv6', '::ffff:10.0.0.1', { for: '::ffff:198.51.100.1' }, '198.51.100.1', false],
  ['a proxy with IPv6', '2001:db8:ffff::1', { for: '198.51.100.1', proto: 'HTTPS' }, '198.51.100.1', true],
  ['case 12: the client’s own protocol is not the proxy’s', PROXY, { proto: 'https, http' }, PROXY, false],
  ['an empty list', PROXY, { for: '' }, PROXY, false],
])('%s', (_name, remoteAddress, given, address, secure) => {
  const headers: Record<string, string> = { forwarded: 'for=203.0.113.66;proto=https' };
  if ('for' in given && given.for !== undefined) headers['x-forwarded-for'] = given.for;
  if ('proto' in given && given.proto !== undefined) headers['x-forwarded-proto'] = given.proto;
  expect(clientOf({ remoteAddress, encrypted: false }, headers)).toEqual({ address, secure });
});

it('reports HTTPS for an HTTPS listener without a proxy', () => {
  const connection = { remoteAddress: '192.0.2.1', encrypted: true };
  expect(clientOf(connection, { 'x-forwarded-proto': 'http' }).secure).toBe(true);
});

it('reads only the last entries of a very long list', () => {
  const list = Array.from({ length: 100_000 }, () => '10.1.1.1').join(',');
  const connection = { remoteAddress: PROXY, encrypted: false };
  expect(clientOf(connection, { 'x-forwarded-for': `198.51.100.1,${list}` }).address).toBe('10.1.1.1');
});
