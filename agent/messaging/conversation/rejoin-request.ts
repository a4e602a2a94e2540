/**
 * Request of a device that lost a conversation's MLS state and its keys, so the server can read the request. The device signs the request
 * with its messaging key. The recipient first verifies that the organization has countersigned that key.
 */
import { createPrivateKey, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { conversationIdSchema } from '../../../shared/protocol/frames.ts';
import { deviceIdSchema } from '../../../shared/protocol/ids.ts';

const requestSchema = z.strictObject({
  cordon: z.literal('rejoin'),
  conversation: conversationIdSchema,
  device: deviceIdSchema,
  generation: z.int().min(1),
  /**
   * Time of the request by the machine's own clock, in Unix milliseconds. Recipients ignore a request that is older than an accepted one.
   */
  at: z.int().min(0),
  nonce: z.uuid(),
});
export type RejoinRequest = z.infer<typeof requestSchema>;

const signedSchema = z.strictObject({ request: requestSchema, signature: z.base64().length(88) });

/** DER prefixes of a raw Ed25519 key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

const signed = (request: RejoinRequest): Uint8Array =>
  Buffer.concat([Buffer.from('cordon rejoin request v1\0'), encodeCanonical(request)]);

export function makeRejoinRequest(
  facts: Pick<RejoinRequest, 'conversation' | 'device' | 'generation' | 'at'>,
  seed: Uint8Array,
): Buffer {
  const request: RejoinRequest = { cordon: 'rejoin', ...facts, nonce: randomUUID() };
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return Buffer.from(JSON.stringify({ request, signature: sign(null, signed(request), key).toString('base64') }));
}

export interface ReadRequest {
  readonly request: RejoinRequest;
  signedBy(signatureKey: string): boolean;
}

/** Returns null if `body` is not a rejoin request. The caller must check the signature. */
export function readRejoinRequest(body: Uint8Array): ReadRequest | null {
  // A rejoin request is JSON and begins with a brace. MLS messages begin with the byte 0 (RFC 9420, section 6).
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
