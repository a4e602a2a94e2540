/** What a ledger's own key does: it names itself to outsiders, and signs checkpoints. What outsiders do with them is `checkpoint.ts`. */
import { createHash } from 'node:crypto';
import { checkText, invalid, KEY_ID_SIZE, keyIdInput, type NoteVerifier, typedKey } from './signed-note.ts';

export interface NoteSigner extends NoteVerifier {
  /** A pure Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4) up to the key's own 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SPKI_SIZE = SPKI_PREFIX.length + 32;

/** A key's name may hold neither spaces nor plus signs, or the lines it stands in could be read in two ways. */
function checkName(name: string): void {
  if (!/^[^\s+]{1,255}$/u.test(name))
    throw invalid(`a note key's name has no space and no plus sign: ${JSON.stringify(name)}`);
}

export function keyIdOf(verifier: NoteVerifier): Buffer {
  return createHash('sha256').update(keyIdInput(verifier)).digest().subarray(0, KEY_ID_SIZE);
}

/** The raw 32 bytes of an Ed25519 key given as SPKI DER. Any other kind of key is refused. */
export function ed25519FromSpki(spki: Buffer): Uint8Array<ArrayBuffer> {
  if (spki.length !== SPKI_SIZE || !spki.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) {
    throw invalid('a note key is an Ed25519 public key in SPKI form; this one is of another kind');
  }
  return new Uint8Array(spki.subarray(SPKI_PREFIX.length));
}

/** The verifier key as text (`vkey`): what an outsider pins. */
export function verifierKey(verifier: NoteVerifier): string {
  checkName(verifier.name);
  return `${verifier.name}+${keyIdOf(verifier).toString('hex')}+${typedKey(verifier).toBase64()}`;
}

/** `text` ends in a newline and holds no control characters but newlines. */
export function signNote(text: string, signer: NoteSigner): string {
  checkName(signer.name);
  checkText(text);
  const signature = Buffer.concat([keyIdOf(signer), signer.sign(Buffer.from(text))]);
  return `${text}\n— ${signer.name} ${signature.toString('base64')}\n`;
}

export function signCheckpoint(tree: { readonly size: number; readonly root: Buffer }, signer: NoteSigner): string {
  return signNote(`${signer.name}\n${tree.size}\n${tree.root.toString('base64')}\n`, signer);
}
