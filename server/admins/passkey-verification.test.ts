/** Attacks on the verification of passkeys by a hostile authenticator or browser. `tests/contract/passkeys.test.ts` has the stored side. */
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CRLDistributionPointsExtension, Extension, X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type NewPasskey, newPasskey, passkeySignIn } from '../../shared/api/passkeys.ts';
import { isCordonError } from '../../shared/errors.ts';
import { mutated, seededRandom } from '../../tests/support/mutations.ts';
import {
  type Changes,
  cborBytes,
  cborMap,
  createPasskey,
  int,
  type Passkey,
  text,
  UP,
  UV,
} from '../../tests/support/passkey.ts';
import { verifyAuthentication, verifyRegistration } from './passkey-verification.ts';

const ORIGIN = 'http://localhost:8445';
const site = { rpId: 'localhost', origin: () => ORIGIN };
const CHALLENGE = 'Y2hhbGxlbmdl';
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;

const responseOf = (passkey: Passkey, changes?: Changes): NewPasskey['response'] =>
  newPasskey.parse({ token: 't', name: 'n', response: passkey.registration(CHALLENGE, changes) }).response;
const register = (changes?: Changes, purpose: 'approval' | 'sign-in' = 'sign-in', passkey = createPasskey()) =>
  verifyRegistration(responseOf(passkey, changes), CHALLENGE, { site, purpose });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: unknown) => (isCordonError(error) ? error.code : String(error)),
  );

describe('case 53: the attestation of a new passkey', () => {
  let requests = 0;
  const inside = createServer((_request, response) => {
    requests += 1;
    response.end();
  });
  beforeAll(() => new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve)));
  afterAll(() => void inside.close());
  beforeEach(() => {
    requests = 0;
  });

  /** Certificates of an attacker for the passkey, which name a revocation list inside the server's network. */
  async function androidStatement(passkey: Passkey): Promise<Buffer> {
    const clientData = Buffer.from(responseOf(passkey).response.clientDataJSON, 'base64url');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const root = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const spki = Buffer.from(passkey.publicKey, 'base64');
    const publicKey = await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
    const times = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 60_000) };
    const url = `http://127.0.0.1:${(inside.address() as AddressInfo).port}/latest/meta-data`;
    const hash = createHash('sha256').update(clientData).digest();
    // KeyDescription: versions, security levels, the challenge, an empty id and two empty lists.
    const parts = Buffer.concat([
      Buffer.from('0201030a01000201030a0100', 'hex'),
      Buffer.from([0x04, hash.length]),
      hash,
      Buffer.from('040030003000', 'hex'),
    ]);
    const description = Buffer.concat([Buffer.from([0x30, parts.length]), parts]);
    const rootCertificate = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=root',
      keys: root,
      signingAlgorithm: algorithm,
      ...times,
    });
    const leaf = await X509CertificateGenerator.create({
      subject: 'CN=leaf',
      issuer: 'CN=root',
      signingKey: root.privateKey,
      signingAlgorithm: algorithm,
      publicKey,
      extensions: [
        new CRLDistributionPointsExtension([url]),
        new Extension('1.3.6.1.4.1.11129.2.1.17', false, new Uint8Array(description)),
      ],
      ...times,
    });
    const chain = [leaf, rootCertificate].map((each) => cborBytes(Buffer.from(each.rawData)));
    return cborMap([
      [text('alg'), int(-7)],
      [text('sig'), cborBytes(Buffer.alloc(64))],
      [text('x5c'), Buffer.concat([Buffer.from([0x80 | chain.length]), ...chain])],
    ]);
  }

  it('cannot make the server request an address that a certificate names', async () => {
    const passkey = createPasskey();
    const attestation = { format: 'android-key', statement: await androidStatement(passkey) };
    expect(await codeOf(register({ attestation }, 'sign-in', passkey))).toBe('passkey_invalid');
    expect(requests).toBe(0);
  });

  it.each(['android-key', 'android-safetynet', 'apple', 'fido-u2f', 'tpm', 'compound', 'NONE', '', 'x'.repeat(1_000)])(
    'of format %s is refused',
    async (format) => {
      expect(await codeOf(register({ attestation: { format, statement: cborMap([]) } }))).toBe('passkey_invalid');
    },
  );

  it.each(['ES256', 'EdDSA'] as const)(
    'by the passkey itself is accepted, and by another key refused (%s)',
    async (algorithm) => {
      const attestation = { format: 'packed' };
      expect(await codeOf(register({ attestation }, 'sign-in', createPasskey({ algorithm })))).toBe('accepted');
      const statement = cborMap([
        [text('alg'), int(algorithm === 'ES256' ? -7 : -8)],
        [text('sig'), cborBytes(Buffer.alloc(64, 1))],
      ]);
      const forged = { attestation: { format: 'packed', statement } };
      expect(await codeOf(register(forged, 'sign-in', createPasskey({ algorithm })))).toBe('passkey_invalid');
    },
  );

  it('with certificates is refused also in the format of self-attestations', async () => {
    const passkey = createPasskey();
    const attestation = { format: 'packed', statement: await androidStatement(passkey) };
    expect(await codeOf(register({ attestation }, 'sign-in', passkey))).toBe('passkey_invalid');
    expect(requests).toBe(0);
  });
});

