/**
 * A zip that has one spelling: files as they are (method 0), in the order given, without dates, comments or extra fields. So a pack that was
 * changed anywhere, also where no file lies, is another sequence of bytes than its files make, and reading says which part differs. The sections
 * are those of PKWARE's APPNOTE.TXT 6.3.10. What it cannot hold (more than 65,534 files or 4 GiB, section 4.3.9.2 and on) is refused.
 */
import { crc32 } from 'node:zlib';
import { CordonError } from '../errors.ts';
import type { ZipLimits } from './zip-limits.ts';

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

/** A difference between a zip and its files. `near`: the name of a file, or a part of the zip. */
export interface ZipFault {
  readonly near: string;
  readonly detail: string;
}

export interface ZipContent {
  readonly files: readonly ZipFile[];
  readonly faults: readonly ZipFault[];
  /** The zip exceeds a limit or declares compression. The reader stopped there, and nobody may use `files`. */
  readonly refused: boolean;
}

/** The limits of the format itself. */
const FORMAT_LIMITS: ZipLimits = {
  isName: () => true,
  nameBytes: 0xffff,
  files: MOST_FILES,
  bytes: MOST_BYTES,
  fileBytes: () => MOST_BYTES,
};

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
  add(file: ZipFile): Buffer {
    return Buffer.concat([this.header(file), file.bytes]);
  }

  /** The header to write before the file's own bytes. Throws `too_large`. */
  header({ name, bytes }: ZipFile): Buffer {
    const placed = { name: Buffer.from(name), crc: crc32(bytes), size: bytes.length, at: this.#at };
    const header = localHeader(placed);
    this.#at += header.length + bytes.length;
    this.#placed.push(placed);
    if (this.#placed.length > MOST_FILES || this.#at > MOST_BYTES) {
      throw new CordonError('too_large', 'A zip of this form holds 65,534 files and 4 GiB at most.');
    }
    return header;
  }

  /** The directory, which ends the zip. */
  end(): Buffer {
    const directory = Buffer.concat(this.#placed.map(centralHeader));
    return Buffer.concat([directory, endRecord(this.#placed.length, directory.length, this.#at)]);
  }
}

/**
 * The readable files of a zip, and each difference from the bytes that `ZipWriter` writes. The reader counts everything itself and never
 * inflates: a compressed entry is refused, so a small zip cannot grow. After a name that `isName` rejects, the reader reads no further.
 */
export function readZip(zip: Buffer, limits: ZipLimits = FORMAT_LIMITS): ZipContent {
  const files: ZipFile[] = [];
  const faults: ZipFault[] = [];
  const names = new Set<string>();
  const writer = new ZipWriter();
  const refuse = (near: string, detail: string): ZipContent => {
    faults.push({ near, detail });
    return { files, faults, refused: true };
  };
  if (zip.length > limits.bytes) return refuse('the zip', `it has ${zip.length} bytes. The limit is ${limits.bytes}`);
  let at = 0;
  while (at + LOCAL_SIZE <= zip.length && zip.readUInt32LE(at) === LOCAL) {
    if (files.length >= limits.files) return refuse(behind(files), `it has more than ${limits.files} files`);
    const size = zip.readUInt32LE(at + 18);
    const nameBytes = zip.readUInt16LE(at + 26);
    if (nameBytes > limits.nameBytes) {
      return refuse(behind(files), `a file name has ${nameBytes} bytes. The limit is ${limits.nameBytes}`);
    }
    const start = at + LOCAL_SIZE + nameBytes;
    const name = zip.toString('utf8', at + LOCAL_SIZE, Math.min(start, zip.length));
    if (!limits.isName(name)) break;
    const [method, inflated] = [zip.readUInt16LE(at + 8), zip.readUInt32LE(at + 22)];
    if (method !== 0 || inflated !== size) {
      const declared = `its header declares compression method ${method} and ${inflated} bytes from ${size}`;
      return refuse(name, `${declared}. A pack holds files without compression`);
    }
    if (start + size > zip.length) {
      faults.push({
        near: name,
        detail: 'the zip ends before this file does: it was cut short, or its header was changed',
      });
      return { files, faults, refused: false };
    }
    const most = limits.fileBytes(name);
    if (size > most) return refuse(name, `the file has ${size} bytes. The limit is ${most}`);
    const file = { name, bytes: zip.subarray(start, start + size) };
    if (names.has(name)) faults.push({ near: name, detail: 'the file is in the zip twice' });
    names.add(name);
    files.push(file);
    if (!zip.subarray(at, start).equals(writer.header(file))) {
      faults.push({ near: name, detail: 'its bytes do not match its header in the zip: one of them was changed' });
    }
    at = start + size;
  }
  const rest = zip.subarray(at);
  const expected = writer.end();
  if (!rest.equals(expected)) faults.push(directoryFault(files, rest, expected, at));
  return { files, faults, refused: false };
}

function behind(files: readonly ZipFile[]): string {
  const last = files.at(-1)?.name;
  return last === undefined ? 'the zip' : `the zip behind ${last}`;
}

function directoryFault(files: readonly ZipFile[], rest: Buffer, expected: Buffer, at: number): ZipFault {
  const near = behind(files);
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
