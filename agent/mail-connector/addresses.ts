/** E-mail addresses of SMTP envelopes (RFC 5321) and message headers (RFC 5322). */

const LONGEST = 254;

/**
 * Address in the form that is compared with the addresses of people: lower case, with a plain local part. Null for an address that no
 * person can have here: a quoted local part, an address literal, and forms that ask for a relay (RFC 5321, appendix F.2), such as
 * `user%other.example@here.example`, `other.example!user@here.example` and `@relay:user@other.example`.
 */
export function plainAddress(text: string): string | null {
  const address = text.toLowerCase();
  if (address.length > LONGEST) return null;
  return PLAIN.test(address) ? address : null;
}

/** A dot-atom without `%` and `!`, and a domain name. */
const PLAIN =
  /^[a-z0-9#$&'*+/=?^_`{|}~-]+(?:\.[a-z0-9#$&'*+/=?^_`{|}~-]+)*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** True for an address that can be a recipient at the company's mail server: printable ASCII without the characters of SMTP's syntax. */
export const isSendable = (address: string): boolean =>
  /^[^\s<>@,;:"()[\]\\]{1,64}@[a-z0-9.-]{1,253}$/i.test(address) && isAscii(address);

export const isAscii = (text: string): boolean => /^[\x21-\x7e]*$/.test(text);

/** True if `address` is the address `own`. The case of letters does not matter. */
export const isSameAddress = (address: string, own: string | null | undefined): boolean =>
  own != null && address.toLowerCase() === own.trim().toLowerCase();
