/**
 * Zip files with exactly one encoding: uncompressed, in the given order, without dates, comments or extra fields. The reader encodes the
 * files again and compares all bytes. Section numbers refer to PKWARE's APPNOTE.TXT 6.3.10. More than 65,534 files or 4 GiB are refused
 * (section 4.3.9.2).
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
/** Version needed to extract (APPNOTE.TXT, section 4.4.3): version 1.0, which every reader supports. */
const VERSION = 10;
/** General purpose flag (APPNOTE.TXT, section 4.4.4, bit 11): names are UTF-8. */
const UTF8 = 0x0800;
/** Date of every file: 1 January 1980, midnight (APPNOTE.TXT, section 4.4.6). A fixed date makes packs with equal files equal. */
const DATE = 0x0021;
const MOST_FILES = 0xfffe;
const MOST_BYTES = 0xffff_fffe;

export interface ZipFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Defect of a zip, such as changed bytes or an exceeded limit. `near` is the name of the affected file, or a place such as `the zip after
 * summary.html`.
 */
export interface ZipFault {
  readonly near: string;
  readonly detail: string;
}

export interface ZipContent {
  readonly files: readonly ZipFile[];
  readonly faults: readonly ZipFault[];
  /** Whether the reader stopped, because the zip exceeds a limit or uses compression. `files` is then incomplete and must not be used. */
  readonly refused: boolean;
}

const FORMAT_LIMITS: ZipLimits = {
  isName: () => true,
  nameBytes: 0xffff,
  files: MOST_FILES,
  bytes: MOST_BYTES,
  fileBytes: () => MOST_BYTES,
};

interface WrittenFile {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly at: number;
}

/** Returns the local header of a file (APPNOTE.TXT, section 4.3.7). */
function localHeader({ name, crc, size }: Omit<WrittenFile, 'at'>): Buffer {
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

/** Returns the header of a file in the central directory (APPNOTE.TXT, section 4.3.12). */
function centralHeader({ name, crc, size, at }: WrittenFile): Buffer {
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

/** Returns the record at the end of the central directory (APPNOTE.TXT, section 4.3.16). */
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
  readonly #written: WrittenFile[] = [];
  #at = 0;

  /** Header and content of a file in the zip. Throws `too_large`. */
  add(file: ZipFile): Buffer {
    return Buffer.concat([this.header(file), file.bytes]);
  }

  header({ name, bytes }: ZipFile): Buffer {
    const written = { name: Buffer.from(name), crc: crc32(bytes), size: bytes.length, at: this.#at };
    const header = localHeader(written);
    this.#at += header.length + bytes.length;
    this.#written.push(written);
    if (this.#written.length > MOST_FILES || this.#at > MOST_BYTES) {
      throw new CordonError('too_large', 'The pack exceeds 65,534 files or 4 GiB.');
    }
    return header;
  }

  end(): Buffer {
    const directory = Buffer.concat(this.#written.map(centralHeader));
    return Buffer.concat([directory, endRecord(this.#written.length, directory.length, this.#at)]);
  }
}

/**
 * Files of a zip, and each difference from the bytes that `ZipWriter` would write. Compressed entries are refused, so that a small zip
 * cannot expand to a large size. Reading stops at the first file name that `isName` rejects.
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
    if (files.length >= limits.files) return refuse(lastNameIn(files), `it has more than ${limits.files} files`);
    const size = zip.readUInt32LE(at + 18);
    const nameBytes = zip.readUInt16LE(at + 26);
    if (nameBytes > limits.nameBytes) {
      return refuse(lastNameIn(files), `a file name has ${nameBytes} bytes. The limit is ${limits.nameBytes}`);
    }
    const start = at + LOCAL_SIZE + nameBytes;
    const name = zip.toString('utf8', at + LOCAL_SIZE, Math.min(start, zip.length));
    if (!limits.isName(name)) {
      const detail = `a file named “${name}” follows, and no pack has a file of this name. The file was added. The rest was not read`;
      faults.push({ near: lastNameIn(files), detail });
      return { files, faults, refused: false };
    }
    const [method, inflated] = [zip.readUInt16LE(at + 8), zip.readUInt32LE(at + 22)];
    if (method !== 0 || inflated !== size) {
      const declared = `its header declares compression method ${method} and ${inflated} bytes from ${size}`;
      return refuse(name, `${declared}. The files of a pack are not compressed`);
    }
    if (start + size > zip.length) {
      faults.push({
        near: name,
        detail: 'the zip ends before this file ends: it was cut off, or its header was changed',
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

function lastNameIn(files: readonly ZipFile[]): string {
  const last = files.at(-1)?.name;
  return last === undefined ? 'the zip' : `the zip after ${last}`;
}

function directoryFault(files: readonly ZipFile[], rest: Buffer, expected: Buffer, at: number): ZipFault {
  const near = lastNameIn(files);
  if (rest.length < expected.length && expected.subarray(0, rest.length).equals(rest)) {
    return { near, detail: `it ends at byte ${at + rest.length}, within its directory: it was cut off` };
  }
  const differs = expected.findIndex((byte, index) => byte !== rest[index]);
  const where = at + (differs < 0 ? expected.length : differs);
  return {
    near,
    detail: `from byte ${where} on, it differs from the bytes of its files: data was changed, added or removed`,
  };
}
