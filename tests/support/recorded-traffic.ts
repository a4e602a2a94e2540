/** Reads the recordings of `record-tls.ts`, and unmasks WebSocket frames (RFC 6455, section 5.3). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedConnection {
  readonly name: string;
  /** Recorded HTTP. For a device's WebSocket connection, only the upgrade. */
  readonly http: Buffer;
  /** Text frames of a device's WebSocket connection, in order. */
  readonly frames: readonly Buffer[];
}

export function recordedIn(folder: string): RecordedConnection[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, ...taken(readFileSync(join(folder, name))) }));
}

const TEXT = 1;

function taken(bytes: Buffer): Omit<RecordedConnection, 'name'> {
  const head = bytes.indexOf('\r\n\r\n');
  const isLink = /^(GET \/link|HTTP\/1\.1 101)/.test(bytes.toString('latin1', 0, 12));
  if (!isLink || head < 0) return { http: bytes, frames: [] };
  const frames: Buffer[] = [];
  let at = head + 4;
  while (at + 2 <= bytes.length) {
    const [first, second] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
    const [short, masked] = [second & 0x7f, (second & 0x80) !== 0];
    at += 2;
    const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (at + wide + (masked ? 4 : 0) > bytes.length) break;
    const length = wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(at) : Number(bytes.readBigUInt64BE(at));
    at += wide;
    const mask = masked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
    at += masked ? 4 : 0;
    // The recording may end in the middle of the last frame.
    if (at + length > bytes.length) break;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    for (let index = 0; masked && index < payload.length; index += 1) payload[index]! ^= mask[index % 4]!;
    // Pings and close frames are skipped.
    if ((first & 0x0f) === TEXT) frames.push(payload);
    at += length;
  }
  return { http: bytes.subarray(0, head), frames };
}