describe('case 48: the key of a new passkey', () => {
  const es256 = (alg: number, curve: number, bytes: number) => () =>
    cborMap([
      [int(1), int(2)],
      [int(3), int(alg)],
      [int(-1), int(curve)],
      [int(-2), cborBytes(Buffer.alloc(bytes, 1))],
      [int(-3), cborBytes(Buffer.alloc(bytes, 1))],
    ]);
  const rsa = (bits: number) => () =>
    cborMap([
      [int(1), int(3)],
      [int(3), int(-257)],
      [int(-1), cborBytes(Buffer.alloc(bits / 8, 0xff))],
      [int(-2), cborBytes(Buffer.from([1, 0, 1]))],
    ]);

  it.each<[string, () => Buffer]>([
    ['of the algorithm ES256K', es256(-47, 8, 32)],
    ['of the algorithm ES384', es256(-35, 2, 48)],
    ['of another curve under ES256', es256(-7, 2, 48)],
    ['that is not on the curve', es256(-7, 1, 32)],
    ['that is empty', es256(-7, 1, 0)],
    ['of a curve under the algorithm EdDSA', es256(-8, 1, 32)],
    ['of RSA with 512 bits', rsa(512)],
    ['that is an empty map', () => cborMap([])],
    ['whose algorithm is text', () => cborMap([[int(3), text('-7')]])],
    ['that is a number', () => int(7)],
  ])('%s is refused', async (_name, cose) => {
    for (const purpose of ['approval', 'sign-in'] as const)
      expect(await codeOf(register({ cose }, purpose))).toBe('passkey_invalid');
  });

  it('of RSA with 2048 bits serves sign-in only', async () => {
    expect(await codeOf(register({ cose: rsa(2048) }, 'sign-in'))).toBe('accepted');
    expect(await codeOf(register({ cose: rsa(2048) }, 'approval'))).toBe('passkey_invalid');
  });
});

describe('case 48: the flags and the client data', () => {
  it.each<[string, Changes]>([
    ['a backup without eligibility for one', { flags: UP | UV | BACKED_UP }],
    ['verification without presence', { flags: UV }],
    ['presence without verification', { flags: UP }],
    ['a page inside a page of another site', { crossOrigin: true }],
    ['an origin that only begins like the console', { origin: `${ORIGIN}.evil.example` }],
    ['an origin with a path', { origin: `${ORIGIN}/` }],
    ['client data that are no JSON', { clientData: () => '{' }],
    ['client data without fields', { clientData: () => '{}' }],
    ['client data that are null', { clientData: () => 'null' }],
    [
      'client data with two challenges',
      { clientData: (fields) => JSON.stringify({ ...fields, challenge: [CHALLENGE] }) },
    ],
  ])('%s: registration and sign-in are refused', async (_name, changes) => {
    const flags = changes.flags === undefined ? {} : { flags: changes.flags | 0x40 };
    expect(await codeOf(register({ ...changes, ...flags }))).toBe('passkey_invalid');
    const passkey = createPasskey();
    const { publicKey } = await register({}, 'sign-in', passkey);
    const { response } = passkeySignIn.parse({ response: passkey.authentication(CHALLENGE, changes) });
    expect(await codeOf(verifyAuthentication(response, CHALLENGE, { site, publicKey }))).toBe('passkey_invalid');
  });

  it('of a passkey that became a synchronized one sign in, since the server trusts both alike', async () => {
    const passkey = createPasskey();
    const { publicKey } = await register({}, 'sign-in', passkey);
    const changes = { flags: UP | UV | BACKUP_ELIGIBLE | BACKED_UP };
    const { response } = passkeySignIn.parse({ response: passkey.authentication(CHALLENGE, changes) });
    expect(await codeOf(verifyAuthentication(response, CHALLENGE, { site, publicKey }))).toBe('accepted');
  });
});

describe('case 48: CBOR of a hostile authenticator', () => {
  const withObject = (bytes: Buffer): NewPasskey['response'] => {
    const response = responseOf(createPasskey());
    return { ...response, response: { ...response.response, attestationObject: bytes.toString('base64url') } };
  };
  const verify = (bytes: Buffer) =>
    codeOf(verifyRegistration(withObject(bytes), CHALLENGE, { site, purpose: 'sign-in' }));

  it.each<[string, Buffer]>([
    ['8,000 nested lists', Buffer.alloc(8_000, 0x81)],
    ['8,000 nested maps', Buffer.from('a100'.repeat(4_000), 'hex')],
    ['8,000 nested tags', Buffer.alloc(8_000, 0xc1)],
    ['a list that claims 4 billion entries', Buffer.from('9affffffff00', 'hex')],
    ['text that claims 2^63 bytes', Buffer.from('7b7fffffffffffffff41', 'hex')],
    ['a map of indefinite length', Buffer.from('bf', 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['a list instead of a map', Buffer.from('80', 'hex')],
    ['null', Buffer.from('f6', 'hex')],
  ])('%s: refused', async (_name, bytes) => {
    expect(await verify(bytes)).toBe('passkey_invalid');
  });

  it('changed, cut and doubled bytes: accepted or refused, and never another error', async () => {
    const random = seededRandom(20_261_202);
    const passkey = createPasskey();
    const valid = responseOf(passkey);
    const object = Buffer.from(valid.response.attestationObject, 'base64url');
    const codes = new Set<string>();
    for (let round = 0; round < 500; round += 1) {
      const bytes = mutated(object, random);
      const response = { ...valid, response: { ...valid.response, attestationObject: bytes.toString('base64url') } };
      codes.add(await codeOf(verifyRegistration(response, CHALLENGE, { site, purpose: 'sign-in' })));
    }
    expect([...codes].sort()).toEqual(['accepted', 'passkey_invalid']);
  });
});
