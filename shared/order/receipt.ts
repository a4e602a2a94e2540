/**
 * Receipts: a device's signed statements that it stored or displayed an order, blocked or restored a service, or wiped its work data. The
 * device signs with the key of its certificate (ECDSA P-256), after it has durably stored the event.
 */

import { CordonError } from '../errors.ts';
import { encodeCanonical, parseDocument } from './canonical.ts';
import { type Envelope, PAYLOAD_TYPES, type Receipt, receiptSchema } from './documents.ts';
import { payloadOf, type Signer, signEnvelope, signedBy, type VerifyingKey } from './dsse.ts';

export function makeReceipt(receipt: Receipt, signer: Signer): Envelope {
  return signEnvelope(PAYLOAD_TYPES.receipt, encodeCanonical(receipt), [signer]);
}

/** Parses a receipt without a check of its signature. */
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
