/** E-mail addresses of SMTP envelopes (RFC 5321) and message headers (RFC 5322). */
import addressparser from 'nodemailer/lib/addressparser';
import { headerFields, headerOf, isHeaderWhole } from './message-header.ts';

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

/**
 * Fault in the author fields of a message from a person's device; null if there is none. The message must have one From field with only
 * the person's address, and Sender may not name another person (RFC 5322, section 3.6.2). Otherwise a device could write in the name of
 * another person.
 */
export function authorFault(message: Uint8Array, own: string): string | null {
  if (!isHeaderWhole(message)) return 'The header of the message is too long.';
  // A mail program may read a single carriage return as a line break, and then see other fields than this function.
  if (/\r(?!\n)|\0/.test(headerOf(message)))
    return 'The header of the message has a single carriage return or a zero byte.';
  const fields = headerFields(message);
  const from = fields.filter(({ name }) => name === 'from');
  const sender = fields.filter(({ name }) => name === 'sender');
  if (from.length !== 1) return `The message has ${from.length} From fields. It must have one.`;
  for (const { name, value } of [...from, ...sender]) {
    const addresses = addressparser(value, { flatten: true });
    const [first] = addresses;
    if (addresses.length !== 1 || !first || !isSameAddress(first.address, own)) {
      return `The field ${name === 'from' ? 'From' : 'Sender'} must contain only the address ${own}.`;
    }
  }
  return null;
}
