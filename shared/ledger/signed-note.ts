/**
 * Verification of C2SP signed notes (https://c2sp.org/signed-note) with Ed25519 keys. Signature lines with another name or key id belong to
 * other signers and are ignored.
 */
import { CordonError } from '../errors.ts';
import { readBase64 } from '../strict-base64.ts';

export const KEY_ID_SIZE = 4;
const ED25519 = 0x01;
const PUBLIC_KEY_SIZE = 32;
const MAX_SIGNATURES = 16;

/** Public key that verifies notes. Its name is the ledger's origin. */
export interface NoteVerifier {
  readonly name: string;
  /** Raw Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

export const invalid = (detail: string) => new CordonError('checkpoint_invalid', detail);

/** Bytes of a public key as in the text of a verifier key: one byte for the signature type, then the key. */
export function typedKey({ publicKey }: NoteVerifier): Uint8Array {
  return Uint8Array.of(ED25519, ...publicKey);
}

/** SHA-256 over the name and the bytes of the key. The first bytes of this hash are the key id. */
export function keyIdInput(verifier: NoteVerifier): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...encoder.encode(`${verifier.name}\n`), ...typedKey(verifier));
}

/** Key id in hex. */
async function keyIdOf(verifier: NoteVerifier): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', keyIdInput(verifier));
  return new Uint8Array(digest, 0, KEY_ID_SIZE).toHex();
}

export async function parseVerifierKey(text: string): Promise<NoteVerifier> {
  // The key in base64 may contain plus signs, which also separate the name, key id and key.
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw invalid('A verifier key must have the form name+8 hex digits+base64.');
  }
  const key = readBase64(encoded);
  if (key?.[0] !== ED25519 || key.length !== 1 + PUBLIC_KEY_SIZE) {
    throw invalid('The verifier key is not an Ed25519 key (type 0x01). Cordon signs checkpoints with no other type.');
  }
  const verifier = { name, publicKey: key.subarray(1) };
  if ((await keyIdOf(verifier)) !== id) throw invalid(`The verifier key’s id ${id} does not match its name and key.`);
  return verifier;
}

/** The text of a note ends with a newline and contains no control characters except newlines. */
export function checkText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the format forbids
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw invalid('A note must be UTF-8 text of complete lines without control characters.');
  }
}

/** Text of a note with a valid signature of the pinned key. Throws `checkpoint_invalid`. */
export async function openNote(note: string, verifier: NoteVerifier): Promise<string> {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n'))
    throw invalid('A signed note must have text, an empty line, and signature lines.');
  const text = note.slice(0, end + 1);
  checkText(text);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw invalid(`The note has more than ${MAX_SIGNATURES} signatures.`);
  const keyId = await keyIdOf(verifier);
  const signatures = lines.map(readLine).filter((line) => line.name === verifier.name && line.keyId === keyId);
  const [ours] = signatures;
  if (!ours) throw invalid(`The note has no Ed25519 signature of ${verifier.name} with key ${keyId}.`);
  if (signatures.length > 1) throw invalid(`The note has two signatures of ${verifier.name}.`);
  const key = await crypto.subtle.importKey('raw', verifier.publicKey, 'Ed25519', true, ['verify']);
  if (!(await crypto.subtle.verify('Ed25519', key, ours.signature, encoder.encode(text)))) {
    throw invalid(`The signature of ${verifier.name} does not match the note.`);
  }
  return text;
}

function readLine(line: string): { name: string; keyId: string; signature: Uint8Array<ArrayBuffer> } {
  const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const blob = readBase64(encoded);
  if (name === undefined || !blob || blob.length <= KEY_ID_SIZE) {
    throw invalid(`A signature line is malformed: ${JSON.stringify(line.slice(0, 80))}.`);
  }
  return { name, keyId: blob.subarray(0, KEY_ID_SIZE).toHex(), signature: blob.subarray(KEY_ID_SIZE) };
}
