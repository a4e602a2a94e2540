import { expect, it } from 'vitest';
import { createHostCheck } from './host-check.ts';

const check = createHostCheck(['Cordon.example', 'admin.example.org']);

it.each([
  undefined,
  'localhost',
  'localhost:8445',
  'LOCALHOST.',
  'ada.localhost:8445',
  'a.b.localhost',
  '127.0.0.1',
  '127.0.0.1:8445',
  '192.0.2.7:8445',
  '[::1]:8445',
  '[2001:db8::7]',
  '[::ffff:127.0.0.1]:1',
  'cordon.example',
  'CORDON.EXAMPLE:443',
  'admin.example.org.',
])('accepts %s', (host) => {
  expect(() => check(host)).not.toThrow();
});

it.each([
  '',
  'evil.example',
  'evil.example:8445',
  'localhost.evil.example',
  'evillocalhost',
  '.localhost',
  'x.admin.example.org',
  'example.org',
  '127.0.0.1.evil.example',
  '0x7f000001',
  '127.1',
  '[::1',
  '[evil.example]',
  'localhost:8445:80',
  'localhost@evil.example',
  'localhost, evil.example',
  'localhost/',
])('refuses %j', (host) => {
  expect(() => check(host)).toThrow(/CORDON_ADMIN_NAMES/);
});
