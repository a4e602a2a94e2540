/** A passkey in software: an authenticator and a browser that create credentials and assertions, also wrong ones. */
import { createHash, generateKeyPairSync, randomBytes, sign as signBytes } from 'node:crypto';
import { type EncodedAssertion, encodeAssertion } from '../../shared/order/passkey-assertion.ts';

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest();

export const UP = 0x01;
export const UV = 0x04;
export const ATTESTED = 0x40;

/** Parts of an assertion that an attacker or a faulty browser can change. The signature always covers the changed parts. */
export interface Changes {
  readonly type?: string;
  readonly challenge?: string;
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  /** Client data as text, instead of JSON of the fields above. */
  readonly clientData?: (fields: Record<string, unknown>) => string;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** Bytes after the counter, such as extensions. */
  readonly more?: Uint8Array;
  /** Attestation of a registration instead of none. `statement`: CBOR; absent for a self-attestation by the passkey itself. */
  readonly attestation?: { readonly format: string; readonly statement?: Buffer };
  /** Changes the COSE key of a registration. */
  readonly cose?: (key: Buffer) => Buffer;
}

export interface Passkey {
  readonly id: string;
  readonly rpId: string;
  readonly origin: string;
  readonly keyid: string;
  /** SubjectPublicKeyInfo in DER, base64. */
  readonly publicKey: string;
  /** Counter of the last assertion. A copy of the passkey has the counter of the time when it was made. */
  counter: number;
  /** Assertion whose challenge is given. */
  assertion(challenge: string, changes?: Changes): EncodedAssertion;
  /** DSSE signature over the bytes, in base64. */
  sign(bytes: Uint8Array, changes?: Changes): string;
  /** Response of `navigator.credentials.create`, as JSON. */
  registration(challenge: string, changes?: Changes): object;
  /** Response of `navigator.credentials.get`, as JSON. */
  authentication(challenge: string, changes?: Changes): object;
}

export function createPasskey({
  algorithm = 'ES256',
  rpId = 'localhost',
  origin = 'http://localhost:8445',
}: {
  readonly algorithm?: 'ES256' | 'EdDSA';
  readonly rpId?: string;
  readonly origin?: string;
} = {}): Passkey {
  const { publicKey, privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const credential = randomBytes(32);
  const id = base64url(credential);

  function clientDataOf(type: string, challenge: string, changes: Changes): Buffer {
    const fields = {
      type: changes.type ?? type,
      challenge: changes.challenge ?? challenge,
      origin: changes.origin ?? origin,
      crossOrigin: changes.crossOrigin ?? false,
    };
    return Buffer.from(changes.clientData?.(fields) ?? JSON.stringify(fields));
  }

  const dataOf = ({ rpId: changed = rpId, flags = UP | UV, counter, more = new Uint8Array() }: Changes) => {
    const tail = Buffer.alloc(5);
    tail[0] = flags;
    passkey.counter = counter ?? passkey.counter + 1;
    tail.writeUInt32BE(passkey.counter, 1);
    return Buffer.concat([sha256(changed), tail, more]);
  };

  function assertion(challenge: string, changes: Changes = {}): EncodedAssertion {
    const clientData = clientDataOf('webauthn.get', challenge, changes);
    const data = dataOf(changes);
    const digest = algorithm === 'ES256' ? 'sha256' : null;
    const signature = signBytes(digest, Buffer.concat([data, sha256(clientData)]), privateKey);
    return {
      authenticatorData: base64url(data),
      clientDataJSON: base64url(clientData),
      signature: base64url(signature),
    };
  }

  const selfAttestation = (authData: Buffer, clientData: Buffer) =>
    cborMap([
      [text('alg'), int(algorithm === 'ES256' ? -7 : -8)],
      [
        text('sig'),
        cborBytes(
          signBytes(algorithm === 'ES256' ? 'sha256' : null, Buffer.concat([authData, sha256(clientData)]), privateKey),
        ),
      ],
    ]);

  const passkey: Passkey = {
    id,
    rpId,
    origin,
    keyid: sha256(spki).toString('hex'),
    publicKey: spki.toString('base64'),
    counter: 0,
    assertion,
    sign: (bytes, changes) => encodeAssertion(assertion(base64url(sha256(bytes)), changes)),
    registration(challenge, changes = {}) {
      const key = algorithm === 'ES256' ? es256(publicKey.export({ format: 'jwk' })) : ed25519(spki.subarray(-32));
      const cose = changes.cose?.(key) ?? key;
      const length = Buffer.from([0, credential.length]);
      const attested = Buffer.concat([Buffer.alloc(16), length, credential, cose]);
      const authData = dataOf({ flags: UP | UV | ATTESTED, counter: 0, ...changes, more: attested });
      const clientData = clientDataOf('webauthn.create', challenge, changes);
      const { format = 'none', statement = format === 'none' ? cborMap([]) : selfAttestation(authData, clientData) } =
        changes.attestation ?? {};
      const attestation = cborMap([
        [text('fmt'), text(format)],
        [text('attStmt'), statement],
        [text('authData'), cborBytes(authData)],
      ]);
      const clientDataJSON = base64url(clientData);
      const response = { clientDataJSON, attestationObject: base64url(attestation), transports: ['internal'] };
      return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
    },
    authentication(challenge, changes) {
      const response = assertion(challenge, changes);
      return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
    },
  };
  return passkey;
}

/** CBOR (RFC 8949) of the few values that a registration contains. */
function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  return size < 256 ? Buffer.from([(major << 5) | 24, size]) : Buffer.from([(major << 5) | 25, size >> 8, size & 0xff]);
}
export const text = (value: string) => Buffer.concat([head(3, value.length), Buffer.from(value)]);
export const cborBytes = (value: Uint8Array) => Buffer.concat([head(2, value.length), value]);
export const int = (value: number) => (value < 0 ? head(1, -1 - value) : head(0, value));
export const cborMap = (entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([head(5, entries.length), ...entries.flat()]);

const coordinate = (value: string | undefined) => cborBytes(Buffer.from(value ?? '', 'base64url'));
/** COSE keys (RFC 9053): algorithm ES256 on curve P-256, and EdDSA on curve Ed25519. */
const es256 = ({ x, y }: { readonly x?: string; readonly y?: string }) =>
  cborMap([
    [int(1), int(2)],
    [int(3), int(-7)],
    [int(-1), int(1)],
    [int(-2), coordinate(x)],
    [int(-3), coordinate(y)],
  ]);
const ed25519 = (x: Uint8Array) =>
  cborMap([
    [int(1), int(1)],
    [int(3), int(-8)],
    [int(-1), int(6)],
    [int(-2), cborBytes(x)],
  ]);
