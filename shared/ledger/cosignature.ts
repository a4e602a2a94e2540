/**
 * Cosignatures of checkpoints (C2SP tlog-cosignature, https://c2sp.org/tlog-cosignature, version 1 with Ed25519). With a cosignature, a
 * witness states that the ledger only grew until then. Runs in browsers, on devices and on the command line.
 */
import { CordonError } from '../errors.ts';
import {
  COSIGNATURE,
  isSignedBy,
  linesOf,
  type NoteVerifier,
  parseVerifierKey,
  type SignatureLine,
  splitNote,
} from './signed-note.ts';

const TIMESTAMP_SIZE = 8;
const SIGNATURE_SIZE = 64;

/** Rule for devices: a checkpoint needs valid cosignatures of at least `threshold` of these witnesses. */
export interface WitnessPolicy {
  readonly threshold: number;
  /** Verifier keys of the witnesses. */
  readonly keys: readonly string[];
}

export interface Cosignature {
  readonly witness: string;
  /** Verifier key of the witness. */
  readonly key: string;
  /** Time of the cosignature by the witness's clock, in Unix milliseconds. */
  readonly at: number;
  readonly line: string;
}

/** Message that a witness signs: a header, the time in Unix seconds, and the whole text of the note. */
export const cosignedMessage = (text: string, seconds: number): string => `cosignature/v1\ntime ${seconds}\n${text}`;

export const parseWitnessKey = (text: string): Promise<NoteVerifier> => parseVerifierKey(text, COSIGNATURE);

/** Valid cosignature of one witness among the lines of a note with this text; null if there is none. */
export async function cosignatureOf(
  text: string,
  lines: readonly SignatureLine[],
  witness: NoteVerifier,
): Promise<Omit<Cosignature, 'key'> | null> {
  const [own, second] = await linesOf(lines, witness, COSIGNATURE);
  if (second || own?.signature.length !== TIMESTAMP_SIZE + SIGNATURE_SIZE) return null;
  const { buffer, byteOffset } = own.signature;
  const seconds = new DataView(buffer, byteOffset).getBigUint64(0);
  // Later times are refused, because JavaScript cannot represent them as dates.
  if (seconds === 0n || seconds > 8_640_000_000_000n) return null;
  const message = cosignedMessage(text, Number(seconds));
  if (!(await isSignedBy(witness, own.signature.subarray(TIMESTAMP_SIZE), message))) return null;
  return { witness: witness.name, at: Number(seconds) * 1000, line: own.line };
}

/** Valid cosignatures of the given witnesses. Other signature lines are ignored. Throws `checkpoint_invalid` for a malformed note. */
export async function validCosignatures(note: string, keys: readonly string[]): Promise<Cosignature[]> {
  const { text, lines } = splitNote(note);
  const found = await Promise.all(
    keys.map(async (key) => {
      const cosignature = await cosignatureOf(text, lines, await parseWitnessKey(key));
      return cosignature && { ...cosignature, key };
    }),
  );
  return found.filter((each) => each !== null);
}

/** Throws `ledger_not_cosigned` unless enough witnesses cosigned the checkpoint. Does not verify the signature of the ledger. */
export async function requireCosignatures(note: string, { threshold, keys }: WitnessPolicy): Promise<Cosignature[]> {
  const valid = await validCosignatures(note, keys);
  if (valid.length >= threshold) return valid;
  const size = note.split('\n')[1];
  throw new CordonError(
    'ledger_not_cosigned',
    `The checkpoint of ${size} ledger entries has valid cosignatures of ${valid.length} witnesses, and ${threshold} of ${keys.length} are required. The server may show different ledgers to different devices. Ask the operator of the server why its witnesses do not cosign.`,
    { valid: valid.length, threshold },
  );
}
