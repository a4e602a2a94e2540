import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, originOf } from './checkpoint.ts';
import { leafHash } from './merkle.ts';
import { ed25519FromSpki, keyIdOf, type NoteSigner, signCheckpoint, signNote, verifierKey } from './sign-checkpoint.ts';
import { openNote, parseVerifierKey } from './signed-note.ts';

const spkiOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });

function newSigner(name: string): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { name, publicKey: ed25519FromSpki(spkiOf(publicKey)), sign: (message) => sign(null, message, privateKey) };
}

const tree = { size: 3, root: leafHash(Buffer.from('anything')) };

describe('signed note', () => {
  it('opens the note that the Go package documents', async () => {
    const verifier = await parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const signature = 'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
    expect(await openNote(`${text}\n— PeterNeumann ${signature}\n`, verifier)).toBe(text);
  });

  it('reads back the verifier key that it writes', async () => {
    const { sign: _, ...verifier } = newSigner('cordon/test');
    expect(await parseVerifierKey(verifierKey(verifier))).toEqual(verifier);
  });

  it('ignores signature lines of other signers', async () => {
    const [ours, witness] = [newSigner('cordon/test'), newSigner('witness.example')];
    const text = 'anything\n';
    const note = signNote(text, ours) + signNote(text, witness).slice(text.length + 1);
    expect(await openNote(note, ours)).toBe(text);
    expect(await openNote(note, witness)).toBe(text);
  });

  it.each([
    ['a changed text', (note: string) => note.replace('anything', 'anythink')],
    ['a changed signature', (note: string) => note.replace(/.(?=.{5}\n$)/, (letter) => (letter === 'x' ? 'y' : 'x'))],
    ['a missing end', (note: string) => note.slice(0, -1)],
    ['no signature', (note: string) => note.slice(0, note.indexOf('—'))],
    ['its signature twice', (note: string) => note + note.slice(note.indexOf('—'))],
    ['a control character', (note: string) => note.replace('anything', 'any\u0007thing')],
    ['junk among the signatures', (note: string) => `${note}junk\n`],
  ])('refuses a note with %s', async (_, change) => {
    const signer = newSigner('cordon/test');
    const note = signNote('anything at all\n', signer);
    await expect(openNote(change(note), signer)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});

describe('checkpoint', () => {
  it('opens what it signs', async () => {
    const signer = newSigner(originOf('inst-1'));
    const root = new Uint8Array(tree.root);
    expect(await openCheckpoint(signCheckpoint(tree, signer), signer)).toEqual({
      origin: 'cordon/inst-1',
      size: 3,
      root,
    });
  });

  it('case 37: a checkpoint signed for another origin, under the same key, is refused', async () => {
    const signer = newSigner(originOf('ours'));
    const other = { ...signer, name: originOf('theirs') };
    await expect(openCheckpoint(signCheckpoint(tree, other), signer)).rejects.toThrow(
      'no Ed25519 signature of cordon/ours',
    );
    // A signature line with our name does not help if the text belongs to another ledger.
    const text = `cordon/theirs\n3\n${tree.root.toString('base64')}\n`;
    await expect(openCheckpoint(signNote(text, signer), signer)).rejects.toThrow('it belongs to another ledger');
  });

  it('case 37: a checkpoint signed by another kind of key is refused', async () => {
    const signer = newSigner(originOf('ours'));
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const note = signNote(`cordon/ours\n3\n${tree.root.toString('base64')}\n`, {
      ...signer,
      sign: (message) => sign('sha256', message, ec.privateKey),
    });
    await expect(openCheckpoint(note, signer)).rejects.toThrow('does not match');
    expect(() => ed25519FromSpki(spkiOf(ec.publicKey))).toThrow('of another kind');
    expect(() => ed25519FromSpki(spkiOf(generateKeyPairSync('x25519').publicKey))).toThrow('of another kind');
    // A witness's cosignature type (0x04) under our name is not a signature of the ledger.
    const key = Buffer.concat([Buffer.of(4), signer.publicKey]).toString('base64');
    await expect(parseVerifierKey(`cordon/ours+${keyIdOf(signer).toString('hex')}+${key}`)).rejects.toThrow(
      'type 0x01',
    );
  });

  it.each([
    ['a size with a leading zero', 'cordon/x\n03\nROOT\n'],
    ['a negative size', 'cordon/x\n-3\nROOT\n'],
    ['a size beyond 2^53', 'cordon/x\n9007199254740993\nROOT\n'],
    ['no root', 'cordon/x\n3\n'],
    ['a short root', 'cordon/x\n3\nAAAA\n'],
    ['an empty extension line', 'cordon/x\n3\nROOT\n\nmore\n'],
  ])('refuses %s', async (_, text) => {
    const signer = newSigner('cordon/x');
    const note = signNote(text.replace('ROOT', tree.root.toString('base64')), signer);
    await expect(openCheckpoint(note, signer)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
  });
});
