/** Passkeys as approver keys: what counts as a signature, on devices and servers (Node) and in browsers (WebCrypto). */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTESTED, type Changes, createPasskey, type Passkey, UP, UV } from '../../tests/support/passkey.ts';
import { approverSetDocument, testKey, testPerson } from '../../tests/support/signed-documents.ts';
import { personsWhoSigned, readApproverSet } from './approvers.ts';
import { canonicalText, encodeCanonical } from './canonical.ts';
import { LONGEST_ASSERTION, PAYLOAD_TYPES, rpIdSchema } from './documents.ts';
import { readPublicKey, signEnvelope, signedBy } from './dsse.ts';
import { pae } from './pae.ts';
import { encodeAssertion, originFits } from './passkey-assertion.ts';
import { verifyTimeCorrection } from './time-correction.ts';
import { webSigners } from './web-signers.ts';

const TYPE = PAYLOAD_TYPES.revision;
const PAYLOAD = canonicalText({ order: '2015-001' });
const BYTES = pae(TYPE, Buffer.from(PAYLOAD));

/** Whether the signature counts under Node. The test also requires that browsers agree. */
async function counts(passkey: Passkey, sig: string, rpId = passkey.rpId): Promise<boolean> {
  const { keyid, publicKey } = passkey;
  const signatures = [{ keyid, sig }];
  const envelope = { payloadType: TYPE, payload: Buffer.from(PAYLOAD).toString('base64'), signatures };
  const node = signedBy(envelope, [{ ...readPublicKey(publicKey), rpId }]).size === 1;
  const approvers = [{ person: 'per_a', keyid, publicKey, rpId }];
  const web = (await webSigners(TYPE, PAYLOAD, signatures, { approvers })).size === 1;
  expect(web).toBe(node);
  return node;
}

