import fc from 'fast-check';
import { expect, it } from 'vitest';
import { emailKey, personSubject } from './email.ts';

it.each([
  ['amina@example.org', 'amina@example.org', true],
  ['Amina@EXAMPLE.org', 'amina@example.org', true],
  ['ａmina@example.org', 'amina@example.org', true],
  ['amina+legal@example.org', 'amina@example.org', true],
  ['amina+a+b@example.org', 'amina@example.org', true],
  ['+amina@example.org', 'amina@example.org', false],
  ['amina@example.com', 'amina@example.org', false],
  ['"a+b@c"@example.org', '"a"@example.org', true],
])('case 31: %s and %s belong to one person: %s', (a, b, one) => {
  expect(personSubject(a) === personSubject(b)).toBe(one);
});

it('keeps the accounts of one person apart, and does not change a normalized key', () => {
  expect(emailKey('amina+legal@example.org')).not.toBe(emailKey('amina@example.org'));
  fc.assert(
    fc.property(fc.emailAddress(), (email) => {
      expect(emailKey(emailKey(email))).toBe(emailKey(email));
      expect(personSubject(email.toUpperCase())).toBe(personSubject(email));
    }),
  );
});
