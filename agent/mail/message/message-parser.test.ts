import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { LARGEST_MAIL } from '../../../shared/protocol/mail-http.ts';
import { composeMessage, type NewMessage, peopleIn } from './compose-message.ts';
import { uuidIn } from './message-id.ts';
import { createMessageParser } from './message-parser.ts';

const parser = createMessageParser();
afterAll(() => parser.stop());

const lines = (...all: string[]) => Buffer.from(all.join('\r\n'));
const message = (given: Partial<NewMessage> = {}): NewMessage => ({
  id: randomUUID(),
  from: { name: 'Ada Lovelace', address: 'ada@corp.example' },
  to: 'Zoë <zoe@example.org>, "Okri, Ben" <ben@example.org>',
  cc: '',
  bcc: 'secret@example.org',
  subject: 'Zahlen für März',
  text: 'Line 1\nعلیہ <b>',
  inReplyTo: '<a@example.org>',
  references: ['<z@example.org>', '<a@example.org>'],
  files: [{ name: 'bericht ü.pdf', type: 'application/pdf', bytes: Buffer.from([0, 1, 2, 255]) }],
  at: Date.UTC(2026, 10, 29, 12),
  ...given,
});

describe('a composed message', () => {
  it('has every part after parsing', async () => {
    const given = message();
    const composed = await composeMessage(given);
    expect(composed.recipients).toEqual(['zoe@example.org', 'ben@example.org', 'secret@example.org']);
    expect(composed.message.toString('latin1')).not.toContain('secret@example.org');
    const parsed = await parser.parse(composed.message);
    expect(parsed).toMatchObject({
      from: given.from,
      to: [
        { name: 'Zoë', address: 'zoe@example.org' },
        { name: 'Okri, Ben', address: 'ben@example.org' },
      ],
      subject: 'Zahlen für März',
      date: given.at,
      messageId: composed.messageId,
      references: given.references,
      files: [{ name: 'bericht ü.pdf', type: 'application/pdf', size: 4 }],
      isShortened: false,
    });
    expect(parsed.text.trim()).toBe('Line 1\nعلیہ <b>');
    expect(parsed.html).toContain('علیہ &lt;b&gt;');
    expect(uuidIn(parsed.messageId)).toBe(given.id);
    expect(Buffer.from(await parser.file(composed.message, 0))).toEqual(given.files[0]?.bytes);
    await expect(parser.file(composed.message, 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['no recipient', { to: ' ', bcc: '' }, 'invalid_input'],
    ['a malformed address', { to: 'ada at corp' }, 'invalid_input'],
    ['a line break in an address', { to: 'ada@corp.example\r\nBcc: all@corp.example' }, 'invalid_input'],
    ['too many recipients', { to: Array.from({ length: 101 }, (_, n) => `p${n}@a.example`).join() }, 'invalid_input'],
    ['too large files', { files: [{ name: 'a', type: 'a/b', bytes: Buffer.alloc(LARGEST_MAIL) }] }, 'too_large'],
  ])('is refused with %s', async (_name, given, code) => {
    await expect(composeMessage(message(given))).rejects.toMatchObject({ code });
  });

  it('cannot get another header from a subject', async () => {
    const composed = await composeMessage(message({ subject: 'Hello\r\nBcc: all@corp.example' }));
    expect(composed.message.toString()).not.toMatch(/^Bcc:/im);
  });

  it('accepts addresses without names', () => {
    expect(peopleIn('a@b.example, C <c@d.example>')).toEqual([
      { name: '', address: 'a@b.example' },
      { name: 'C', address: 'c@d.example' },
    ]);
  });
});

describe('a received message', () => {
  it.each([
    ['windows-1251', Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]), 'Привет'],
    ['iso-2022-jp', Buffer.from('\u001b$B$3$s\u001b(B', 'latin1'), 'こん'],
    ['utf-8', Buffer.from('ağaç'), 'ağaç'],
  ])('is decoded from %s', async (charset, bytes, text) => {
    const head = lines('Subject: x', `Content-Type: text/plain; charset=${charset}`, '', '');
    expect((await parser.parse(Buffer.concat([head, bytes]))).text.trim()).toBe(text);
  });

  it('without headers, dates or addresses has empty values', async () => {
    expect(await parser.parse(lines('Date: yesterday', 'From: nobody', '', 'text'))).toMatchObject({
      from: null,
      to: [],
      subject: '',
      date: null,
      messageId: null,
    });
  });

  it('keeps an attached message as a file', async () => {
    const parsed = await parser.parse(
      lines(
        'Content-Type: multipart/mixed; boundary=b',
        ...['', '--b', 'Content-Type: text/plain', '', 'see below', '--b', 'Content-Type: message/rfc822', ''],
        ...['Subject: inner', '', 'inner text', '--b--', ''],
      ),
    );
    expect(parsed.text).not.toContain('inner text');
    expect(parsed.files).toMatchObject([{ type: 'message/rfc822' }]);
  });

  it.each([
    ['deeply nested parts', nested(5_000)],
    ['many parts', manyParts(300_000)],
    [
      'a huge header',
      Buffer.concat([Buffer.from('X: '), Buffer.alloc(8 * 1024 * 1024, 'a'), Buffer.from('\r\n\r\nx')]),
    ],
    ['a huge text', Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), Buffer.alloc(LARGEST_MAIL - 20, 'a ')])],
    ['only zeros', Buffer.alloc(LARGEST_MAIL)],
  ])('with %s neither ends the agent nor exceeds the limits', { timeout: 120_000 }, async (_name, bytes) => {
    const limited = createMessageParser({ within: 20_000 });
    try {
      const parsed = await limited.parse(bytes).catch((error: unknown) => error);
      if (parsed instanceof Error) expect(parsed).toMatchObject({ code: 'content_malformed' });
      else expect(JSON.stringify(parsed).length).toBeLessThan(8_000_000);
      expect((await limited.parse(lines('Subject: next', '', ''))).subject).toBe('next');
    } finally {
      await limited.stop();
    }
  });

  it('that takes too long is refused, and the next one is parsed', async () => {
    const hasty = createMessageParser({ within: 1 });
    await expect(hasty.parse(manyParts(300_000))).rejects.toMatchObject({ code: 'content_malformed' });
    await hasty.stop();
  });
});

function nested(depth: number): Buffer {
  const all: string[] = [];
  for (let at = 0; at < depth; at += 1) all.push(`Content-Type: multipart/mixed; boundary=b${at}`, '', `--b${at}`);
  return lines(...all, 'Content-Type: text/plain', '', 'bottom');
}

function manyParts(count: number): Buffer {
  const part = '--b\r\nContent-Disposition: attachment; filename=a\r\n\r\na\r\n';
  return Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${part.repeat(count)}--b--\r\n`);
}