describe.each(['ES256', 'EdDSA'] as const)('an approval by a passkey (%s)', (algorithm) => {
  const passkey = createPasskey({ algorithm, rpId: 'cordon.example.org', origin: 'https://cordon.example.org' });

  it('counts, and every flipped bit of the assertion is refused', async () => {
    const sig = passkey.sign(BYTES);
    expect(await counts(passkey, sig)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const bytes = Buffer.from(sig, 'base64');
        const bit = seed % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await counts(passkey, bytes.toString('base64'))).toBe(false);
      }),
    );
  });

  const challenge = (value: Uint8Array | string) => createHash('sha256').update(value).digest('base64url');
  const accepted: readonly [string, Changes][] = [
    ['a page on another port', { origin: 'https://cordon.example.org:8445' }],
    ['a page on a subdomain', { origin: 'https://eu.cordon.example.org' }],
    ['a browser that omits crossOrigin', { clientData: ({ crossOrigin: _, ...rest }) => JSON.stringify(rest) }],
    ['a browser that adds a key', { clientData: (fields) => JSON.stringify({ ...fields, added: 'later' }) }],
    ['an extension of the authenticator', { flags: UP | UV | 0x80, more: Buffer.from([0xa0]) }],
    ['a passkey that is synchronized', { flags: UP | UV | 0x18 }],
  ];
  it.each(accepted)('accepts %s', async (_name, changes) => {
    expect(await counts(passkey, passkey.sign(BYTES, changes))).toBe(true);
  });

  const refused: readonly [string, Changes][] = [
    ['a registration', { type: 'webauthn.create' }],
    ['a payment', { type: 'payment.get' }],
    ['the challenge of another document', { challenge: challenge(pae(TYPE, Buffer.from('{}'))) }],
    ['the challenge of another type of document', { challenge: challenge(pae(TYPE.replace('v1', 'v2'), BYTES)) }],
    ['the hash of the payload instead of the typed bytes', { challenge: challenge(PAYLOAD) }],
    ['the challenge of a sign-in', { challenge: randomBytes(32).toString('base64url') }],
    ['the typed bytes instead of their hash', { challenge: Buffer.from(BYTES).toString('base64url') }],
    ['a padded challenge', { challenge: `${challenge(BYTES)}=` }],
    ['a page of another site', { origin: 'https://cordon.example.com' }],
    ['a page whose host ends alike', { origin: 'https://evilcordon.example.org' }],
    ['a page of the parent domain', { origin: 'https://example.org' }],
    ['a page without HTTPS', { origin: 'http://cordon.example.org' }],
    ['a page of this machine', { origin: 'http://localhost' }],
    ['an Android app', { origin: 'android:apk-key-hash:cordon.example.org' }],
    ['a frame in another site', { crossOrigin: true }],
    [
      'a named top-level site',
      { clientData: (fields) => JSON.stringify({ ...fields, topOrigin: 'https://cordon.example.org' }) },
    ],
    ['another relying party', { rpId: 'example.org' }],
    ['no user', { flags: UV }],
    ['a user whom the authenticator has not verified', { flags: UP }],
    ['data of a registration', { flags: UP | UV | ATTESTED }],
    ['bytes after the authenticator data', { more: Buffer.from([0]) }],
    ['missing extensions', { flags: UP | UV | 0x80 }],
    ['a backup of a passkey that allows none', { flags: UP | UV | 0x10 }],
    ['too much authenticator data', { flags: UP | UV | 0x80, more: Buffer.alloc(300) }],
    ['a second challenge', { clientData: (fields) => twice(fields, 'challenge', challenge('other')) }],
    ['the same type twice', { clientData: (fields) => twice(fields, 'type', 'webauthn.get') }],
    ['an escaped second challenge', { clientData: (fields) => twice(fields, '\\u0063hallenge', challenge('other')) }],
    ['another challenge before it', { clientData: (fields) => precededBy(fields, 'challenge', challenge('other')) }],
    ['an escaped one before it', { clientData: (fields) => precededBy(fields, '\\u0063hallenge', challenge('other')) }],
    ['an array', { clientData: (fields) => JSON.stringify([fields]) }],
    ['client data that is no JSON', { clientData: () => 'webauthn.get' }],
    ['a byte order mark', { clientData: (fields) => `\ufeff${JSON.stringify(fields)}` }],
    ['too much client data', { clientData: (fields) => JSON.stringify({ ...fields, more: 'x'.repeat(1_024) }) }],
  ];
  it.each(refused)('refuses %s', async (_name, changes) => {
    expect(await counts(passkey, passkey.sign(BYTES, changes))).toBe(false);
  });

  const twice = (fields: Record<string, unknown>, key: string, value: string) =>
    JSON.stringify(fields).replace(/\}$/, `,"${key}":"${value}"}`);

  const precededBy = (fields: Record<string, unknown>, key: string, value: string) =>
    JSON.stringify(fields).replace(/^\{/, `{"${key}":"${value}",`);

  it('refuses another encoding of the same assertion', async () => {
    const sig = passkey.sign(BYTES);
    const text = Buffer.from(sig, 'base64').toString();
    const { authenticatorData, clientDataJSON, signature } = JSON.parse(text);
    const other = (value: string) => Buffer.from(value).toString('base64');
    expect(await counts(passkey, other(text))).toBe(true);
    for (const wrong of [
      ` ${text}`,
      JSON.stringify({ signature, clientDataJSON, authenticatorData }),
      JSON.stringify({ authenticatorData, clientDataJSON, signature, userHandle: 'x' }),
      JSON.stringify({ authenticatorData: `${authenticatorData}=`, clientDataJSON, signature }),
      JSON.stringify({ authenticatorData: withUnusedBits(authenticatorData), clientDataJSON, signature }),
      canonicalText({ authenticatorData, clientDataJSON }),
      '',
    ]) {
      expect(await counts(passkey, other(wrong)), wrong).toBe(false);
    }
  });

  it('belongs to the relying party of the approver set and to one key', async () => {
    expect(await counts(passkey, passkey.sign(BYTES), 'example.org')).toBe(false);
    const stranger = createPasskey({ algorithm, rpId: passkey.rpId, origin: passkey.origin });
    expect(await counts(passkey, stranger.sign(BYTES))).toBe(false);
  });

  it('fits the length that the API accepts', () => {
    const clientDataJSON = Buffer.alloc(1_024, 'x').toString('base64url');
    const authenticatorData = Buffer.alloc(256).toString('base64url');
    const longest = { authenticatorData, clientDataJSON, signature: Buffer.alloc(512).toString('base64url') };
    expect(encodeAssertion(longest).length).toBeLessThanOrEqual(LONGEST_ASSERTION);
  });
});

/** Another text that a lenient decoder reads as the same 37 bytes: the last of the 50 characters has four unused bits. */
function withUnusedBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1];
}

it.each(Object.values(PAYLOAD_TYPES))('an assertion about %s counts for no other type', (type) => {
  const passkey = createPasskey();
  const key = { ...readPublicKey(passkey.publicKey), rpId: 'localhost' };
  const payload = Buffer.from('{}');
  const sig = passkey.sign(pae(type, payload));
  const counted = Object.values(PAYLOAD_TYPES).filter((payloadType) => {
    const envelope = { ...signEnvelope(payloadType, payload, []), signatures: [{ keyid: key.keyid, sig }] };
    return signedBy(envelope, [key]).size === 1;
  });
  expect(counted).toEqual([type]);
});

