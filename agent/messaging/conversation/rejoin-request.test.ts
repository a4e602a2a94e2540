import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import { makeRejoinRequest, readRejoinRequest } from './rejoin-request.ts';

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    seed: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64'),
  };
}
const asked = { conversation: randomBytes(16).toString('base64url'), device: newDeviceId(), generation: 2, at: 7 };

it('is valid only with the signature of its device', () => {
  const [own, other] = [keyPair(), keyPair()];
  const read = readRejoinRequest(makeRejoinRequest(asked, own.seed));
  expect(read?.request).toMatchObject(asked);
  expect(read?.signedBy(own.publicKey)).toBe(true);
  expect(read?.signedBy(other.publicKey)).toBe(false);
});

it('is invalid after any change', () => {
  const own = keyPair();
  const text = makeRejoinRequest(asked, own.seed).toString();
  const changed = text.replace('"generation":2', '"generation":3');
  expect(readRejoinRequest(Buffer.from(changed))?.signedBy(own.publicKey)).toBe(false);
  for (const wrong of ['{', '{}', '', '\0\x01', text.replace('"rejoin"', '"remove"'), text.slice(0, -2)]) {
    expect(readRejoinRequest(Buffer.from(wrong))).toBeNull();
  }
});
