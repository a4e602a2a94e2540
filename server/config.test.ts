import { describe, expect, it } from 'vitest';
import { EnvironmentError } from '../shared/environment.ts';
import { readConfig } from './config.ts';

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

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
  ])('serves plain HTTP on %s', (_where, given) => expect(readConfig(given).admin.tls).toBeNull());

  it.each([
    ['loopback', {}],
    ['every address', on('0.0.0.0')],
    ['a name', on('admin.example.org')],
  ])('serves HTTPS on %s with certificate and key', (_where, given) => {
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
  ])('refuses to receive passwords without encryption: %s', (_what, given, variable) => {
    expect(problemsOf(given)).toEqual([expect.stringMatching(new RegExp(`^${variable} `))]);
  });
});

describe('a setting', () => {
  it.each([
    ['CORDON_DEVICE_PORT', '84x3', /must be a whole number from 0 to 65535\. The value is "84x3"/],
    ['CORDON_DEVICE_PORT', '', /must be a whole number/],
    ['CORDON_PUBLIC_PORT', '65536', /from 0 to 65535/],
    ['CORDON_ADMIN_PORT', 'tcp://10.0.0.1:8445', /must be a whole number/],
    ['CORDON_NAMES', '', /must be at least one DNS name or IP address/],
    ['CORDON_NAMES', 'https://devices.example.org', /is a URL: write only the name/],
    ['CORDON_NAMES', 'devices.example.org:8443', /has a port/],
    ['CORDON_NAMES', '[2001:db8::1]', /has brackets/],
    ['CORDON_NAMES', 'a.example.org,*.example.org', /is a wildcard/],
    ['CORDON_NAMES', 'geräte.example.org', /write xn--gerte-ira\.example\.org/],
    ['CORDON_NAMES', 'under_score.example.org', /neither a DNS name nor an IP address/],
    ['CORDON_NAMES', '-a.example.org', /neither/],
    ['CORDON_NAMES', '10.0.0.256', /neither/],
    ['CORDON_NAMES', 'two words', /neither/],
    ['CORDON_ADMIN_NAMES', 'http://admin', /is a URL/],
    ['CORDON_BIND', '0.0.0.0:8443', /must be an IP address or a host name, without a port/],
    ['CORDON_PROXY_FROM', '10.0.0.0/33', /"10\.0\.0\.0\/33" is neither/],
    ['CORDON_PROXY_FROM', 'proxy.example.org', /is neither/],
    ['CORDON_ADMIN_PROXY_FROM', 'proxy.example.org', /is neither/],
    ['CORDON_ADMIN_URL', 'cordon.example.org', /a URL without a path/],
    ['CORDON_ADMIN_URL', 'http://cordon.example.org/console', /a URL without a path/],
    ['CORDON_ADMIN_URL', 'https://cordon.example.org', /^CORDON_ADMIN_PROXY_FROM/],
    ['CORDON_PROXY_REQUIRED', 'admin', /device, public, or both/],
    ['CORDON_PROXY_REQUIRED', 'device', /^CORDON_PROXY_FROM/],
    ['CORDON_DATABASE_URL', 'mysql://localhost/cordon', /must be a PostgreSQL URL/],
    ['CORDON_DATABASE_URL', 'localhost:5432/cordon', /must be a PostgreSQL URL/],
    ['CORDON_MAIL_URL', 'mail.example.org:587', /must be a URL such as smtp:/],
    ['CORDON_MAIL_URL', 'https://mail.example.org', /must be a URL such as smtp:/],
    ['CORDON_MAIL_URL', 'smtp://', /must be a URL such as smtp:/],
    ['CORDON_MAIL_URL', 'smtp://mail.example.org/inbox', /without a path/],
    ['CORDON_MAIL_URL', 'smtp://mail.example.org?tls=no', /without a path/],
    ['CORDON_MAIL_URL', 'smtp://under_score.example.org', /must be a URL such as smtp:/],
    ['CORDON_MAIL_URL', 'smtp://mail.example.org:0', /must be a URL such as smtp:/],
    ['CORDON_MAIL_URL', 'smtp://cordon@mail.example.org', /both a user and a password, or with neither/],
    ['CORDON_MAIL_URL', 'smtp://cordon:%ff@mail.example.org', /percent-encode/],
    ['CORDON_MAIL_URL', 'smtp://mail.example.org', /^CORDON_MAIL_FROM is not set/],
    ['CORDON_MAIL_FROM', 'cordon@example.org', /^CORDON_MAIL_URL is not set/],
    ['CORDON_OPERATOR_URL', 'example.org/{order}', /must be a URL/],
    ['CORDON_LARGE_SHARE', '101', /a number from 0 to 100/],
    ['CORDON_EVIDENCE_DAYS', '0', /from 1 to 3650/],
    ['CORDON_ACTIVITY_DAYS', '29', /from 30 to 3650/],
    ['CORDON_BUILD_CONSOLE', 'perhaps', /true or false/],
    ['CORDON_REQUIRE_PASSKEYS', 'perhaps', /true or false/],
    ['CORDON_LOG', 'verbose', /one of debug, info, warn, error, silent/],
    ['CORDON_PASSPHRASE', 'short', /at least 12 characters/],
    ['CORDON_ORGANIZATION', '', /^CORDON_ORGANIZATION must be from 1 to 120 characters/],
    [`CORDON_${'NAMSE'}`, 'a', /is not a setting of Cordon\. Did you mean CORDON_NAMES\?/],
  ])('%s=%s is refused in one line with the reason', (name, value, why) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(why)]);
  });

  it.each([
    ['CORDON_NAMES', 'devices.example.org, 192.0.2.1,2001:db8::1,localhost,xn--gerte-ira.example.org,a1'],
    ['CORDON_PROXY_FROM', '10.0.0.0/8,2001:db8::/32,127.0.0.1'],
    ['CORDON_DATABASE_URL', 'postgres://cordon:p%40ss@localhost:5432/cordon'],
    ['CORDON_DATABASE_URL', 'postgresql:///cordon?host=/run/postgresql'],
    ['CORDON_OPERATOR_URL', 'https://example.org/orders/{order}'],
    ['CORDON_BIND', '::'],
    ['CORDON_AGENT_LOG', 'of another program'],
  ])('%s=%s is accepted', (name, value) => expect(problemsOf({ [name]: value })).toEqual([]));

  it('requires passkeys only for a console with a host name', () => {
    const url = (origin: string) => problemsOf({ CORDON_REQUIRE_PASSKEYS: 'true', CORDON_ADMIN_URL: origin });
    expect(problemsOf({ CORDON_REQUIRE_PASSKEYS: 'true' })).toEqual([]);
    expect(url('http://localhost:8445')).toEqual([]);
    expect(url('http://127.0.0.1:8445')).toEqual([
      expect.stringMatching(/^CORDON_REQUIRE_PASSKEYS must be false unless/),
    ]);
  });

  it('has one line for each problem', () => {
    expect(problemsOf({ CORDON_LOG: 'x', CORDON_DEVICE_PORT: 'y', [`CORDON_${'BIMD'}`]: 'z' })).toHaveLength(3);
  });

  it('is not shown if it is a secret (52)', () => {
    const variables = {
      CORDON_DATABASE_URL: 'mysql://cordon:hunter2-secret@db',
      CORDON_PASSPHRASE: 'hunter2',
      CORDON_MAIL_URL: 'smtp://cordon:hunter2@mail/x',
    };
    expect(problemsOf(variables).join()).not.toContain('hunter2');
  });
});

