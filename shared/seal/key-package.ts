/**
 * Key packages (RFC 9420, section 10), with which members add a device to a conversation while it is offline. Each package is used once,
 * except the package of last resort. Lifetimes use the machine's clock, because ts-mls compares them with that clock.
 */
import {
  encodeMlsMessage,
  generateKeyPackageWithKey,
  type KeyPackage,
  type LeafNode,
  type PrivateKeyPackage,
} from 'ts-mls';
import { makeKeyPackageRef, verifyKeyPackage } from 'ts-mls/keyPackage.js';
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { z } from 'zod';
import { CordonError, isCordonError } from '../errors.ts';
import { encodeCanonical, parseDocument } from '../order/canonical.ts';
import { claimOf, credentialOf } from './credential.ts';
import { isEqual, readMlsMessage } from './message.ts';
import { CAPABILITIES, LAST_RESORT, SUITE, suite } from './suite.ts';
import type { Claim, Self } from './terms.ts';

const DAY = 24 * 60 * 60 * 1000;
/**
 * Lifetime of a key package. It exceeds the 30 days for which a device certificate is valid and messages wait. Other devices can therefore
 * still add a device that was offline for that time.
 */
export const KEY_PACKAGE_LIFETIME = 90 * DAY;
/** Tolerance for clock differences in the lifetime of a key package. */
const SLACK = DAY;

const KEY = 32;

export interface NewKeyPackage {
  /** Hash reference of the key package, in hex. A welcome message names key packages by this reference. */
  readonly reference: string;
  readonly publicPackage: Uint8Array;
  /**
   * Private key that decrypts the welcome message. The caller deletes the key after use; for a package of last resort, only after a new
   * package has replaced it.
   */
  readonly privatePackage: Uint8Array;
}

/**
 * Key package of another device with a valid signature. The signature only proves which key made the package, so callers must also check
 * that key with `authenticate`.
 */
export interface ReadKeyPackage extends Claim {
  readonly reference: string;
  readonly lastResort: boolean;
  /** Expiry of the key package, in Unix milliseconds. */
  readonly expires: number;
}

const privateSchema = z.strictObject({ package: z.base64(), init: z.base64(), leaf: z.base64() });

export async function makeKeyPackage(
  self: Self,
  { now, lastResort }: { readonly now: number; readonly lastResort: boolean },
): Promise<NewKeyPackage> {
  const cipherSuite = await suite();
  const { publicPackage, privatePackage } = await generateKeyPackage(self, now, lastResort);
  const message = encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage: publicPackage });
  return {
    reference: (await makeKeyPackageRef(publicPackage, cipherSuite.hash)).toHex(),
    publicPackage: message,
    privatePackage: encodeCanonical({
      package: message.toBase64(),
      init: privatePackage.initPrivateKey.toBase64(),
      leaf: privatePackage.hpkePrivateKey.toBase64(),
    }),
  };
}

export async function generateKeyPackage(self: Self, now: number, lastResort: boolean) {
  const lifetime = { notBefore: seconds(now - SLACK), notAfter: seconds(now + KEY_PACKAGE_LIFETIME) };
  const extensions = lastResort ? [{ extensionType: LAST_RESORT, extensionData: new Uint8Array() }] : [];
  const keys = { signKey: self.key.privateKey, publicKey: Uint8Array.fromBase64(self.key.publicKey) };
  return await generateKeyPackageWithKey(credentialOf(self), CAPABILITIES, lifetime, extensions, keys, await suite());
}

const seconds = (milliseconds: number) => BigInt(Math.floor(milliseconds / 1000));

export async function readKeyPackage(bytes: Uint8Array, now: number): Promise<ReadKeyPackage> {
  return await checkKeyPackage(openKeyPackage(bytes), now);
}

