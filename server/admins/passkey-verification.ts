/** Verification of WebAuthn's registrations and sign-ins. Signatures under documents are in `shared/order/passkey-signature.ts`. */
import { createHash, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import type { NewPasskey, PasskeyResponse } from '../../shared/api/passkeys.ts';
import { CordonError } from '../../shared/errors.ts';

/** Site on which passkeys work. */
export interface PasskeySite {
  readonly rpId: string;
  readonly origin: () => string;
}

/**
 * COSE algorithms (RFC 9053, RFC 8812): ES256 and EdDSA, as for other approver keys. For sign-in also RS256, because some TPMs have no
 * other.
 */
export const ALGORITHMS = { approval: [-7, -8], 'sign-in': [-7, -8, -257] } as const;

/** Loads the package at its first use, because a start needs no passkey. */
const library = () => import('@simplewebauthn/server');

export interface VerifiedRegistration {
  readonly credential: string;
  /** COSE key in base64url. */
  readonly publicKey: string;
  readonly counter: number;
  /** SubjectPublicKeyInfo in DER, base64, and its SHA-256 in hex. */
  readonly spki: string;
  readonly keyid: string;
}

/**
 * Verifies a new passkey. Throws `passkey_invalid` unless the browser created it for this site and challenge, and the authenticator
 * verified the user.
 */
export async function verifyRegistration(
  response: NewPasskey['response'],
  challenge: string,
  { site, purpose }: { readonly site: PasskeySite; readonly purpose: keyof typeof ALGORITHMS },
): Promise<VerifiedRegistration> {
  const { verifyRegistrationResponse } = await library();
  await requireNoCertificates(response);
  requireOwnPage(response.response);
  const { registrationInfo } = await orRefuse(
    verifyRegistrationResponse({
      response: { ...response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: site.origin(),
      expectedRPID: site.rpId,
      supportedAlgorithmIDs: [...ALGORITHMS[purpose]],
    }),
  );
  if (!registrationInfo) throw refusal();
  const { id, publicKey, counter } = registrationInfo.credential;
  const spki = await spkiOf(publicKey);
  return {
    credential: id,
    publicKey: Buffer.from(publicKey).toString('base64url'),
    counter,
    spki: spki.toString('base64'),
    keyid: createHash('sha256').update(spki).digest('hex'),
  };
}

/**
 * Verifies a sign-in and returns the passkey's new counter. Throws `passkey_invalid` unless the passkey signed the challenge on this site,
 * and the authenticator verified the user. The caller compares the counter.
 */
export async function verifyAuthentication(
  response: PasskeyResponse,
  challenge: string,
  { site, publicKey }: { readonly site: PasskeySite; readonly publicKey: string },
): Promise<number> {
  const { verifyAuthenticationResponse } = await library();
  const { userHandle, ...parts } = response.response;
  requireOwnPage(parts);
  const { verified, authenticationInfo } = await orRefuse(
    verifyAuthenticationResponse({
      response: {
        ...response,
        clientExtensionResults: {},
        response: { ...parts, ...(userHandle !== undefined && { userHandle }) },
      },
      expectedChallenge: challenge,
      expectedOrigin: site.origin(),
      expectedRPID: site.rpId,
      // The library would report a decreased counter like any other fault, so the store compares the counter instead.
      credential: { id: response.id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    }),
  );
  if (!verified) throw refusal();
  return authenticationInfo.newCounter;
}

/**
 * Throws `passkey_invalid` for an attestation with certificates, which the server never asks for. The library would request the revocation
 * list that a certificate names before it trusts this certificate, so anyone with an account could make the server send requests.
 */
async function requireNoCertificates({ response }: NewPasskey['response']): Promise<void> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    const object = decodeAttestationObject(new Uint8Array(Buffer.from(response.attestationObject, 'base64url')));
    const format = object.get('fmt');
    if (format === 'none' || (format === 'packed' && object.get('attStmt').get('x5c') === undefined)) return;
  } catch (error) {
    throw refusal(error);
  }
  throw refusal();
}

const clientDataSchema = z.object({ crossOrigin: z.literal(false).optional(), topOrigin: z.never().optional() });

/** Throws `passkey_invalid` if the page was inside a page of another site. The library ignores these fields. */
function requireOwnPage({ clientDataJSON }: { readonly clientDataJSON: string }): void {
  try {
    clientDataSchema.parse(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString()));
  } catch (error) {
    throw refusal(error);
  }
}

/** Smallest RSA key in bits (NIST SP 800-131A). */
const SMALLEST_RSA = 2_048;

/** Converts a stored COSE key to SubjectPublicKeyInfo. */
export async function spkiOf(cose: Uint8Array): Promise<Buffer> {
  const { decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  const key: { get(label: number): unknown } = decodeCredentialPublicKey(new Uint8Array(cose));
  const text = (label: number) => {
    const value = key.get(label);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : '';
  };
  const type = key.get(1);
  const jwk =
    type === 1
      ? { kty: 'OKP', crv: 'Ed25519', x: text(-2) }
      : type === 3
        ? { kty: 'RSA', n: text(-1), e: text(-2) }
        : { kty: 'EC', crv: 'P-256', x: text(-2), y: text(-3) };
  try {
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const bits = publicKey.asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && bits < SMALLEST_RSA) throw new Error(`the RSA key has ${bits} bits`);
    return publicKey.export({ type: 'spki', format: 'der' });
  } catch (error) {
    throw refusal(error);
  }
}

async function orRefuse<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusal(error);
  }
}

const refusal = (cause?: unknown) =>
  new CordonError(
    'passkey_invalid',
    'The server could not verify the passkey. Open the console at its own address and try again. The passkey must ask for your PIN, fingerprint or face.',
    {},
    cause,
  );
