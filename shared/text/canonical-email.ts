/**
 * E-mail addresses in two forms. The stored form is the address as the admin typed it: Cordon displays it and sends mail to it. The canonical
 * form decides whether two addresses belong to one person. The canonical form is for comparisons only: never send mail to it.
 * This module needs Node. A browser asks the server.
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { latinSkeleton } from './lookalikes.ts';

/** Domains of Gmail. Google documents that dots in the local part do not matter at these domains, and that both domains are one. */
const GMAIL = new Set(['gmail.com', 'googlemail.com']);

/** The address as given: NFC, without surrounding white space. */
export function storedEmail(address: string): string {
  return address.normalize('NFC').trim();
}

/**
 * The form in which two addresses of one person are equal. It ignores case, invisible characters, letters that look alike (UTS #39), the encoding of
 * the domain (IDNA, UTS #46), quotes, a plus tag, and dots at Gmail. Returns the folded text for input that is no address.
 */
export function canonicalEmail(address: string): string {
  const text = folded(address);
  const at = text.lastIndexOf('@');
  if (at < 0) return latinSkeleton(text);
  const domain = canonicalDomain(text.slice(at + 1));
  const local = withoutPlusTag(latinSkeleton(unquoted(text.slice(0, at))));
  if (!GMAIL.has(domain)) return `${local}@${domain}`;
  return `${local.replaceAll('.', '')}@gmail.com`;
}

/** NFKC and full case folding: `ß` is `ss`, `K` (Kelvin) is `k`, and the dotted `İ` is `i`. */
function folded(text: string): string {
  return (
    text
      .normalize('NFKC')
      .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\s]/gu, '')
      .toUpperCase()
      .toLowerCase()
      // JavaScript writes a sigma at the end of a word as `ς`.
      .replaceAll('ς', 'σ')
      .replaceAll('i\u0307', 'i')
      .normalize('NFKC')
  );
}

function canonicalDomain(domain: string): string {
  const ascii = domainToASCII(domain);
  // An address literal such as [192.0.2.1] is no domain name.
  const name = ascii === '' ? domain : domainToUnicode(ascii);
  return latinSkeleton(name.replace(/\.+$/, ''));
}

/** RFC 5321, section 4.1.2: a quoted local part is the same mailbox as the unquoted one. */
function unquoted(local: string): string {
  return /^".*"$/.test(local) ? local.slice(1, -1).replaceAll(/\\(.)/g, '$1') : local;
}

function withoutPlusTag(local: string): string {
  const plus = local.indexOf('+');
  return plus > 0 ? local.slice(0, plus) : local;
}
