/**
 * Searches data for a random mark, in every encoding in which a program may store it. All texts of a test contain the same mark and a
 * unique suffix. One search therefore finds each text and tells which one it is.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, relative } from 'node:path';
import { constants, inflateRawSync } from 'node:zlib';

export interface Mark {
  readonly text: string;
  /** Bytes of each encoding of the mark. */
  readonly forms: readonly { readonly form: string; readonly bytes: Buffer }[];
}

export interface Sighting {
  readonly place: string;
  readonly form: string;
  readonly at: number;
  /** Bytes around the mark, which help to find its origin. */
  readonly around: string;
}

export function newMark(): Mark {
  return markOf(`kanarie${randomBytes(10).toString('hex')}`);
}

export function markOf(text: string): Mark {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const forms = new Map<string, Buffer>([
    ['UTF-8', bytes],
    ['UTF-16LE', Buffer.from(text, 'utf16le')],
    ['UTF-16BE', Buffer.from(text, 'utf16le').swap16()],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['JSON escapes', Buffer.from(escaped(text))],
  ]);
  // A mark consists of letters and digits, which are the same in each base64 alphabet.
  for (const before of [0, 1, 2]) forms.set(`base64 after ${before}`, inBase64(bytes, before));
  return { text, forms: [...forms].map(([form, of]) => ({ form, bytes: of })) };
}

const escaped = (text: string) =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');

/** The base64 letters that depend only on the mark, at each possible offset in a group of three bytes. */
function inBase64(bytes: Buffer, before: number): Buffer {
  const whole = Buffer.concat([Buffer.alloc(before), bytes]);
  const letters = whole.toString('base64').slice(Math.ceil((before * 4) / 3), Math.floor((whole.length * 4) / 3));
  return Buffer.from(letters);
}

/** Overlap of two chunks, longer than any encoded mark. */
const OVERLAP = 1024;
const MOST_SIGHTINGS = 20;

export class Search {
  readonly #mark: Mark;
  readonly sightings: Sighting[] = [];
  /** Number of searched bytes. */
  bytes = 0;

  constructor(mark: Mark) {
    this.#mark = mark;
  }

  /** Searches the bytes, and also the content of gzip streams in them. */
  look(place: string, bytes: Buffer): void {
    this.#scan(place, bytes);
    for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1)) {
      const unpacked = unpack(bytes.subarray(at));
      if (unpacked) this.#scan(`${place}, unpacked`, unpacked);
    }
  }

  /** Searches without decompression. A few sightings of each encoding in one place are enough. */
  #scan(place: string, bytes: Buffer): void {
    this.bytes += bytes.length;
    for (const { form, bytes: wanted } of this.#mark.forms) {
      let here = 0;
      for (let at = bytes.indexOf(wanted); at >= 0 && here < MOST_SIGHTINGS; at = bytes.indexOf(wanted, at + 1)) {
        here += 1;
        const around = bytes.subarray(Math.max(0, at - 120), at + wanted.length + 120).toString('latin1');
        this.sightings.push({ place, form, at, around: around.replaceAll(/[^ -~]+/g, '·') });
      }
    }
  }

  /** Searches every file below a folder. A running program may remove or rename files during the search. */
  folder(folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const bytes = entry.isFile() ? bytesOf(path) : null;
      if (bytes !== null) this.look(relative(folder, path), bytes);
    }
  }

  /** Searches the memory of a process: each present page of each readable mapping, as in a core dump. */
  memory(pid: number): void {
    const [memory, pages] = [openOf(pid, 'mem'), openOf(pid, 'pagemap')];
    try {
      for (const { from, to, what } of mappingsOf(pid)) {
        for (const run of presentIn(pages, from, to)) {
          for (let at = run.from; at < run.to; at += CHUNK - OVERLAP) {
            const chunk = Buffer.allocUnsafe(Math.min(CHUNK, run.to - at));
            const read = readAt(memory, chunk, at);
            this.#scan(`memory ${what}`, chunk.subarray(0, read));
            if (read < chunk.length || at + chunk.length >= run.to) break;
          }
        }
      }
    } finally {
      closeSync(memory);
      closeSync(pages);
    }
  }
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
const LARGEST_UNPACKED = 64 * 1024 * 1024;

/** Flags of the optional parts after the ten bytes of the gzip header (RFC 1952, section 2.3). */
const PARTS = { crc: 2, extra: 4, name: 8, comment: 16 };

/** Decompresses a gzip stream that other data may follow, or whose end is missing. */
function unpack(bytes: Buffer): Buffer | null {
  try {
    const flags = bytes.readUInt8(3);
    let at = 10;
    if (flags & PARTS.extra) at += 2 + bytes.readUInt16LE(at);
    for (const part of [PARTS.name, PARTS.comment]) if (flags & part) at = bytes.indexOf(0, at) + 1;
    if (flags & PARTS.crc) at += 2;
    const options = { maxOutputLength: LARGEST_UNPACKED, finishFlush: constants.Z_SYNC_FLUSH };
    return inflateRawSync(bytes.subarray(at), options);
  } catch {
    // The three bytes only look like the start of a gzip stream.
    return null;
  }
}

/** The content of a file, or null if it no longer exists. */
function bytesOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const CHUNK = 16 * 1024 * 1024;

function openOf(pid: number, name: 'mem' | 'pagemap'): number {
  try {
    return openSync(`/proc/${pid}/${name}`, 'r');
  } catch (cause) {
    const how =
      'The memory of the server cannot be read. Run this test on Linux as root, or let processes read those of their own user (sysctl kernel.yama.ptrace_scope=0; in a container: --cap-add SYS_PTRACE).';
    throw new Error(how, { cause });
  }
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

function mappingsOf(pid: number): (Stretch & { readonly what: string })[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, from = '', to = '', rights = '', what = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line) ?? [];
      // The kernel's own page, which a process cannot read this way.
      if (!rights.startsWith('r') || what === '[vsyscall]') return [];
      return [{ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16), what: what || `at ${from}` }];
    });
}

const PAGE = 4096;
/** Bits of the last byte of a 64-bit entry in `pagemap`: the page is in memory or swapped out. */
const THERE = 0xc0;

/** The present pages of a mapping. V8 reserves more memory than any machine has, so pages without content are skipped. */
function presentIn(pages: number, from: number, to: number): Stretch[] {
  const entries = Buffer.alloc(((to - from) / PAGE) * 8);
  const read = readAt(pages, entries, (from / PAGE) * 8);
  const found: { from: number; to: number }[] = [];
  for (let at = 0; at + 8 <= read; at += 8) {
    if ((entries.readUInt8(at + 7) & THERE) === 0) continue;
    const page = from + (at / 8) * PAGE;
    const last = found.at(-1);
    if (last?.to === page) last.to += PAGE;
    else found.push({ from: page, to: page + PAGE });
  }
  return found;
}

/** Reads bytes and returns their number. Pages that the process released meanwhile, or that belong to a device, cannot be read. */
function readAt(file: number, into: Buffer, at: number): number {
  let done = 0;
  while (done < into.length) {
    try {
      const read = readSync(file, into, done, into.length - done, at + done);
      if (read === 0) return done;
      done += read;
    } catch {
      return done;
    }
  }
  return done;
}
