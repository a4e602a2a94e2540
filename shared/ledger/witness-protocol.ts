/**
 * Request of the witness protocol (C2SP tlog-witness, https://c2sp.org/tlog-witness): `POST <prefix>/add-checkpoint` with the size of the
 * witness's last checkpoint, a consistency proof, and the new checkpoint.
 *
 * Responses: 200 with cosignature lines; 400 for a malformed request; 403 without a valid signature of the log; 404 for an unknown log; 409
 * with the witness's size (`text/x.tlog.size`) if the old size differs; 422 for a checkpoint that is not consistent. Version 1.0.0 demands
 * 409 for another root of the same size. Since July 2026, the text demands 422.
 */
import { CordonError } from '../errors.ts';
import { readBase64 } from '../strict-base64.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { HASH_SIZE } from './proof.ts';
import { splitNote } from './signed-note.ts';

export const ADD_CHECKPOINT = 'add-checkpoint';
export const TREE_SIZE_TYPE = 'text/x.tlog.size';
/** Maximum number of hashes in a consistency proof. */
const MOST_HASHES = 63;
/** Maximum size of a request in bytes: 63 hashes, and a note with 16 signatures of any known kind. */
export const LARGEST_REQUEST = 64 * 1024;
/** Maximum size of a response in bytes. A witness sends one line for each of its keys. */
export const LARGEST_RESPONSE = 16 * 1024;

export interface Submission {
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  readonly note: string;
  /** Text of the note, without its signatures. */
  readonly text: string;
  /** Content of the note. Its signature is not verified yet. */
  readonly checkpoint: Checkpoint;
}

const malformed = (detail: string, cause?: unknown) => new CordonError('invalid_input', detail, {}, cause);

export function formatSubmission(oldSize: number, proof: readonly Uint8Array[], note: string): string {
  return `old ${oldSize}\n${proof.map((hash) => `${hash.toBase64()}\n`).join('')}\n${note}`;
}

/** Parses a request. Verifies no signature and no proof. Throws `invalid_input` for a malformed request. */
export function parseSubmission(body: Uint8Array): Submission {
  if (body.length > LARGEST_REQUEST) throw malformed(`The request has more than ${LARGEST_REQUEST} bytes.`);
  const request = decode(body);
  const end = request.indexOf('\n\n');
  if (end < 0) throw malformed('The request must have an empty line before the checkpoint.');
  const [first = '', ...lines] = request.slice(0, end).split('\n');
  const oldSize = /^old (0|[1-9][0-9]*)$/.exec(first)?.[1];
  if (oldSize === undefined || !Number.isSafeInteger(Number(oldSize))) {
    throw malformed('The first line must be "old" and a number of entries.');
  }
  if (lines.length > MOST_HASHES) throw malformed(`The consistency proof has more than ${MOST_HASHES} hashes.`);
  const proof = lines.map((line) => {
    const hash = readBase64(line);
    if (hash?.length !== HASH_SIZE) throw malformed('A line of the consistency proof is not a hash in base64.');
    return hash;
  });
  const note = request.slice(end + 2);
  try {
    const { text } = splitNote(note);
    const checkpoint = readCheckpoint(text);
    return { oldSize: Number(oldSize), proof, note, text, checkpoint };
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    throw malformed(error.message, error);
  }
}

/** Size in the response 409; null if the response has another form. */
export function parseTreeSize(body: string): number | null {
  const [, size] = /^(0|[1-9][0-9]*)\n$/.exec(body) ?? [];
  return size !== undefined && Number.isSafeInteger(Number(size)) ? Number(size) : null;
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw malformed('The request is not UTF-8.', cause);
  }
}