export function openKeyPackage(bytes: Uint8Array): KeyPackage {
  try {
    const message = readMlsMessage(bytes);
    if (message.wireformat === 'mls_key_package') return message.keyPackage;
  } catch (cause) {
    throw invalid('it is not an MLS message', cause);
  }
  throw invalid('it is another kind of message');
}

/**
 * If `now` is null, the expiry is not checked, only the length of the lifetime: a device may process a commit long after the commit was
 * made.
 */
export async function checkKeyPackage(keyPackage: KeyPackage, now: number | null): Promise<ReadKeyPackage> {
  const { leafNode, initKey, extensions } = keyPackage;
  if (keyPackage.version !== 'mls10' || keyPackage.cipherSuite !== SUITE)
    throw invalid('it is for another cipher suite');
  const [extension, ...others] = extensions;
  const lastResort = extension?.extensionType === LAST_RESORT && extension.extensionData.length === 0;
  if (others.length > 0 || (extension && !lastResort)) throw invalid('it has unsupported extensions');
  if (!isPlainLeaf(leafNode)) throw invalid('its leaf has unsupported extensions or capabilities');
  if (initKey.length !== KEY || leafNode.hpkePublicKey.length !== KEY || isEqual(initKey, leafNode.hpkePublicKey)) {
    throw invalid('its two keys are equal or of the wrong kind');
  }
  const { hash, signature } = await suite();
  let claim: Claim;
  try {
    claim = claimOf(leafNode);
    const signed = await verifyLeafNodeSignatureKeyPackage(leafNode, signature);
    if (!signed || !(await verifyKeyPackage(keyPackage, signature))) throw invalid('a signature is not valid');
  } catch (cause) {
    throw invalid('its key or credential is malformed', cause);
  }
  const { notBefore, notAfter } = leafNode.lifetime;
  if (notAfter < notBefore || notAfter - notBefore > seconds(KEY_PACKAGE_LIFETIME + SLACK) + 1n) {
    throw invalid('its lifetime is longer than allowed');
  }
  if (now !== null && (notBefore > seconds(now + SLACK) || notAfter < seconds(now))) {
    const { device, generation } = claim;
    const detail = `The key package of ${device} has expired or is not valid yet. The device uploads new ones when it connects.`;
    throw new CordonError('key_package_expired', detail, { device, generation });
  }
  const reference = (await makeKeyPackageRef(keyPackage, hash)).toHex();
  return { ...claim, reference, lastResort, expires: Number(notAfter) * 1000 };
}

/** True if the leaf has exactly the MLS capabilities that Cordon uses, and no extensions. */
export function isPlainLeaf({ extensions, capabilities }: Pick<LeafNode, 'extensions' | 'capabilities'>): boolean {
  return extensions.length === 0 && JSON.stringify(capabilities) === JSON.stringify(CAPABILITIES);
}

export interface PrivateHalf {
  readonly keyPackage: KeyPackage;
  readonly keys: PrivateKeyPackage;
}

function readHalf(bytes: Uint8Array): z.infer<typeof privateSchema> {
  try {
    return parseDocument(privateSchema, bytes);
  } catch (cause) {
    throw invalid('its private part is damaged', cause);
  }
}

export const publicPackageOf = (privatePackage: Uint8Array): Uint8Array =>
  Uint8Array.fromBase64(readHalf(privatePackage).package);

export function readPrivatePackage(bytes: Uint8Array, self: Self): PrivateHalf {
  const read = readHalf(bytes);
  return {
    keyPackage: openKeyPackage(Uint8Array.fromBase64(read.package)),
    keys: {
      initPrivateKey: Uint8Array.fromBase64(read.init),
      hpkePrivateKey: Uint8Array.fromBase64(read.leaf),
      signaturePrivateKey: self.key.privateKey,
    },
  };
}

function invalid(why: string, cause?: unknown): CordonError {
  if (isCordonError(cause, 'key_package_invalid')) return cause;
  return new CordonError('key_package_invalid', `The key package is not valid: ${why}.`, {}, cause);
}
