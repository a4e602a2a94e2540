import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../tests/support/code-of.ts';
import { approveRevision, revisionEnvelope } from './approver-key.ts';
import { PAYLOAD_TYPES } from './documents.ts';
import { keyidOf, payloadOf, readPublicKey, signEnvelope, signedBy, signerOf } from './dsse.ts';
import { commitmentOf, exemptionsFor, newSalt } from './exemption.ts';
import { createKeyFile, openKeyFile } from './key-file.ts';
import { pae } from './pae.ts';
import { makeReceipt, verifyReceipt } from './receipt.ts';

function keyOf(pair: { publicKey: KeyObject; privateKey: KeyObject }) {
  const base64 = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { signer: signerOf(pair.privateKey), verifier: readPublicKey(base64), base64 };
}
const ed25519 = () => keyOf(generateKeyPairSync('ed25519'));
const p256 = () => keyOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));

describe('DSSE', () => {
  it('encodes like the specification', () => {
    expect(Buffer.from(pae('http://example.com/HelloWorld', Buffer.from('hello world'))).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it.each([
    ['Ed25519', ed25519],
    ['P-256', p256],
  ])('%s: any flipped bit of payload, type or signature is refused', (_name, make) => {
    const { signer, verifier } = make();
    const envelope = signEnvelope('application/x', Buffer.from('{"a":1}'), [signer]);
    expect(signedBy(envelope, [verifier])).toEqual(new Set([signer.keyid]));
    const flip = (base64: string, bit: number) => {
      const bytes = Buffer.from(base64, 'base64');
      const index = bit % (bytes.length * 8);
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) ^ (1 << (index & 7));
      return bytes.toString('base64');
    };
    fc.assert(
      fc.property(fc.nat(1000), (bit) => {
        const [signature] = envelope.signatures;
        const sig = flip(signature?.sig ?? '', bit);
        const broken = [
          { ...envelope, payload: flip(envelope.payload, bit) },
          { ...envelope, payloadType: 'application/y' },
          { ...envelope, signatures: [{ keyid: signer.keyid, sig }] },
        ];
        for (const each of broken) expect(signedBy(each, [verifier]).size).toBe(0);
      }),
    );
  });

  it('case 25: a key counts once, however often its signature occurs', () => {
    const { signer, verifier } = ed25519();
    const envelope = signEnvelope('application/x', Buffer.from('x'), [signer, signer, signer]);
    expect(envelope.signatures).toHaveLength(3);
    expect(signedBy(envelope, [verifier, verifier]).size).toBe(1);
  });

  it('a signature under another key’s identifier does not count', () => {
    const [a, b] = [ed25519(), ed25519()];
    const envelope = signEnvelope('application/x', Buffer.from('x'), [a.signer]);
    const renamed = { ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ keyid: b.signer.keyid, sig })) };
    expect(signedBy(renamed, [a.verifier, b.verifier]).size).toBe(0);
  });

  it('case 27: an unknown payload type is refused', () => {
    const envelope = signEnvelope('application/vnd.cordon.order-revision.v2+json', Buffer.from('{}'), []);
    expect(codeOf(() => payloadOf(envelope, PAYLOAD_TYPES.revision))).toBe('document_wrong_type');
  });

  it('refuses base64 with stray bits, so that one payload has one envelope text', () => {
    expect(codeOf(() => payloadOf({ payloadType: 'x', payload: 'eB==', signatures: [] }, 'x'))).toBe(
      'document_malformed',
    );
  });

  it.each([
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['Ed25519', generateKeyPairSync('ed25519')],
  ])('names a key of %s by the hash of its SubjectPublicKeyInfo', (_name, { publicKey }) => {
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    expect(keyidOf(publicKey)).toBe(createHash('sha256').update(spki).digest('hex'));
  });

  it('accepts Ed25519 and P-256 keys only in their one DER form', () => {
    const { base64 } = p256();
    const longer = Buffer.concat([Buffer.from(base64, 'base64'), Buffer.from([0])]).toString('base64');
    expect(codeOf(() => readPublicKey(longer))).toBe('document_malformed');
    expect(codeOf(() => readPublicKey('AAAA'))).toBe('document_malformed');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' });
    expect(codeOf(() => readPublicKey(rsa.toString('base64')))).toBe('signature_invalid');
  });
});

describe('an approver’s key file', () => {
  it('is decrypted only with its passphrase, and its signatures are valid on the server', () => {
    const { key, pem } = createKeyFile('correct horse battery');
    expect(pem).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    const opened = openKeyFile(pem, 'correct horse battery');
    expect(opened.keyid).toBe(key.keyid);
    expect(codeOf(() => openKeyFile(pem, 'wrong horse battery'))).toBe('passphrase_wrong');
    expect(codeOf(() => createKeyFile('short'))).toBe('invalid_input');
    const payload = '{"a":1}';
    const envelope = revisionEnvelope(payload, []);
    const signed = { ...envelope, signatures: [{ keyid: key.keyid, sig: approveRevision(opened, payload) }] };
    expect(signedBy(signed, [readPublicKey(key.publicKey)]).size).toBe(1);
  });

  it('refuses a key that is not encrypted', () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(codeOf(() => openKeyFile(pem, 'whatever it may be'))).toBe('invalid_input');
  });
});

describe('exemptions and receipts', () => {
  it('a commitment matches only its device and salt', () => {
    const [salt, other] = [newSalt(), newSalt()];
    const exempt = [{ commitment: commitmentOf(salt, 'dev_a'), until: '2016-01-01T00:00:00.000Z' }];
    const revisions = [{ order: '2015-001', exempt }];
    const record = (device: string, order: string, opened: string) => ({
      device,
      exemptions: [{ order, salt: opened }],
    });
    expect(exemptionsFor('dev_a', record('dev_a', '2015-001', salt), revisions)).toEqual([
      { order: '2015-001', until: Date.parse('2016-01-01T00:00:00.000Z') },
    ]);
    expect(exemptionsFor('dev_b', record('dev_b', '2015-001', salt), revisions)).toEqual([]);
    expect(exemptionsFor('dev_b', record('dev_a', '2015-001', salt), revisions)).toEqual([]);
    expect(exemptionsFor('dev_a', record('dev_a', '2015-001', other), revisions)).toEqual([]);
    expect(exemptionsFor('dev_a', record('dev_a', '2015-002', salt), revisions)).toEqual([]);
    expect(exemptionsFor('dev_a', null, revisions)).toEqual([]);
  });

  it('a receipt is valid only with its device’s signature', () => {
    const [device, stranger] = [p256(), p256()];
    const envelope = makeReceipt(
      {
        installation: 'ins_a',
        device: 'dev_a',
        generation: 1,
        kind: 'enforced',
        listVersion: 3,
        order: '2015-001',
        revision: 1,
        service: 'messaging',
        gate: 'closed',
        at: '2015-12-31T00:10:00.000Z',
      },
      device.signer,
    );
    expect(verifyReceipt(envelope, device.verifier).kind).toBe('enforced');
    expect(codeOf(() => verifyReceipt(envelope, stranger.verifier))).toBe('signature_invalid');
  });
});
