import { expect, it } from 'vitest';
import { pictureKind } from './picture-kind.ts';

const text = (said: string) => Uint8Array.from(said, (letter) => letter.charCodeAt(0));

it.each([
  ['png', text('\x89PNG\r\n\x1a\n\0\0'), 'image/png'],
  ['jpeg', text('\xff\xd8\xff\xe0\0\x10JFIF'), 'image/jpeg'],
  ['gif', text('GIF89a'), 'image/gif'],
  ['webp', text('RIFF\x01\x02\x03\x04WEBPVP8 '), 'image/webp'],
  ['another RIFF', text('RIFF\x01\x02\x03\x04WAVEfmt '), null],
  ['svg', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), null],
  ['a page', text('<!doctype html>'), null],
  ['a beginning of png', text('\x89PNG'), null],
  ['nothing', text(''), null],
])('recognizes %s', (_name, bytes, kind) => {
  expect(pictureKind(bytes)).toBe(kind);
});