describe('the mail server', () => {
  const from = { CORDON_MAIL_FROM: 'cordon@example.org' };

  it.each([
    ['smtp://mail.example.org', 'mail.example.org', 587, 'required', null],
    ['smtps://mail.example.org', 'mail.example.org', 465, 'start', null],
    [
      'smtp://u:p%40%2F%3A@mail.example.org:2525/',
      'mail.example.org',
      2525,
      'required',
      { user: 'u', password: 'p@/:' },
    ],
    ['smtps://a%40b:p@[2001:db8::1]:465', '2001:db8::1', 465, 'start', { user: 'a@b', password: 'p' }],
    ['smtp://10.0.0.1', '10.0.0.1', 587, 'required', null],
    ['smtp://localhost:25', 'localhost', 25, 'offered', null],
    ['smtp://127.0.0.2', '127.0.0.2', 587, 'offered', null],
    ['smtp://[::1]', '::1', 587, 'offered', null],
    ['smtp://localhost.example.org', 'localhost.example.org', 587, 'required', null],
    ['smtps://localhost', 'localhost', 465, 'start', null],
  ])('%s needs TLS unless it is on this machine', (url, host, port, tls, login) => {
    const { mail } = readConfig({ ...from, CORDON_MAIL_URL: url });
    expect(mail).toEqual({ from: 'cordon@example.org', server: { host, port, tls, login } });
  });

  it.each(['cordon', 'Cordon <cordon@example.org>', 'a@example.org, b@example.org', 'a b@example.org'])(
    'does not accept "%s" as a sender',
    (address) => {
      const variables = { CORDON_MAIL_URL: 'smtp://mail.example.org', CORDON_MAIL_FROM: address };
      expect(problemsOf(variables)).toEqual([
        expect.stringMatching(/^CORDON_MAIL_FROM must be an e-mail address such as/),
      ]);
    },
  );

  it('is not set by default', () => expect(readConfig({}).mail).toBeNull());
});
