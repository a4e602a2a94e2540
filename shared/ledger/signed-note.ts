/**
 * C2SP signed-note with Ed25519 keys (https://c2sp.org/signed-note): text, an empty line, then one line a signature. Only signature
 * type 0x01 is made or accepted here; a line of another name or key id is somebody else's and says nothing to us.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { CordonError } from '../errors.ts';

const ED25519 = 0x01;
const KEY_ID_SIZE = 4;
const PUBLIC_KEY_SIZE = 32;
/** SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4) up to the key's own 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const MAX_SIGNATURES = 16;

/** Who signs a note: the name is the log's origin. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: Buffer;
}

export interface NoteSigner extends NoteVerifier {
  /** A pure Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

const invalid = (detail: string) => new CordonError('checkpoint_invalid', detail);

/** A key's name may hold neither spaces nor plus signs, or the lines it stands in could be read in two ways. */
function checkName(name: string): void {
  if (!/^[^\s+]{1,255}$/u.test(name))
    throw invalid(`a note key's name has no space and no plus sign: ${JSON.stringify(name)}`);
}

export function keyIdOf({ name, publicKey }: NoteVerifier): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(ED25519))
    .update(publicKey)
    .digest()
    .subarray(0, KEY_ID_SIZE);
}

/** The raw 32 bytes of an Ed25519 key given as SPKI DER. Any other kind of key is refused. */
export function ed25519FromSpki(spki: Buffer): Buffer {
  if (
    spki.length !== SPKI_PREFIX.length + PUBLIC_KEY_SIZE ||
    !spki.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)
  ) {
    throw invalid('a note key is an Ed25519 public key in SPKI form; this one is of another kind');
  }
  return spki.subarray(SPKI_PREFIX.length);
}

/** The verifier key as text (`vkey`): what an outsider pins. */
export function verifierKey(verifier: NoteVerifier): string {
  checkName(verifier.name);
  const key = Buffer.concat([Buffer.of(ED25519), verifier.publicKey]).toString('base64');
  return `${verifier.name}+${keyIdOf(verifier).toString('hex')}+${key}`;
}

export function parseVerifierKey(text: string): NoteVerifier {
  // The base64 may hold plus signs; name and key id may not.
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw invalid('a verifier key reads name+8 hex digits+base64');
  }
  const key = Buffer.from(encoded, 'base64');
  if (key[0] !== ED25519 || key.length !== 1 + PUBLIC_KEY_SIZE || key.toString('base64') !== encoded) {
    throw invalid('the verifier key is not an Ed25519 key (type 0x01): other kinds do not sign checkpoints here');
  }
  const verifier = { name, publicKey: key.subarray(1) };
  if (keyIdOf(verifier).toString('hex') !== id)
    throw invalid(`the verifier key's id ${id} is not that of its name and key`);
  return verifier;
}

/** `text` ends in a newline and holds no control characters but newlines. */
export function signNote(text: string, signer: NoteSigner): string {
  checkName(signer.name);
  checkText(text);
  const signature = signer.sign(Buffer.from(text, 'utf8'));
  return `${text}\n— ${signer.name} ${Buffer.concat([keyIdOf(signer), signature]).toString('base64')}\n`;
}

function checkText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the format forbids
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw invalid('a note is UTF-8 text of whole lines without control characters');
  }
}

/** The note's text, once the verifier's own signature on it is found and holds. Throws `checkpoint_invalid`. */
export function openNote(note: string, verifier: NoteVerifier): string {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw invalid('a signed note is text, an empty line, and signature lines');
  const text = note.slice(0, end + 1);
  checkText(text);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw invalid(`a note of more than ${MAX_SIGNATURES} signatures is not read`);
  const keyId = keyIdOf(verifier);
  let found = false;
  for (const line of lines) {
    const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    const blob = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
    if (name === undefined || !blob || blob.length < KEY_ID_SIZE + 1 || blob.toString('base64') !== encoded) {
      throw invalid(`malformed signature line: ${JSON.stringify(line.slice(0, 80))}`);
    }
    if (name !== verifier.name || !blob.subarray(0, KEY_ID_SIZE).equals(keyId)) continue;
    if (found) throw invalid(`the note carries two signatures of ${name}`);
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, verifier.publicKey]), format: 'der', type: 'spki' });
    if (!verify(null, Buffer.from(text, 'utf8'), key, blob.subarray(KEY_ID_SIZE))) {
      throw invalid(`the signature of ${name} does not fit the note`);
    }
    found = true;
  }
  if (!found)
    throw invalid(`the note carries no Ed25519 signature of ${verifier.name} with key ${keyId.toString('hex')}`);
  return text;
}
