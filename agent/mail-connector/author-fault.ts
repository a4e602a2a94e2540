/** Check of the author fields of a message. This file also loads a large address parser, so programs should import it only when needed. */
import addressparser from 'nodemailer/lib/addressparser';
import { isSameAddress } from './addresses.ts';
import { headerFields, headerOf, isHeaderWhole, textOf } from './message-header.ts';

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
    const addresses = addressparser(textOf(value), { flatten: true });
    const [first] = addresses;
    if (addresses.length !== 1 || !first || !isSameAddress(first.address, own)) {
      return `The field ${name === 'from' ? 'From' : 'Sender'} must contain only the address ${own}.`;
    }
  }
  return null;
}
