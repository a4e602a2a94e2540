/** PKCS#7 "certs-only" message: certificates in a SignedData without a signature, the format of EST responses (RFC 7030, section 4.1.3). */
import { emptySet, integer, oid, sequence, tagged } from './der-writer.ts';

const VERSION = integer(1);
const DATA = sequence(oid('1.2.840.113549.1.7.1'));
const SIGNED_DATA = oid('1.2.840.113549.1.7.2');

export function certsOnly(ders: readonly Buffer[]): Buffer {
  const signedData = sequence(VERSION, emptySet(), DATA, tagged(0, ...ders), emptySet());
  return sequence(SIGNED_DATA, tagged(0, signedData));
}
