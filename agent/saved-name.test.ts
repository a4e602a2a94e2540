import { expect, it } from 'vitest';
import { savedName } from './saved-name.ts';

it.each([
  ['a plan', 'plan of Monday.txt', 'plan of Monday.txt'],
  ['Urdu', 'گزارش\u200cها.pdf', 'گزارش\u200cها.pdf'],
  ['Hebrew beside Latin', 'תקציר v2.txt', 'תקציר v2.txt'],
  ['none', '', '_'],
  ['the folder itself', '.', '_'],
  ['the folder above', '..', '_'],
  ['a path', '../../etc/passwd', '__.._etc_passwd'],
  ['a path of Windows', '..\\..\\autoexec.bat', '__.._autoexec.bat'],
  ['a settings file', '.bashrc', '_bashrc'],
  ['a null', 'plan\0.txt', 'plan\ufffd.txt'],
  ['a break and an escape', 'plan\n\u001b[2J.txt', 'plan \ufffd[2J.txt'],
  ['turned round', 'invoice\u202egpj.exe', 'invoice\ufffdgpj.exe'],
])('%s', (_, given, name) => {
  expect(savedName(given)).toBe(name);
});

it.each([
  ['of one byte', `${'a'.repeat(255)}`, 'a'.repeat(255)],
  ['of two', `${'ی'.repeat(250)}.pdf`, `${'ی'.repeat(125)}.pdf`],
  ['of four, never half of one', `${'😀'.repeat(120)}.pdf`, `${'😀'.repeat(62)}.pdf`],
  ['in an ending that is none', `a.${'ی'.repeat(250)}`, `a.${'ی'.repeat(126)}`],
  ['in many dots', '.'.repeat(255), '_'],
])('is shortened to 255 bytes: characters %s', (_, given, name) => {
  expect(savedName(given)).toBe(name);
});
