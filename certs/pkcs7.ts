/** PKCS#7 "certs-only" message: certificates in a SignedData without a signature, the format of EST responses (RFC 7030, section 4.1.3). */
import { fromDer, integer, oid, sequence, set, tagged, toDer } from './der.ts';

const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';

export function certsOnly(ders: readonly Buffer[]): Buffer {
  const signedData = sequence(integer(1), set(), sequence(oid(DATA)), tagged(0, ...ders.map(fromDer)), set());
  return toDer(sequence(oid(SIGNED_DATA), tagged(0, signedData)));
}