it('two passkeys sign a time correction as two approvers, and one does not', () => {
  const [first, second] = [createPasskey(), createPasskey({ algorithm: 'EdDSA' })];
  const named = [first, second].map(({ keyid, publicKey, rpId }, index) => ({
    person: `per_${'ab'[index]}`,
    keyid,
    publicKey,
    rpId,
  }));
  const document = approverSetDocument([], testKey(), { approvers: named });
  const set = readApproverSet(signEnvelope(PAYLOAD_TYPES.approvers, encodeCanonical(document), []));
  const correction = encodeCanonical({
    installation: document.installation,
    version: 1,
    earliest: '2015-07-24T12:00:00.000Z',
    from: '2015-08-24T12:00:00.000Z',
    until: '2015-08-25T12:00:00.000Z',
    reason: 'The clock was wrong.',
  });
  const signedByKeys = (...passkeys: Passkey[]) => ({
    ...signEnvelope(PAYLOAD_TYPES.timeCorrection, correction, []),
    signatures: passkeys.map((passkey) => ({
      keyid: passkey.keyid,
      sig: passkey.sign(pae(PAYLOAD_TYPES.timeCorrection, correction)),
    })),
  });
  expect(verifyTimeCorrection(signedByKeys(first, second), set).version).toBe(1);
  expect(() => verifyTimeCorrection(signedByKeys(first, first), set)).toThrow('needs 2');
});

describe('passkeys in an approver set', () => {
  const passkey = createPasskey({ rpId: 'cordon.example.org', origin: 'https://cordon.example.org' });
  const [ada, online] = [testPerson('ada'), testKey()];
  const { keyid, publicKey, rpId } = passkey;
  const named = [
    { person: 'ada', keyid: ada.key.keyid, publicKey: ada.key.publicKey },
    { person: 'ben', keyid, publicKey, rpId },
  ];
  const setWith = (approvers: typeof named) =>
    signEnvelope(PAYLOAD_TYPES.approvers, encodeCanonical(approverSetDocument([], online, { approvers })), []);
  const signed = (signatures: { keyid: string; sig: string }[]) => ({
    ...signEnvelope(TYPE, Buffer.from(PAYLOAD), []),
    signatures,
  });

  it('count beside other keys, each by its own kind of signature only', () => {
    const set = readApproverSet(setWith(named));
    const assertion = passkey.sign(BYTES);
    const plain = ada.key.sign(BYTES).toString('base64');
    const both = signed([
      { keyid: ada.key.keyid, sig: plain },
      { keyid, sig: assertion },
    ]);
    expect([...personsWhoSigned(both, set)].sort()).toEqual(['ada', 'ben']);
    // Without the relying party id, the same key is a plain key, and its assertion is no signature.
    const plainSet = readApproverSet(setWith(named.map(({ rpId: _, ...rest }) => rest)));
    expect([...personsWhoSigned(both, plainSet)]).toEqual(['ada']);
    // A plain signature by the key of a passkey is no assertion.
    const asserted = named.map((each) => ({ ...each, rpId }));
    expect([...personsWhoSigned(both, readApproverSet(setWith(asserted)))]).toEqual(['ben']);
  });

  it('leave the bytes of sets without passkeys unchanged', () => {
    const document = approverSetDocument([ada, testPerson('ben')], online);
    const envelope = signEnvelope(PAYLOAD_TYPES.approvers, encodeCanonical(document), []);
    expect(canonicalText(readApproverSet(envelope).approvers)).toBe(canonicalText(document));
    expect(canonicalText(document)).not.toContain('rpId');
  });
});

it.each([
  ['https://a.example', 'a.example', true],
  ['https://b.a.example:443', 'a.example', true],
  ['https://a.example.', 'a.example', false],
  ['https://a.example/', 'a.example', false],
  ['https://A.example', 'a.example', false],
  ['https://x@a.example', 'a.example', false],
  ['http://localhost:8445', 'localhost', true],
  ['https://localhost', 'localhost', true],
  ['http://localhost.evil', 'localhost', false],
  ['http://127.0.0.1:8445', 'localhost', false],
  ['http://localhost', 'a.example', false],
  ['null', 'a.example', false],
])('origin %s for %s: %s', (origin, rpId, fits) => {
  expect(originFits(origin, rpId)).toBe(fits);
});

it.each([
  ['localhost', true],
  ['cordon.example.org', true],
  ['192.0.2.1', false],
  ['Example.org', false],
  ['example..org', false],
  ['-a.example', false],
  ['', false],
])('relying party id %s: %s', (rpId, valid) => {
  expect(rpIdSchema.safeParse(rpId).success).toBe(valid);
});
