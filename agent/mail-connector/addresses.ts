/** E-mail addresses of SMTP envelopes (RFC 5321, RFC 6531) and message headers (RFC 5322, RFC 6532). */
import { domainToASCII } from 'node:url';

/** Octets of the longest address (RFC 5321, section 4.5.3.1.3, without the angle brackets). */
const LONGEST = 254;
/** Octets of the longest local part (RFC 5321, section 4.5.3.1.1). */
const LONGEST_LOCAL = 64;

/**
 * Returns the address in the normal form that is compared with the addresses of people (`normalAddress`). Returns null for an address that
 * no person can have here: a quoted local part, an address literal, or a form that asks for a relay (RFC 5321, appendix F.2). Examples of
 * the last are `user%other.example@here.example` and `@relay:user@other.example`.
 */
export function plainAddress(text: string): string | null {
  const address = normalAddress(text);
  return Buffer.byteLength(address) <= LONGEST && PLAIN.test(address) ? address : null;
}

/** Local part: a dot-atom without `%` and `!`, with letters, marks and numbers of all scripts (RFC 6531). Then a domain name in ASCII. */
const PLAIN =
  /^[\p{L}\p{M}\p{N}#$&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}#$&'*+/=?^_`{|}~-]+)*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/u;

/**
 * Address with the local part in NFC and lower case, and the domain as A-labels (IDNA, UTS #46). Letters that look alike stay different
 * letters. An address without a valid domain is only case-folded.
 */
export function normalAddress(text: string): string {
  const address = text.trim().normalize('NFC').toLowerCase();
  return withAsciiDomain(address) ?? address;
}

/**
 * Address with the domain as A-labels in lower case. The local part stays as it is, because only the mail server of that domain knows its
 * meaning.
 */
export const wireAddress = (address: string): string => withAsciiDomain(address) ?? address;

function withAsciiDomain(address: string): string | null {
  const at = address.lastIndexOf('@');
  const domain = domainToASCII(address.slice(at + 1));
  return at < 0 || domain === '' ? null : `${address.slice(0, at)}@${domain}`;
}

/** True for an address that can be a recipient at the company's mail server: without spaces, controls and the characters of SMTP's syntax. */
export function isSendable(address: string): boolean {
  const found = SENDABLE.exec(wireAddress(address));
  return found !== null && Buffer.byteLength(found[1] ?? '') <= LONGEST_LOCAL;
}
const SENDABLE = /^([^\s\p{C}<>@,;:"()[\]\\]+)@[a-z0-9.-]{1,253}$/iu;

/** True if the address needs the extension SMTPUTF8 (RFC 6531). A domain does not need it, because it has a form in ASCII. */
export const needsSmtpUtf8 = (address: string): boolean => !/^[\x21-\x7e]*$/.test(wireAddress(address));

/** True if `address` is the address `own`. The case of letters and the encoding of the domain do not matter. */
export const isSameAddress = (address: string, own: string | null | undefined): boolean =>
  own != null && normalAddress(address) === normalAddress(own);
