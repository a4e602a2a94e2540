/**
 * Tar archives of small regular files (POSIX.1-1988 ustar), written and read as streams, so that `age` and `tar` can open a backup without
 * Cordon. The reader loads one entry at a time, and refuses archives that the writer cannot have written.
 */
import { CordonError } from '../../shared/errors.ts';

const BLOCK = 512;
/** Maximum bytes of an archive entry: enough for one attachment or one row of the store. */
export const LARGEST_ENTRY = 128 * 1024 * 1024;
const LONGEST_NAME = 100;

export interface TarEntry {
  readonly name: string;
  readonly body: Buffer;
}

export function tarEntry(name: string, body: Buffer): Buffer {
  if (Buffer.byteLength(name) > LONGEST_NAME || body.length > LARGEST_ENTRY) {
    throw new RangeError(`${name}: the name or the body is too long for a backup`);
  }
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  header.write(name, 0, 'utf8');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(body.length, 124, 12);
  octal(0, 136, 12);
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\x00 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

/** Reads an archive. Throws `backup_damaged` when the archive is truncated or was not written by `tarEntry`. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const take = reader(source);
  for (;;) {
    const header = await take(BLOCK);
    if (header.every((byte) => byte === 0)) return;
    const name = header.toString('utf8', 0, LONGEST_NAME).replace(/\0.*$/s, '');
    const size = readOctal(header, 124, 12);
    const sum = readOctal(header, 148, 8);
    header.write('        ', 148, 'latin1');
    if (header.toString('latin1', 257, 262) !== 'ustar' || header[156] !== 0x30 || sum !== checksum(header)) {
      throw damaged('an entry is not a regular file of a tar archive');
    }
    if (size > LARGEST_ENTRY) throw damaged(`${name} is larger than ${LARGEST_ENTRY} bytes`);
    const body = await take(size);
    await take((BLOCK - (size % BLOCK)) % BLOCK);
    yield { name, body };
  }
}

function reader(source: AsyncIterable<Uint8Array>): (bytes: number) => Promise<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  let buffered: Buffer[] = [];
  let length = 0;
  return async (bytes) => {
    while (length < bytes) {
      const { value, done } = await iterator.next();
      if (done) throw damaged('the archive ends too early');
      buffered.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      length += value.byteLength;
    }
    const all = buffered.length === 1 ? (buffered[0] ?? Buffer.alloc(0)) : Buffer.concat(buffered);
    buffered = [all.subarray(bytes)];
    length -= bytes;
    return Buffer.from(all.subarray(0, bytes));
  };
}

/** Sum of all header bytes, with spaces in the checksum field. */
const checksum = (header: Buffer): number => header.reduce((sum, byte) => sum + byte, 0);

function readOctal(header: Buffer, at: number, length: number): number {
  const text = header.toString('latin1', at, at + length).replace(/[\0 ]+$/, '');
  if (!/^[0-7]+$/.test(text)) throw damaged('a number of the archive is malformed');
  return Number.parseInt(text, 8);
}

export const damaged = (why: string, cause?: unknown): CordonError =>
  new CordonError(
    'backup_damaged',
    `The backup is damaged: ${why}. Nothing was restored. Use another backup.`,
    {},
    cause,
  );
