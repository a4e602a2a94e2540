import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

describe('the admin listener', () => {
  const certificate = { CORDON_ADMIN_CERTIFICATE: 'admin.crt' };
  const key = { CORDON_ADMIN_KEY: 'admin.key' };
  const on = (bind: string) => ({ CORDON_ADMIN_BIND: bind });

  it.each([
    ['loopback, by default', {}],
    ['localhost', on('localhost')],
    ['another address of loopback', on('127.8.9.10')],
    ['loopback of IPv6', on('::1')],
    ['loopback of IPv4 in IPv6', on('::ffff:127.0.0.1')],
  ])('speaks plain HTTP on %s', (_where, given) => expect(readConfig(given).admin.tls).toBeNull());

  it.each([
    ['loopback', {}],
    ['every address', on('0.0.0.0')],
    ['a name', on('admin.example.org')],
  ])('speaks HTTPS on %s when it is given certificate and key', (_where, given) => {
    const { tls } = readConfig({ ...given, ...certificate, ...key }).admin;
    expect(tls).toEqual({ certificate: 'admin.crt', key: 'admin.key' });
  });

  it.each([
    ['a certificate without its key', certificate, 'CORDON_ADMIN_KEY'],
    ['the same beyond loopback', { ...on('0.0.0.0'), ...certificate }, 'CORDON_ADMIN_KEY'],
    ['a key without its certificate', key, 'CORDON_ADMIN_CERTIFICATE'],
    ['every address without a certificate', on('0.0.0.0'), 'CORDON_ADMIN_BIND'],
    ['every address of IPv6 without one', on('::'), 'CORDON_ADMIN_BIND'],
    ['nothing, which is every address, without one', on(''), 'CORDON_ADMIN_BIND'],
    ['an address without one', on('10.1.2.3'), 'CORDON_ADMIN_BIND'],
    ['an address that looks like loopback, without one', on('127.0.0.1.example.org'), 'CORDON_ADMIN_BIND'],
  ])('is not opened for passwords in clear: %s', (_what, given, variable) => {
    expect(() => readConfig(given)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ path: [variable] })] }),
    );
  });
});
