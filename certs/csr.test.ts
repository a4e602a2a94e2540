import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCsr, extensionRequest } from '../tests/support/build-csr.ts';
import { parseCsr } from './csr.ts';
import {
  type Asn1,
  bits,
  bool,
  fromDer,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  sequenceItems,
  set,
  tagged,
  toDer,
  utf8,
} from './der.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const NAME = 'dev_aaaaaaaaaaaaaaaa';
const URI = `urn:cordon:device:${NAME}:1`;

const refused = (code: string) => expect.objectContaining({ code });
const good = () => buildCsr({ privateKey: p256.privateKey, commonName: NAME });
const spkiOf = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });

describe('plain certificate signing request', () => {
  it.each([
    ['P-256 with SHA-256', p256, 'sha256'],
    ['P-256 with SHA-384', p256, 'sha384'],
    ['P-384 with SHA-512', p384, 'sha512'],
  ] as const)('is parsed: %s', (_, pair, hash) => {
    const csr = parseCsr(buildCsr({ privateKey: pair.privateKey, commonName: NAME, hash }));
    expect(csr.subjectCommonName).toBe(NAME);
    expect(csr.uris).toEqual([]);
    expect(csr.spki.equals(spkiOf(pair.publicKey))).toBe(true);
  });

  it('needs no subject', () => {
    expect(parseCsr(buildCsr({ privateKey: p256.privateKey })).subjectCommonName).toBeNull();
  });

  it('may request fields that the certificate will have', () => {
    const attributes = extensionRequest({
      '2.5.29.19': sequence(),
      '2.5.29.15': bits(Buffer.from([0x80]), 7),
      '2.5.29.37': sequence(oid('1.3.6.1.5.5.7.3.2')),
      '2.5.29.17': sequence(implicit(6, Buffer.from(URI))),
    });
    expect(parseCsr(buildCsr({ privateKey: p256.privateKey, attributes })).uris).toEqual([URI]);
  });
});

describe('signature', () => {
  it('case 4: refuses a request that another key signed', () => {
    const der = buildCsr({
      privateKey: p256.privateKey,
      spki: spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
    });
    expect(() => parseCsr(der)).toThrow(refused('csr_bad_signature'));
  });

  it('case 4: refuses every flipped bit', () => {
    const der = good();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: der.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(der);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => parseCsr(changed)).toThrow(expect.objectContaining({ name: 'CordonError' }));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses SHA-1', () => {
    const der = buildCsr({ privateKey: p256.privateKey, hash: 'sha1' });
    expect(() => parseCsr(der)).toThrow(refused('csr_weak_key'));
  });
});

describe('case 5: a request for further fields', () => {
  const subject = (...names: [string, string][]) =>
    sequence(...names.map(([type, value]) => set(sequence(oid(type), utf8(value)))));
  const extension = (type: string, value: Asn1) => ({ attributes: extensionRequest({ [type]: value }) });
  it.each([
    ['CA:TRUE', extension('2.5.29.19', sequence(bool(true)))],
    ['CA:TRUE with a path length', extension('2.5.29.19', sequence(bool(true), integer(0)))],
    ['certificate signing', extension('2.5.29.15', bits(Buffer.from([0x84]), 2))],
    ['key agreement', extension('2.5.29.15', bits(Buffer.from([0x88]), 3))],
    ['a server', extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.2'), oid('1.3.6.1.5.5.7.3.1')))],
    ['any purpose', extension('2.5.29.37', sequence(oid('2.5.29.37.0')))],
    ['a DNS name', extension('2.5.29.17', sequence(implicit(2, Buffer.from('mdm.example.com'))))],
    ['a directory name', extension('2.5.29.17', sequence(tagged(4, subject(['2.5.4.3', NAME]))))],
    ['certificate policies', extension('2.5.29.32', sequence(sequence(oid('2.5.29.32.0'))))],
    ['name constraints', extension('2.5.29.30', sequence())],
    ['two common names', { subject: subject(['2.5.4.3', NAME], ['2.5.4.3', 'dev_bbbbbbbbbbbbbbbb']) }],
    ['an organization', { subject: subject(['2.5.4.10', 'Exempel AB']) }],
    ['a challenge password', { attributes: [sequence(oid('1.2.840.113549.1.9.7'), set(utf8('x')))] }],
    ['an unknown attribute', { attributes: [sequence(oid('1.2.3.4'), set(utf8('x')))] }],
  ])('refuses %s', (_, parts) => {
    const der = buildCsr({ privateKey: p256.privateKey, ...parts });
    expect(() => parseCsr(der)).toThrow(refused('csr_not_allowed'));
  });
});

describe('case 6: encoding', () => {
  const nested = (depth: number) => {
    let inner = Buffer.from([0x05, 0x00]);
    for (let i = 0; i < depth; i++) {
      const size = inner.length;
      const head = size < 128 ? [0x30, size] : size < 256 ? [0x30, 0x81, size] : [0x30, 0x82, size >> 8, size & 0xff];
      inner = Buffer.concat([Buffer.from(head), inner]);
    }
    return inner;
  };
  const longForm = () => {
    const der = good();
    // Outer length encoded in three bytes although two are enough.
    const at = der[1] === 0x81 ? 3 : 4;
    const body = der.subarray(at);
    return Buffer.concat([Buffer.from([0x30, 0x83, 0, body.length >> 8, body.length & 0xff]), body]);
  };
  const indefinite = () => {
    const der = good();
    const at = (der[1] ?? 0) & 0x80 ? 2 + ((der[1] ?? 0) & 0x7f) : 2;
    return Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(at), Buffer.from([0, 0])]);
  };
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----')],
    ['a length in too many bytes', longForm()],
    ['an indefinite length', indefinite()],
    ['bytes after the end', Buffer.concat([good(), Buffer.from([0])])],
    ['a request cut short', good().subarray(0, -10)],
    ['100 levels', nested(100)],
    ['1500 levels', nested(1500)],
    ['a huge length', Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
    ['a certificate', toDer(sequence(sequence(), sequence(), bits(Buffer.from([0]))))],
    ['a BOOLEAN of BER', buildCsr({ privateKey: p256.privateKey, attributes: berBoolean() })],
    ['a set out of order', buildCsr({ privateKey: p256.privateKey, subject: unsortedName() })],
  ])('refuses %s', (_, der) => {
    expect(() => parseCsr(der)).toThrow(refused('csr_malformed'));
  });

  it('refuses a request that is too large before parsing it', () => {
    expect(() => parseCsr(Buffer.alloc(9 * 1024, 0x30))).toThrow(refused('too_large'));
  });

  it('throws a CordonError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => parseCsr(Buffer.from(bytes))).toThrow(expect.objectContaining({ name: 'CordonError' }));
      }),
    );
  });
});

