/**
 * Verification of C2SP signed notes (https://c2sp.org/signed-note) with Ed25519 keys. Signature lines with another name or key id belong to
 * other signers and are ignored.
 */
import { CordonError } from '../errors.ts';
import { readBase64 } from '../strict-base64.ts';

export const KEY_ID_SIZE = 4;
/** Signature types of C2SP signed-note: a signature of a log, and a cosignature of a witness (C2SP tlog-cosignature). */
export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
export type SignatureType = typeof ED25519 | typeof COSIGNATURE;
const TYPE_NAMES = {
  [ED25519]: 'an Ed25519 key (type 0x01)',
  [COSIGNATURE]: 'the Ed25519 key of a witness (type 0x04)',
};
const PUBLIC_KEY_SIZE = 32;
const MAX_SIGNATURES = 16;

/** Public key that verifies notes. Its name is the ledger's origin. */
export interface NoteVerifier {
  readonly name: string;
  /** Raw Ed25519 public key of 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

export const invalid = (detail: string) => new CordonError('checkpoint_invalid', detail);

/** Bytes of a public key as in the text of a verifier key: one byte for the signature type, then the key. */
export function typedKey({ publicKey }: NoteVerifier, type: SignatureType = ED25519): Uint8Array {
  return Uint8Array.of(type, ...publicKey);
}

/** SHA-256 over the name and the bytes of the key. The first bytes of this hash are the key id. */
export function keyIdInput(verifier: NoteVerifier, type: SignatureType = ED25519): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...encoder.encode(`${verifier.name}\n`), ...typedKey(verifier, type));
}

/** Key id in hex. */
async function keyIdOf(verifier: NoteVerifier, type: SignatureType): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', keyIdInput(verifier, type));
  return new Uint8Array(digest, 0, KEY_ID_SIZE).toHex();
}

export async function parseVerifierKey(text: string, type: SignatureType = ED25519): Promise<NoteVerifier> {
  const { id, ...verifier } = splitVerifierKey(text, type);
  if ((await keyIdOf(verifier, type)) !== id)
    throw invalid(`The verifier key’s id ${id} does not match its name and key.`);
  return verifier;
}

/** Parts of a verifier key. The caller must compare `id` (hex) with the key id of the name and the key. Throws `checkpoint_invalid`. */
export function splitVerifierKey(text: string, type: SignatureType): NoteVerifier & { readonly id: string } {
  // The key in base64 may contain plus signs, which also separate the name, key id and key.
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) {
    throw invalid('A verifier key must have the form name+8 hex digits+base64.');
  }
  const key = readBase64(encoded);
  if (key?.[0] !== type || key.length !== 1 + PUBLIC_KEY_SIZE) {
    throw invalid(`The verifier key of ${name} is not ${TYPE_NAMES[type]}. Cordon supports no other type here.`);
  }
  return { name, publicKey: key.subarray(1), id };
}

/** The text of a note ends with a newline and contains no control characters except newlines. */
export function checkText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the format forbids these characters
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw invalid('A note must be UTF-8 text of complete lines without control characters.');
  }
}

/** Signature line of a note. `keyId`: hex. `signature`: bytes after the key id. */
export interface SignatureLine {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly line: string;
}

/** Text and signature lines of a note. Verifies no signature. Throws `checkpoint_invalid` for a malformed note. */
export function splitNote(note: string): { readonly text: string; readonly lines: readonly SignatureLine[] } {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n'))
    throw invalid('A signed note must have text, an empty line, and signature lines.');
  const text = note.slice(0, end + 1);
  checkText(text);
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw invalid(`The note has more than ${MAX_SIGNATURES} signatures.`);
  return { text, lines: lines.map(readSignatureLine) };
}

/** Signature lines with the name and the key id of the given key. A valid note has at most one. */
export async function linesOf(
  lines: readonly SignatureLine[],
  verifier: NoteVerifier,
  type: SignatureType = ED25519,
): Promise<SignatureLine[]> {
  const keyId = await keyIdOf(verifier, type);
  return lines.filter((line) => line.name === verifier.name && line.keyId === keyId);
}

export async function isSignedBy(
  { publicKey }: NoteVerifier,
  signature: Uint8Array<ArrayBuffer>,
  message: string,
): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', true, ['verify']);
  return await crypto.subtle.verify('Ed25519', key, signature, encoder.encode(message));
}

/** Text of a note with a valid signature of the pinned key. Throws `checkpoint_invalid`. */
export async function openNote(note: string, verifier: NoteVerifier): Promise<string> {
  const { text, lines } = splitNote(note);
  const [ours, second] = await linesOf(lines, verifier);
  if (second) throw invalid(`The note has two signatures of ${verifier.name}.`);
  if (!ours) {
    const keyId = await keyIdOf(verifier, ED25519);
    throw invalid(`The note has no Ed25519 signature of ${verifier.name} with key ${keyId}.`);
  }
  if (!(await isSignedBy(verifier, ours.signature, text))) {
    throw invalid(`The signature of ${verifier.name} does not match the note.`);
  }
  return text;
}

export function readSignatureLine(line: string): SignatureLine {
  const [, name, encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const blob = readBase64(encoded);
  if (name === undefined || !blob || blob.length <= KEY_ID_SIZE) {
    throw invalid(`A signature line is malformed: ${JSON.stringify(line.slice(0, 80))}.`);
  }
  return { name, keyId: blob.subarray(0, KEY_ID_SIZE).toHex(), signature: blob.subarray(KEY_ID_SIZE), line };
}
