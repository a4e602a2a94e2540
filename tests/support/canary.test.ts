import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { newMark, Search } from './canary.ts';

describe('the search for a mark', () => {
  const mark = newMark();
  const hex = Buffer.from(mark.text).toString('hex');
  const inBase64 = (before: string, alphabet: 'base64' | 'base64url') =>
    Buffer.from(Buffer.from(`${before}${mark.text}yz`).toString(alphabet));
  const FORMS: readonly [string, Buffer][] = [
    ['UTF-8', Buffer.from(mark.text)],
    ['UTF-16LE', Buffer.from(mark.text, 'utf16le')],
    ['UTF-16BE', Buffer.from(mark.text, 'utf16le').swap16()],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['JSON escapes', Buffer.from(mark.text.replaceAll(/./g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`))],
    ['base64 after 0', inBase64('€€', 'base64')],
    ['base64 after 1', inBase64('€€?', 'base64')],
    ['base64 after 2', inBase64('€€??', 'base64')],
    ['base64 after 0', inBase64('€€', 'base64url')],
    ['base64 after 1', inBase64('€€?', 'base64url')],
    ['base64 after 2', inBase64('€€??', 'base64url')],
  ];
  it.each(FORMS)('finds a mark as %s, also where gzip has packed it', (form, bytes) => {
    const around = Buffer.concat([Buffer.from('before '), bytes, Buffer.from(' after')]);
    for (const given of [around, Buffer.concat([Buffer.from('packed '), gzipSync(around), Buffer.from(' after')])]) {
      const search = new Search(mark);
      search.look('here', given);
      expect(search.sightings.map((sighting) => sighting.form)).toEqual([form]);
    }
    const other = new Search(newMark());
    other.look('here', around);
    expect(other.sightings).toEqual([]);
  });
});
