import { generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { forgeCertificate, forgeCrl } from '../tests/support/forge-certificate.ts';
import { buildCrl, certificateBuilder, newSerial, type Signer, spkiOf } from './certificate.ts';
import { contentOf, encodingOf, readDer, sequenceOf, TAG } from './der-reader.ts';
import { certsOnly } from './pkcs7.ts';
import { PROFILES, type ProfileName } from './profiles.ts';

const newKey = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const issuing = newKey('P-256');
const keys = ['P-256', 'P-384'].map((curve) => spkiOf(newKey(curve).publicKey));

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 });
const second = fc.integer({ min: 0, max: Date.UTC(2070, 0) / 1000 }).map((seconds) => seconds * 1000);
const asciiOf = (maxLength: number) => fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength });
const issuerName = fc.record({ commonName: name, organization: name }, { requiredKeys: ['commonName'] });
const content = fc.record({
  serial: fc.constant(null).map(newSerial),
  subject: issuerName,
  spki: fc.constantFrom(...keys),
  notBefore: second,
  notAfter: second,
  uris: fc.array(asciiOf(300), { maxLength: 3 }),
  dnsNames: fc.array(fc.domain(), { maxLength: 3 }),
  ipAddresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 3 }),
});
const signerOf = (issuer: Signer['name']): Signer => ({
  name: issuer,
  key: issuing.privateKey,
  spki: spkiOf(issuing.publicKey),
});

/** Content that was signed, after a check of the signature by the issuer's key. */
function signedPart(der: Buffer): Buffer {
  const [tbs, algorithm, signature] = sequenceOf(readDer(der));
  if (!tbs || !algorithm) throw new Error('it is not signed');
  // ecdsa-with-SHA256.
  expect(encodingOf(algorithm).toString('hex')).toBe('300a06082a8648ce3d040302');
  const bytes = contentOf(signature, TAG.bitString);
  expect(bytes[0]).toBe(0);
  expect(verify('sha256', encodingOf(tbs), issuing.publicKey, bytes.subarray(1))).toBe(true);
  return encodingOf(tbs);
}

it('writes each certificate with the same bytes as node-forge', () => {
  const profiles = fc.constantFrom<ProfileName>('root', 'issuing', 'server', 'device', 'messaging');
  const crlUrl = fc.option(asciiOf(200));
  fc.assert(
    fc.property(
      profiles,
      issuerName,
      crlUrl,
      fc.array(content, { minLength: 1, maxLength: 2 }),
      (which, of, url, all) => {
        const signer = signerOf(of);
        const profile = PROFILES[which];
        const build = certificateBuilder(profile, signer, url);
        // Several certificates of one builder share its encoded fields.
        for (const one of all) {
          const expected = forgeCertificate({ ...one, profile, crlUrl: url }, signer);
          expect(signedPart(build(one)).toString('hex')).toBe(expected.toString('hex'));
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('writes each revocation list with the same bytes as node-forge', () => {
  const revoked = fc.record({
    serial: content.map(({ serial }) => serial.toString('hex')),
    at: second,
    reason: fc.nat(10),
  });
  const list = fc.record({
    number: fc.nat(),
    thisUpdate: second,
    nextUpdate: second,
    revoked: fc.array(revoked, { maxLength: 40 }),
  });
  fc.assert(
    fc.property(list, issuerName, (one, issuer) => {
      const signer = signerOf(issuer);
      expect(signedPart(buildCrl(one, signer)).toString('hex')).toBe(forgeCrl(one, signer).toString('hex'));
    }),
  );
});

it('writes a certs-only message with the structure of RFC 5652', () => {
  const empty = Buffer.from('3000', 'hex');
  expect(certsOnly([empty, empty]).toString('hex')).toBe(
    // ContentInfo { signedData, SignedData { version 1, no digests, data without content, two certificates, no signers } }
    '302906092a864886f70d010702a01c301a0201013100300b06092a864886f70d010701a00430003000' + '3100',
  );
});
