/**
 * A zip that has one spelling: files as they are (method 0), in the order given, without dates, comments or extra fields. So a pack that was
 * changed anywhere, also where no file lies, is another sequence of bytes than its files make, and reading says which part differs. The sections
 * are those of PKWARE's APPNOTE.TXT 6.3.10. What it cannot hold (more than 65,534 files or 4 GiB, section 4.3.9.2 and on) is refused.
 */
import { crc32 } from 'node:zlib';
import { CordonError } from '../errors.ts';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
/** Section 4.4.3: 1.0, which every reader knows. */
const VERSION = 10;
/** Section 4.4.4, bit 11: names are UTF-8. */
const UTF8 = 0x0800;
/** 1 January 1980, midnight (section 4.4.6): equal files make equal packs. */
const DATE = 0x0021;
const MOST_FILES = 0xfffe;
const MOST_BYTES = 0xffff_fffe;

export interface ZipFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where a zip is not what its files make. `near`: a file's name, or what it is of the zip itself. */
export interface ZipFault {
  readonly near: string;
  readonly detail: string;
}

interface Placed {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly at: number;
}

/** Section 4.3.7. */
function localHeader({ name, crc, size }: Omit<Placed, 'at'>): Buffer {
  const header = Buffer.alloc(LOCAL_SIZE);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(UTF8, 6);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(size, 18);
  header.writeUInt32LE(size, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

/** Section 4.3.12. */
function centralHeader({ name, crc, size, at }: Placed): Buffer {
  const header = Buffer.alloc(CENTRAL_SIZE);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(VERSION, 6);
  header.writeUInt16LE(UTF8, 8);
  header.writeUInt16LE(DATE, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(size, 20);
  header.writeUInt32LE(size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(at, 42);
  return Buffer.concat([header, name]);
}

/** Section 4.3.16. */
function endRecord(files: number, size: number, at: number): Buffer {
  const record = Buffer.alloc(END_SIZE);
  record.writeUInt32LE(END, 0);
  record.writeUInt16LE(files, 8);
  record.writeUInt16LE(files, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(at, 16);
  return record;
}

export class ZipWriter {
  readonly #placed: Placed[] = [];
  #at = 0;

  /** The bytes to write for this file. Throws `too_large`. */
  add({ name, bytes }: ZipFile): Buffer {
    const placed = { name: Buffer.from(name), crc: crc32(bytes), size: bytes.length, at: this.#at };
    const written = Buffer.concat([localHeader(placed), bytes]);
    this.#at += written.length;
    this.#placed.push(placed);
    if (this.#placed.length > MOST_FILES || this.#at > MOST_BYTES) {
      throw new CordonError('too_large', 'A zip of this form holds 65,534 files and 4 GiB at most.');
    }
    return written;
  }

  /** The directory, which ends the zip. */
  end(): Buffer {
    const directory = Buffer.concat(this.#placed.map(centralHeader));
    return Buffer.concat([directory, endRecord(this.#placed.length, directory.length, this.#at)]);
  }
}

/**
 * The files that can be read, and all that is not as `ZipWriter` writes it. It believes no number that it can count itself. `isName`: whether a file
 * may be called so; behind one that may not, nothing is read, since its head was changed.
 */
export function readZip(
  zip: Buffer,
  isName: (name: string) => boolean = () => true,
): { readonly files: readonly ZipFile[]; readonly faults: readonly ZipFault[] } {
  const files: ZipFile[] = [];
  const faults: ZipFault[] = [];
  const writer = new ZipWriter();
  let at = 0;
  while (at + LOCAL_SIZE <= zip.length && zip.readUInt32LE(at) === LOCAL) {
    const size = zip.readUInt32LE(at + 18);
    const start = at + LOCAL_SIZE + zip.readUInt16LE(at + 26);
    const name = zip.toString('utf8', at + LOCAL_SIZE, Math.min(start, zip.length));
    if (!isName(name)) break;
    if (start + size > zip.length) {
      faults.push({
        near: name,
        detail: 'the zip ends before this file does: it was cut short, or its head was changed',
      });
      return { files, faults };
    }
    const file = { name, bytes: zip.subarray(start, start + size) };
    if (files.some((other) => other.name === name)) faults.push({ near: name, detail: 'stands in the zip twice' });
    files.push(file);
    const expected = writer.add(file);
    const head = expected.length - size;
    if (!zip.subarray(at, at + head).equals(expected.subarray(0, head))) {
      faults.push({ near: name, detail: 'its bytes and its head in the zip do not belong together: one was changed' });
    }
    at = start + size;
  }
  const rest = zip.subarray(at);
  const expected = writer.end();
  if (!rest.equals(expected)) faults.push(directoryFault(files, rest, expected, at));
  return { files, faults };
}

function directoryFault(files: readonly ZipFile[], rest: Buffer, expected: Buffer, at: number): ZipFault {
  const last = files.at(-1)?.name;
  const near = last === undefined ? 'the zip' : `the zip behind ${last}`;
  if (rest.length < expected.length && expected.subarray(0, rest.length).equals(rest)) {
    return { near, detail: `it ends at byte ${at + rest.length}, within its directory: it was cut short` };
  }
  const differs = expected.findIndex((byte, index) => byte !== rest[index]);
  const where = at + (differs < 0 ? expected.length : differs);
  return {
    near,
    detail: `from byte ${where} on it is not what its files make: something was changed, added or cut off`,
  };
}
