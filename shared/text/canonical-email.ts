/**
 * E-mail addresses in two forms: the address as typed, for display and mail, and the canonical form, which only decides whether two
 * addresses belong to the same person.
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { latinSkeleton } from './lookalikes.ts';

/** Domains of Gmail. Both domains have the same mailboxes, and dots in the local part do not matter. */
const GMAIL = new Set(['gmail.com', 'googlemail.com']);

/** E-mail address as typed: NFC, without surrounding white space. */
export function storedEmail(address: string): string {
  return address.normalize('NFC').trim();
}

/**
 * Canonical form, equal for all addresses of one mailbox. It ignores case, invisible characters, letters that look alike (UTS #39), the
 * encoding of the domain (IDNA, UTS #46), quotes, a plus tag, and dots at Gmail. Text that is no e-mail address is only case-folded.
 */
export function canonicalEmail(address: string): string {
  const text = foldCase(address);
  const at = text.lastIndexOf('@');
  if (at < 0) return latinSkeleton(text);
  const domain = canonicalDomain(text.slice(at + 1));
  const local = withoutPlusTag(latinSkeleton(unquoted(text.slice(0, at))));
  if (!GMAIL.has(domain)) return `${local}@${domain}`;
  return `${local.replaceAll('.', '')}@gmail.com`;
}

/** Text after NFKC and full case folding: `ß` becomes `ss`, `K` (Kelvin) becomes `k`, and the dotted `İ` becomes `i`. */
function foldCase(text: string): string {
  return (
    text
      .normalize('NFKC')
      .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\s]/gu, '')
      .toUpperCase()
      .toLowerCase()
      // A sigma at the end of a word is converted separately, because JavaScript lower-cases it to `ς`.
      .replaceAll('ς', 'σ')
      .replaceAll('i\u0307', 'i')
      .normalize('NFKC')
  );
}

function canonicalDomain(domain: string): string {
  const ascii = domainToASCII(domain);
  // An address literal such as [192.0.2.1] is not a domain name, so its text is used unchanged.
  const name = ascii === '' ? domain : domainToUnicode(ascii);
  return latinSkeleton(name.replace(/\.+$/, ''));
}

/** A quoted local part is the same mailbox as the unquoted local part (RFC 5321, section 4.1.2). */
function unquoted(local: string): string {
  return /^".*"$/.test(local) ? local.slice(1, -1).replaceAll(/\\(.)/g, '$1') : local;
}

function withoutPlusTag(local: string): string {
  const plus = local.indexOf('+');
  return plus > 0 ? local.slice(0, plus) : local;
}
