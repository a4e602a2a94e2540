import { describe, expect, it } from 'vitest';
import { createPasskey } from '../../tests/support/passkey.ts';
import { testKey } from '../../tests/support/signed-documents.ts';
import { pae } from '../order/pae.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from './documents.ts';
import { requireSignature, signDocument } from './signed-document.ts';

const TYPE = DISCLOSURE_PAYLOAD_TYPES.disclosure;
const TEXT = '{"request":1}';

describe('a signature under a text of the disclosure desk', () => {
  const key = testKey();
  const passkey = createPasskey({ rpId: 'cordon.example.org', origin: 'https://cordon.example.org' });
  const plain = { keyid: key.keyid, publicKey: key.publicKey, rpId: null, sig: signDocument(key, TYPE, TEXT) };
  const { keyid, publicKey, rpId } = passkey;
  const asserted = { keyid, publicKey, rpId, sig: passkey.sign(pae(TYPE, Buffer.from(TEXT))) };

  it('counts from a key and from a passkey', () => {
    expect(() => requireSignature(TYPE, TEXT, plain)).not.toThrow();
    expect(() => requireSignature(TYPE, TEXT, asserted)).not.toThrow();
  });

  it.each([
    ['another text', '{"request":2}', plain],
    ['another text of a passkey', '{"request":2}', asserted],
    ['a passkey without its relying party', TEXT, { ...asserted, rpId: null }],
    ['a passkey of another relying party', TEXT, { ...asserted, rpId: 'example.org' }],
    ['a key presented as a passkey', TEXT, { ...plain, rpId }],
    ['the key of another person', TEXT, { ...plain, keyid }],
  ])('is refused for %s', (_name, text, signature) => {
    expect(() => requireSignature(TYPE, text, signature)).toThrow(
      expect.objectContaining({ code: 'approval_invalid' }),
    );
  });
});
