import { expect, it } from 'vitest';
import { fileName, initials, nameOf } from './names.ts';

const person = (name: string) => ({ person: name, name, verified: true });

it('names a conversation by its title, or by its people in isolates', () => {
  expect(nameOf({ title: 'خبریں', people: [person('Ada')] })).toBe('\u2068خبریں\u2069');
  expect(nameOf({ title: null, people: [person('Ada'), person('علیہ')] })).toBe('\u2068Ada\u2069 and \u2068علیہ\u2069');
  expect(nameOf({ title: null, people: [] })).toBe('Only you');
});

it.each([
  ['Ada Lovelace', 'A L'],
  ['ada', 'A'],
  ['  Maria  da  Silva ', 'M S'],
  ['علیہ خان', 'ع خ'],
  ['اجلاس 2027', 'ا'],
  ['👩🏽‍⚖️ Ngozi', 'N'],
  ['👩🏽‍⚖️', '👩🏽‍⚖️'],
  ['', ''],
])('has initials for %s', (name, letters) => {
  expect(initials(name)).toBe(letters.replace(' ', '\u200c'));
});

it('removes direction controls and paths from file names', () => {
  expect(fileName('invoice\u202egpj.exe')).toBe('invoice_gpj.exe');
  expect(fileName('../../etc/passwd\n')).toBe('.._.._etc_passwd_');
  expect(fileName('گزارش\u200cها.pdf')).toBe('گزارش\u200cها.pdf');
});
