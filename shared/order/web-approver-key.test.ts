import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { revisionDocument } from '../../tests/support/signed-documents.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../disclosure/documents.ts';
import { approvalOf, approveRevision, revisionEnvelope, signApproverSetPayload } from './approver-key.ts';
import { canonicalText } from './canonical.ts';
import { sha256 } from './digest.ts';
import { PAYLOAD_TYPES } from './documents.ts';
import { keyidOf, readPublicKey, signedBy, signerOf, verifySignature } from './dsse.ts';
import { pae } from './pae.ts';
import { stubText } from './stub.ts';
import {
  createWebApproverKey,
  importWebApproverKey,
  signApproval,
  signApproverSet,
  signDeskText,
  signRevision,
} from './web-approver-key.ts';
import { webSha256 } from './web-digest.ts';

const payload = canonicalText(revisionDocument());
const pkcs8 = (key: KeyObject) => new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));

describe('a key made in a browser', () => {
  it('signs a revision that the server and devices accept', async () => {
    const key = await createWebApproverKey();
    const verifier = readPublicKey(key.publicKey);
    expect(verifier.keyid).toBe(key.keyid);
    const signatures = [{ keyid: key.keyid, sig: await signRevision(key, payload) }];
    expect(signedBy({ ...revisionEnvelope(payload, []), signatures }, [verifier])).toEqual(new Set([key.keyid]));
    const edited = revisionEnvelope(payload.replace('"PK"', '"IN"'), []);
    expect(signedBy({ ...edited, signatures }, [verifier]).size).toBe(0);
  });

  it('signs an approver set as an approver set, and not as a revision', async () => {
    const key = await createWebApproverKey();
    const { key: verifier } = readPublicKey(key.publicKey);
    const signature = Buffer.from(await signApproverSet(key, payload), 'base64');
    expect(verifySignature(verifier, pae(PAYLOAD_TYPES.approvers, Buffer.from(payload)), signature)).toBe(true);
    expect(verifySignature(verifier, pae(PAYLOAD_TYPES.revision, Buffer.from(payload)), signature)).toBe(false);
  });

  it('signs a request as a request, and not as a transparency statement or a revision', async () => {
    const key = await createWebApproverKey();
    const { key: verifier } = readPublicKey(key.publicKey);
    const signature = Buffer.from(await signDeskText(key, 'disclosure', payload), 'base64');
    const isSigned = (payloadType: string) =>
      verifySignature(verifier, pae(payloadType, Buffer.from(payload)), signature);
    expect(isSigned(DISCLOSURE_PAYLOAD_TYPES.disclosure)).toBe(true);
    expect(isSigned(DISCLOSURE_PAYLOAD_TYPES.statement)).toBe(false);
    expect(isSigned(PAYLOAD_TYPES.revision)).toBe(false);
  });

  it('cannot be exported, even after it was stored and loaded again', async () => {
    const key = await createWebApproverKey();
    // IndexedDB stores a structured clone of each value.
    const kept = structuredClone(key);
    expect(await signRevision(kept, payload)).toBe(await signRevision(key, payload));
    for (const { privateKey } of [key, kept]) {
      for (const format of ['pkcs8', 'jwk'] as const) {
        await expect(crypto.subtle.exportKey(format, privateKey)).rejects.toThrow('not extractable');
      }
    }
  });
});

describe('a key imported from PKCS#8', () => {
  it('is the same key, makes the same signatures as the file, and cannot be exported', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const signer = signerOf(privateKey);
    const key = await importWebApproverKey(pkcs8(privateKey));
    expect(key.keyid).toBe(keyidOf(createPublicKey(privateKey)));
    await expect(crypto.subtle.exportKey('pkcs8', key.privateKey)).rejects.toThrow('not extractable');
    // Ed25519 has one signature for each message, so both keys must sign the same bytes, whatever the text contains.
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        expect(await signRevision(key, text)).toBe(approveRevision(signer, text));
        expect(await signApproverSet(key, text)).toBe(signApproverSetPayload(signer, text));
      }),
    );
  });

  it('approves a withheld revision with a second signature over its stub, like a key in a file', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const signer = signerOf(privateKey);
    const key = await importWebApproverKey(pkcs8(privateKey));
    expect(await signApproval(key, payload)).toEqual({ keyid: key.keyid, signature: approveRevision(signer, payload) });
    const secret = canonicalText(revisionDocument({ salt: 'a'.repeat(64) }));
    const approval = await signApproval(key, secret);
    expect(approval).toEqual(approvalOf(signer, secret));
    const stub = stubText(secret, sha256(Buffer.from(secret))) ?? '';
    const bytes = pae(PAYLOAD_TYPES.stub, Buffer.from(stub));
    expect(verifySignature(createPublicKey(privateKey), bytes, Buffer.from(approval.stub ?? '', 'base64'))).toBe(true);
  });

  it.each([
    ['another kind of key', pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
    ['a key for agreement', pkcs8(generateKeyPairSync('x25519').privateKey)],
    ['half a key', pkcs8(generateKeyPairSync('ed25519').privateKey).subarray(0, 40)],
    ['nothing', new Uint8Array()],
  ])('%s is refused', async (_, bytes) => {
    await expect(importWebApproverKey(bytes)).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

describe('a browser that cannot sign', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('says to open the page over HTTPS', async () => {
    vi.stubGlobal('crypto', { subtle: undefined });
    await expect(createWebApproverKey()).rejects.toMatchObject({ code: 'unavailable', message: /HTTPS/ });
  });

  it('says to use a newer browser', async () => {
    const generateKey = async () => {
      throw new DOMException('Unrecognized name.', 'NotSupportedError');
    };
    vi.stubGlobal('crypto', { subtle: { generateKey } });
    await expect(createWebApproverKey()).rejects.toMatchObject({ code: 'unavailable', message: /newer/ });
  });
});

it('the digest is the one that the server and the command line show', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
      expect(await webSha256(text)).toBe(sha256(text));
    }),
  );
});