function berBoolean(): Asn1[] {
  const der = toDer(sequence(bool(true)));
  der[der.length - 1] = 0x01;
  return extensionRequest({ '2.5.29.19': fromDer(der) });
}

function unsortedName(): Asn1 {
  return sequence(set(sequence(oid('2.5.4.3'), utf8('b')), sequence(oid('2.5.4.3'), utf8('a'))));
}

describe('case 7: keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const rsaThree = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  const others = [
    ['RSA-1024', rsa],
    ['RSA with e=3', rsaThree],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['P-224', generateKeyPairSync('ec', { namedCurve: 'secp224r1' })],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ] as const;
  it.each(others)('refuses %s', (_, { publicKey, privateKey }) => {
    expect(() => parseCsr(buildCsr({ privateKey, spki: spkiOf(publicKey) }))).toThrow(refused('csr_weak_key'));
  });

  it('refuses an RSA request signed with RSA', () => {
    const items = sequenceItems(fromDer(buildCsr({ privateKey: rsaThree.privateKey })));
    const [info] = items;
    if (!info) throw new Error('no request');
    const signature = bits(sign('sha256', toDer(info), rsaThree.privateKey));
    const der = toDer(sequence(info, sequence(oid('1.2.840.113549.1.1.11')), signature));
    expect(() => parseCsr(der)).toThrow(refused('csr_weak_key'));
  });

  it('refuses a point off the curve', () => {
    const spki = Buffer.from(spkiOf(p256.publicKey));
    spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
    expect(() => parseCsr(buildCsr({ privateKey: p256.privateKey, spki }))).toThrow(refused('csr_weak_key'));
  });

  it('refuses the point at infinity', () => {
    const [algorithm] = sequenceItems(fromDer(spkiOf(p256.publicKey)));
    if (!algorithm) throw new Error('no algorithm');
    const spki = toDer(sequence(algorithm, bits(Buffer.from([0]))));
    expect(() => parseCsr(buildCsr({ privateKey: p256.privateKey, spki }))).toThrow(refused('csr_weak_key'));
  });

  it('refuses a compressed point, because a key has one encoding', () => {
    const spki = spkiOf(p256.publicKey);
    const [algorithm] = sequenceItems(fromDer(spki));
    if (!algorithm) throw new Error('no algorithm');
    const x = spki.subarray(-64, -32);
    const odd = ((spki[spki.length - 1] ?? 0) & 1) === 1;
    const compressed = toDer(sequence(algorithm, bits(Buffer.concat([Buffer.from([odd ? 3 : 2]), x]))));
    expect(() => parseCsr(buildCsr({ privateKey: p256.privateKey, spki: compressed }))).toThrow(
      refused('csr_weak_key'),
    );
  });

  it('refuses a key that is an octet string of nonsense', () => {
    const spki = toDer(sequence(sequence(oid('1.2.840.10045.2.1')), octets(Buffer.from([1]))));
    expect(() => parseCsr(buildCsr({ privateKey: p256.privateKey, spki }))).toThrow(refused('csr_weak_key'));
  });
});
