/** Output of a script as pieces for the server: valid UTF-8, bounded, with a mark where the rest was cut off. */
import { LONGEST_PIECE } from '../../shared/scripts/limits.ts';

export const CUT_OFF = '\n[The output was cut off here, because it reached its limit.]\n';

export interface OutputPiece {
  /** Position of the piece in the output, in bytes of UTF-8. */
  readonly offset: number;
  readonly text: string;
}

export interface ScriptOutput {
  /** Adds bytes of standard output or standard error. The script runs on when the limit is reached. */
  add(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Returns the pieces since the last call. `complete`: also returns a last piece that is shorter than the usual length. */
  take(complete: boolean): OutputPiece[];
  /** Ends both streams. Incomplete characters at the end become replacement characters. */
  end(): void;
}

/** Creates the collector of a script's output. `limit`: maximum output in bytes of UTF-8, without the mark at the end. */
export function createScriptOutput(limit: number): ScriptOutput {
  // Each stream has its own decoder, because one character may arrive in two parts, with output of the other stream in between.
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let waiting = '';
  let taken = 0;
  let kept = 0;
  let isCut = false;

  function keep(decoded: string): void {
    if (isCut || decoded === '') return;
    const text = decoded.replaceAll('\0', '\uFFFD');
    const bytes = Buffer.byteLength(text);
    if (kept + bytes <= limit) {
      kept += bytes;
      waiting += text;
      return;
    }
    isCut = true;
    waiting += startOf(text, limit - kept) + CUT_OFF;
  }

  return {
    add: (stream, bytes) => keep(decoders[stream].decode(bytes, { stream: true })),
    end() {
      keep(decoders.stdout.decode());
      keep(decoders.stderr.decode());
    },
    take(complete) {
      const pieces: OutputPiece[] = [];
      while (waiting.length >= LONGEST_PIECE || (complete && waiting.length > 0)) {
        const text = waiting.slice(0, wholeCharacters(waiting, LONGEST_PIECE));
        waiting = waiting.slice(text.length);
        pieces.push({ offset: taken, text });
        taken += Buffer.byteLength(text);
      }
      return pieces;
    },
  };
}

/** Beginning of a text with at most `most` bytes of UTF-8, without a part of a character. */
function startOf(text: string, most: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(most));
  return text.slice(0, read);
}

/** Largest cut position, at most `most`, that does not split a surrogate pair. */
function wholeCharacters(text: string, most: number): number {
  if (text.length <= most) return text.length;
  const last = text.charCodeAt(most - 1);
  return last >= 0xd800 && last < 0xdc00 ? most - 1 : most;
}
