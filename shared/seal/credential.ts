/**
 * Credential of an enrollment in an MLS leaf: a basic credential (RFC 9420, section 5.3). Its identity is the JSON text `["dev_…",N]`
 * without spaces, where N is the number of the device's enrollment.
 */
import type { Credential, LeafNode } from 'ts-mls';
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import type { Claim } from './terms.ts';

const identitySchema = z.tuple([deviceIdSchema, z.int().min(1)]);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function credentialOf({ device, generation }: Pick<Claim, 'device' | 'generation'>): Credential {
  return { credentialType: 'basic', identity: new TextEncoder().encode(JSON.stringify([device, generation])) };
}

/**
 * Returns the enrollment and the signature key that a leaf claims. Throws `message_malformed` unless the leaf has a basic credential with
 * the identity `["dev_…",N]`.
 */
export function claimOf(leaf: Pick<LeafNode, 'credential' | 'signaturePublicKey'>): Claim {
  const { credential, signaturePublicKey } = leaf;
  if (credential.credentialType !== 'basic' || signaturePublicKey.length !== 32) refuse();
  let text = '';
  let value: unknown;
  try {
    text = decoder.decode(credential.identity);
    value = JSON.parse(text);
  } catch {
    refuse();
  }
  const parsed = identitySchema.safeParse(value);
  if (!parsed.success || JSON.stringify(parsed.data) !== text) refuse();
  const [device, generation] = parsed.data;
  return { device, generation, signatureKey: signaturePublicKey.toBase64() };
}

function refuse(): never {
  throw new CordonError('message_malformed', 'A member’s credential does not name an enrolled device.');
}
