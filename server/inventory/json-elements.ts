/**
 * Splits the bytes of a JSON array into the texts of its elements, so that a large file is parsed in parts. A text with one JSON object
 * instead of an array has one element. Throws `invalid_input` if brackets or quotes do not match; JSON.parse checks the elements.
 */
import { CordonError } from '../../shared/errors.ts';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

export function* jsonElements(bytes: Buffer): Generator<string> {
  let start = 0;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) start = 3;
  while (start < bytes.length && isSpace(bytes[start] ?? 0)) start += 1;
  if (bytes[start] !== 0x5b) {
    yield bytes.toString('utf8', start);
    return;
  }
  let from = start + 1;
  let depth = 1;
  let quoted = false;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (quoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (isOpening(byte)) depth += 1;
    else if (isClosing(byte)) {
      depth -= 1;
      if (depth > 0) continue;
      const last = bytes.toString('utf8', from, at).trim();
      if (last !== '') yield last;
      if (bytes.toString('utf8', at + 1).trim() !== '') throw unreadable('Text follows the end of the array.');
      return;
    } else if (byte === COMMA && depth === 1) {
      yield bytes.toString('utf8', from, at);
      from = at + 1;
    }
  }
  throw unreadable('The file ends inside the array.');
}

const unreadable = (detail: string): CordonError =>
  new CordonError('invalid_input', `The file is not a JSON array. ${detail}`, {});
