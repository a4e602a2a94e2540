/** Header of an e-mail message (RFC 5322, section 2.2). The functions read bytes as Latin-1, so that each byte stays as it is. */

export interface HeaderField {
  /** Name in lower case. */
  readonly name: string;
  /** Value without line breaks. */
  readonly value: string;
}

const LONGEST_HEADER = 256 * 1024;
const EMPTY_LINE = /\r?\n\r?\n/;

const startOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, Math.min(byteLength, LONGEST_HEADER)).toString('latin1');

/** Header of the message with its last line break, at most 256 KiB. Without an empty line, the whole message counts as header. */
export function headerOf(message: Uint8Array): string {
  const text = startOf(message);
  const end = EMPTY_LINE.exec(text);
  return end ? text.slice(0, end.index + end[0].length / 2) : text;
}

/** True if `headerOf` returns the whole header. If it returns only a part, a mail program may see fields that this module does not see. */
export const isHeaderWhole = (message: Uint8Array): boolean =>
  message.byteLength <= LONGEST_HEADER || EMPTY_LINE.test(startOf(message));

export function headerFields(message: Uint8Array): HeaderField[] {
  const unfolded = headerOf(message).replaceAll(/\r?\n[ \t]+/g, ' ');
  return unfolded.split(/\r?\n/).flatMap((line) => {
    const field = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*)$/s.exec(line);
    return field ? [{ name: (field[1] ?? '').toLowerCase(), value: (field[2] ?? '').trim() }] : [];
  });
}

export const hasField = (fields: readonly HeaderField[], wanted: string): boolean =>
  fields.some(({ name }) => name === wanted);

/** Value of a field as text: UTF-8 (RFC 6532). Bytes that are no UTF-8 become U+FFFD, which is in no address of a person. */
export const textOf = (value: string): string => Buffer.from(value, 'latin1').toString('utf8');

/** Number of servers that the message has passed (RFC 5321, section 6.3). */
export const hopsOf = (fields: readonly HeaderField[]): number =>
  fields.filter(({ name }) => name === 'received').length;

export interface Trace {
  /** Name that the client stated in EHLO. */
  readonly helo: string;
  readonly remoteAddress: string;
  readonly host: string;
  /** Protocol of the transfer (RFC 3848), such as `ESMTPS`. */
  readonly protocol: string;
  readonly id: string;
  readonly at: number;
}

/**
 * Trace information that each receiving server adds (RFC 5321, section 4.4). It names no recipient, because that would reveal blind copies.
 */
export function receivedField({ helo, remoteAddress, host, protocol, id, at }: Trace): string {
  const name = helo.replaceAll(/[^\x21-\x27\x2a-\x7e]/g, '').slice(0, 255) || 'unknown';
  return `Received: from ${name} (${literal(remoteAddress)})\r\n\tby ${host} (Cordon) with ${protocol} id ${id};\r\n\t${mailDate(at)}\r\n`;
}

const literal = (address: string): string => (address.includes(':') ? `[IPv6:${address}]` : `[${address}]`);

/** Date in the format of RFC 5322, section 3.3. */
export const mailDate = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000');
