/** Check by node-forge that bytes are DER. Tests compare it with the strict reader in `certs/der-reader.ts`. */
import forge from 'node-forge';
import { type Asn1, fromDer, toDer } from '../../certs/der.ts';

const { Class, Type } = forge.asn1;

/**
 * Parses bytes. node-forge also accepts BER, in which one value has several encodings that two parsers may interpret differently.
 * Therefore the result is encoded again and compared. Throws a plain `Error` with the reason.
 */
export function checkedByForge(der: Buffer): Asn1 {
  const value = fromDer(der);
  if (!toDer(value).equals(der)) throw new Error('the encoding is not DER');
  checkStrict(value);
  return value;
}

/** Refuses values that are not DER although node-forge encodes them unchanged (X.690, sections 11.1, 11.2.1 and 11.6). */
function checkStrict(value: Asn1): void {
  if (Array.isArray(value.value)) {
    if (value.tagClass === Class.UNIVERSAL && value.type !== Type.SEQUENCE && value.type !== Type.SET) {
      throw new Error('a constructed string is not DER');
    }
    value.value.forEach(checkStrict);
    if (value.tagClass === Class.UNIVERSAL && value.type === Type.SET) checkSetOrder(value.value);
    return;
  }
  if (value.tagClass !== Class.UNIVERSAL) return;
  if (value.type === Type.SEQUENCE || value.type === Type.SET)
    throw new Error('a primitive SEQUENCE or SET is not DER');
  if (value.type === Type.BOOLEAN && value.value !== '\xff' && value.value !== '\x00') {
    throw new Error('a BOOLEAN that is neither 00 nor FF is not DER');
  }
  if (value.type === Type.INTEGER && value.value.length === 0) throw new Error('an INTEGER without a value is not DER');
  if (value.type === Type.BITSTRING) checkUnusedBits(value.value);
}

function checkSetOrder(items: Asn1[]): void {
  const encoded = items.map(toDer);
  if (encoded.some((item, i) => i > 0 && Buffer.compare(encoded[i - 1] ?? item, item) > 0)) {
    throw new Error('a SET that is not sorted is not DER');
  }
}

function checkUnusedBits(value: string): void {
  const unused = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  if (value.length === 0 || unused > 7 || (value.length === 1 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) {
    if (value.length > 1 || unused !== 0) throw new Error('a BIT STRING with unused bits that are set is not DER');
  }
}
