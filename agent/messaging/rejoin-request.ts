/**
 * How a device that has lost a conversation's state asks to be let in again: it has nothing to seal with, so the request is open to the server, and
 * says no more than that. It is signed by the key that the organisation has countersigned; who is asked verifies that key before anything else.
 */
import { createPrivateKey, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { conversationIdSchema } from '../../shared/protocol/frames.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';

const requestSchema = z.strictObject({
  cordon: z.literal('rejoin'),
  conversation: conversationIdSchema,
  device: deviceIdSchema,
  generation: z.int().min(1),
  /** Real time, Unix milliseconds: an older request than one that was heard counts for nothing. */
  at: z.int().min(0),
  nonce: z.uuid(),
});
export type RejoinRequest = z.infer<typeof requestSchema>;

const signedSchema = z.strictObject({ request: requestSchema, signature: z.base64().length(88) });

/** RFC 8410: what stands around a raw Ed25519 key. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const signed = (request: RejoinRequest): Uint8Array =>
  Buffer.concat([Buffer.from('cordon rejoin request v1\0'), encodeCanonical(request)]);

export function makeRejoinRequest(
  asked: Pick<RejoinRequest, 'conversation' | 'device' | 'generation' | 'at'>,
  seed: Uint8Array,
): Buffer {
  const request: RejoinRequest = { cordon: 'rejoin', ...asked, nonce: randomUUID() };
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return Buffer.from(JSON.stringify({ request, signature: sign(null, signed(request), key).toString('base64') }));
}

export interface ReadRequest {
  readonly request: RejoinRequest;
  /** `signatureKey`: a raw Ed25519 key, base64. */
  signedBy(signatureKey: string): boolean;
}

/** Null for what is none. Its signature is still to be checked. */
export function readRejoinRequest(body: Uint8Array): ReadRequest | null {
  // The first byte of every message of MLS is 0 (RFC 9420, section 6): a brace is none.
  if (body[0] !== 0x7b) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { data } = signedSchema.safeParse(json);
  if (!data) return null;
  return {
    request: data.request,
    signedBy(signatureKey) {
      const der = Buffer.concat([SPKI, Buffer.from(signatureKey, 'base64')]);
      const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
      return verify(null, signed(data.request), key, Buffer.from(data.signature, 'base64'));
    },
  };
}
