/**
 * Key packages (RFC 9420, section 10): by one of them others bring this enrolment into a conversation while it is offline. Each is for one
 * conversation, but for the one of last resort. Times are real ones, as a certificate's are: ts-mls itself compares them with the machine's clock
 * when it commits.
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
/** Longer than the server keeps what waits for a device, and than a device's certificate holds. */
export const KEY_PACKAGE_LIFETIME = 90 * DAY;
/** Clocks that differ by this much still agree. */
const SLACK = DAY;

const KEY = 32;

export interface MadeKeyPackage {
  /** Hash reference, hex: a welcome names the packages that it is for by theirs. */
  readonly reference: string;
  readonly publicPackage: Uint8Array;
  /** Opens the welcome. A secret, to be forgotten once it has; the one of last resort, once it was replaced. */
  readonly privatePackage: Uint8Array;
}

/** Whoever uses one has `authenticate` vouch for it besides: it says no more than that one key made it. */
export interface ReadKeyPackage extends Claim {
  readonly reference: string;
  readonly lastResort: boolean;
  /** Unix milliseconds. */
  readonly expires: number;
}

const privateSchema = z.strictObject({ package: z.base64(), init: z.base64(), leaf: z.base64() });

export async function makeKeyPackage(
  self: Self,
  { now, lastResort }: { readonly now: number; readonly lastResort: boolean },
): Promise<MadeKeyPackage> {
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

/** As ts-mls takes it: for whoever begins a conversation. */
export async function generateKeyPackage(self: Self, now: number, lastResort: boolean) {
  const lifetime = { notBefore: seconds(now - SLACK), notAfter: seconds(now + KEY_PACKAGE_LIFETIME) };
  const extensions = lastResort ? [{ extensionType: LAST_RESORT, extensionData: new Uint8Array() }] : [];
  const keys = { signKey: self.key.privateKey, publicKey: Uint8Array.fromBase64(self.key.publicKey) };
  return await generateKeyPackageWithKey(credentialOf(self), CAPABILITIES, lifetime, extensions, keys, await suite());
}

const seconds = (milliseconds: number) => BigInt(Math.floor(milliseconds / 1000));

/** Throws `key_package_invalid`, `key_package_expired`. */
export async function readKeyPackage(bytes: Uint8Array, now: number): Promise<ReadKeyPackage> {
  return await checkKeyPackage(openKeyPackage(bytes), now);
}

export function openKeyPackage(bytes: Uint8Array): KeyPackage {
  try {
    const message = readMlsMessage(bytes);
    if (message.wireformat === 'mls_key_package') return message.keyPackage;
  } catch (cause) {
    throw invalid('it is no message of MLS', cause);
  }
  throw invalid('it is another kind of message');
}

/** With `now` null its time is not looked at, except that it is bounded: a commit is opened long after it was made. */
export async function checkKeyPackage(keyPackage: KeyPackage, now: number | null): Promise<ReadKeyPackage> {
  const { leafNode, initKey, extensions } = keyPackage;
  if (keyPackage.version !== 'mls10' || keyPackage.cipherSuite !== SUITE) throw invalid('it is for another suite');
  const [extension, ...others] = extensions;
  const lastResort = extension?.extensionType === LAST_RESORT && extension.extensionData.length === 0;
  if (others.length > 0 || (extension && !lastResort)) throw invalid('it has extensions that are not ours');
  if (!isPlainLeaf(leafNode)) throw invalid('its leaf has extensions or capabilities that are not ours');
  if (initKey.length !== KEY || leafNode.hpkePublicKey.length !== KEY || isEqual(initKey, leafNode.hpkePublicKey)) {
    throw invalid('its keys are not two of their kind');
  }
  const { hash, signature } = await suite();
  let claim: Claim;
  try {
    claim = claimOf(leafNode);
    const signed = await verifyLeafNodeSignatureKeyPackage(leafNode, signature);
    if (!signed || !(await verifyKeyPackage(keyPackage, signature))) throw invalid('a signature does not fit');
  } catch (cause) {
    throw invalid('its key or its name is malformed', cause);
  }
  const { notBefore, notAfter } = leafNode.lifetime;
  if (notAfter < notBefore || notAfter - notBefore > seconds(KEY_PACKAGE_LIFETIME + SLACK) + 1n) {
    throw invalid('it is to hold for longer than any may');
  }
  if (now !== null && (notBefore > seconds(now + SLACK) || notAfter < seconds(now))) {
    const { device, generation } = claim;
    const detail = `The key package of ${device} is out of its time; the device hands in new ones when it connects.`;
    throw new CordonError('key_package_expired', detail, { device, generation });
  }
  const reference = (await makeKeyPackageRef(keyPackage, hash)).toHex();
  return { ...claim, reference, lastResort, expires: Number(notAfter) * 1000 };
}

/** Speaks what we speak, and asks for nothing more. */
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
    throw invalid('its private half is damaged', cause);
  }
}

/** The part that is for others, as it was made. Throws `key_package_invalid` when the bytes are no private half. */
export const publicPackageOf = (privatePackage: Uint8Array): Uint8Array =>
  Uint8Array.fromBase64(readHalf(privatePackage).package);

/** Throws `key_package_invalid` when the bytes are none that `makeKeyPackage` gave. */
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
