import { expect, it } from 'vitest';
import { fileNameSchema } from './workspace-file.ts';

const accepts = (name: string) => fileNameSchema.safeParse(name).success;

it.each(['report.pdf', 'Größe 2.txt', '報告書.docx', 'می\u200cخواهم.txt', 'a', '🗺 map.png', "o'brien & co.csv", '-rf'])(
  'accepts %j',
  (name) => expect(accepts(name)).toBe(true),
);

it.each([
  '',
  '.',
  '..',
  '../key',
  'a/b',
  'a\\b',
  '/etc/passwd',
  'C:report',
  '.profile',
  'report.',
  ' report',
  'report ',
  'a\0b',
  'a\nb',
  'report\u202Efdp.exe',
  '\uD800',
  'x'.repeat(201),
])('refuses %j', (name) => expect(accepts(name)).toBe(false));
