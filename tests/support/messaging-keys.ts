/** Messaging keys of devices and of the organization for tests. The keys are real, and a test can easily make them invalid. */
import { generateKeyPairSync } from 'node:crypto';
import type { Envelope, MessagingKey } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { signMessagingKey } from '../../shared/order/messaging-certificate.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { INSTALLATION } from './signed-documents.ts';

/** A new raw Ed25519 public key in base64, as MLS uses it. */
export function newSignatureKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
}

export function messagingKey(
  device: DeviceId,
  signer: Signer,
  changes: Partial<MessagingKey> = {},
): { readonly envelope: Envelope; readonly signatureKey: string } {
  const document = {
    installation: INSTALLATION,
    device,
    generation: 1,
    signatureKey: newSignatureKey(),
    at: '2015-07-24T12:00:00.000Z',
    ...changes,
  };
  return { envelope: signMessagingKey(document, signer), signatureKey: document.signatureKey };
}
