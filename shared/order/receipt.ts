/**
 * A device's signed word about itself: *informed*, *shown*, *enforced*, *restored*. Made after the durable change that it speaks of, signed by
 * the key of the device's certificate (ECDSA P-256), and evidence only once that signature has been verified.
 */

import { CordonError } from '../errors.ts';
import { encodeCanonical, parseDocument } from './canonical.ts';
import { type Envelope, PAYLOAD_TYPES, type Receipt, receiptSchema } from './documents.ts';
import { payloadOf, type Signer, signEnvelope, signedBy, type VerifyingKey } from './dsse.ts';

export function makeReceipt(receipt: Receipt, signer: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.receipt, encodeCanonical(receipt), [signer]);
}

/** Reads it without believing it. */
export function readReceipt(envelope: Envelope): Receipt {
  return parseDocument(receiptSchema, payloadOf(envelope, PAYLOAD_TYPES.receipt));
}

export function verifyReceipt(envelope: Envelope, key: VerifyingKey): Receipt {
  const receipt = readReceipt(envelope);
  if (!signedBy(envelope, [key]).has(key.keyid)) {
    throw new CordonError(
      'signature_invalid',
      `The receipt is not signed by the certificate's key of ${receipt.device}.`,
    );
  }
  return receipt;
}
