/** Signing of checkpoints with the ledger's own key, and the text form of its public key (verifier key) for outsiders. */
import { createHash } from 'node:crypto';
import {
  checkText,
  ED25519,
  invalid,
  KEY_ID_SIZE,
  keyIdInput,
  type NoteVerifier,
  type SignatureType,
  typedKey,
} from './signed-note.ts';

export interface NoteSigner extends NoteVerifier {
  sign(message: Uint8Array): Buffer;
}

/** DER prefix of an Ed25519 SubjectPublicKeyInfo (RFC 8410, section 4), up to the 32 bytes of the key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SPKI_SIZE = SPKI_PREFIX.length + 32;

/**
 * Checks the name of a ledger key. Spaces separate the parts of a signature line, and plus signs the parts of a verifier key, so the name
 * must contain neither.
 */
export function checkName(name: string): void {
  if (!/^[^\s+]{1,255}$/u.test(name))
    throw invalid(`The name of a note’s key must not contain a space or a plus sign: ${JSON.stringify(name)}.`);
}

export function keyIdOf(verifier: NoteVerifier, type: SignatureType = ED25519): Buffer {
  return createHash('sha256').update(keyIdInput(verifier, type)).digest().subarray(0, KEY_ID_SIZE);
}

/** Raw 32 bytes of an Ed25519 key. Other kinds of keys are refused. */
export function ed25519FromSpki(spki: Buffer): Uint8Array<ArrayBuffer> {
  if (spki.length !== SPKI_SIZE || !spki.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) {
    throw invalid('The key of a note must be an Ed25519 public key in SPKI form; this one is of another kind.');
  }
  return new Uint8Array(spki.subarray(SPKI_PREFIX.length));
}

export function verifierKey(verifier: NoteVerifier, type: SignatureType = ED25519): string {
  checkName(verifier.name);
  return `${verifier.name}+${keyIdOf(verifier, type).toString('hex')}+${typedKey(verifier, type).toBase64()}`;
}

/** Signs `text`, which must end with a newline and contain no control characters except newlines. */
export function signNote(text: string, signer: NoteSigner): string {
  checkName(signer.name);
  checkText(text);
  const signature = Buffer.concat([keyIdOf(signer), signer.sign(Buffer.from(text))]);
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`;
}

export function signCheckpoint(tree: { readonly size: number; readonly root: Buffer }, signer: NoteSigner): string {
  return signNote(`${signer.name}\n${tree.size}\n${tree.root.toString('base64')}\n`, signer);
}
