/**
 * Reader for the file archive of a Debian package, as `dpkg-deb --fsys-tarfile` prints it. dpkg reads ustar with GNU's long names, and no pax
 * (dpkg, lib/dpkg/tarfn.c). This reader refuses each archive that dpkg refuses or could read in another way, and keeps no content of files.
 */
import type { PackageFile } from './package-manager.ts';
import { HelperRefusal } from './requests.ts';

const BLOCK = 512;
/** Limit of the kernel for a path, in bytes. */
const LONGEST_PATH = 4096;
const MOST_MEMBERS = 500_000;
/** Maximum bytes of an archive without its compression. */
const MOST_BYTES = 16 * 1024 ** 3;

const [FILE, OLD_FILE, HARD_LINK, SYMBOLIC_LINK, LONG_NAME, LONG_TARGET] = ['0', '\0', '1', '2', 'L', 'K'];
/** Types without content: links, devices, folders and pipes. */
const EMPTY = ['1', '2', '3', '4', '5', '6'];

const unreadable = (why: string): HelperRefusal =>
  new HelperRefusal(
    'invalid_input',
    `The helper cannot read the files of the Debian package: ${why}. Nothing was changed. Build the package again with dpkg-deb.`,
  );

export interface TarMembers {
  /** Reads the next bytes. Throws `invalid_input` if a member is malformed or a limit is exceeded. */
  write(chunk: Buffer): void;
  /** Returns all members. Throws `invalid_input` if the archive is truncated. Each byte of a path is one character (Latin-1). */
  end(): readonly PackageFile[];
}

export function tarMembers(): TarMembers {
  const members: PackageFile[] = [];
  /** Long name or target that waits for its header. */
  const long = new Map<string, string>();
  let kept = Buffer.alloc(0);
  /** Type and size of a long name whose content comes next. */
  let reading: { readonly type: string; readonly size: number } | null = null;
  let skip = 0;
  let total = 0;
  let ended = false;

  function header(block: Buffer): void {
    const { type, size, name, target } = parseHeader(block);
    if (type === LONG_NAME || type === LONG_TARGET) {
      if (size === 0 || size > LONGEST_PATH) throw unreadable('it contains a path that is too long');
      reading = { type, size };
      return;
    }
    const path = long.get(LONG_NAME) ?? name;
    const link = long.get(LONG_TARGET) ?? target;
    long.clear();
    const folder = path.endsWith('/');
    if (path === '' || !(EMPTY.includes(type) || ((type === FILE || type === OLD_FILE) && (size === 0 || !folder)))) {
      throw unreadable('it contains a member of an unknown type');
    }
    if (EMPTY.includes(type) && size !== 0) throw unreadable('it contains a link or a folder with content');
    if (members.length === MOST_MEMBERS) throw unreadable(`it contains more than ${MOST_MEMBERS} members`);
    if (type === HARD_LINK) members.push({ path, target: `/${link}` });
    else members.push({ path, target: type === SYMBOLIC_LINK ? link : null });
    skip = padded(size);
  }

  return {
    write(chunk) {
      total += chunk.length;
      if (total > MOST_BYTES) throw unreadable(`it contains more than ${MOST_BYTES} bytes`);
      let rest = chunk;
      while (rest.length > 0 && !ended) {
        if (skip > 0) {
          const passed = Math.min(skip, rest.length);
          skip -= passed;
          rest = rest.subarray(passed);
          continue;
        }
        const wanted = reading ? padded(reading.size) : BLOCK;
        const more = rest.subarray(0, wanted - kept.length);
        kept = Buffer.concat([kept, more]);
        rest = rest.subarray(more.length);
        if (kept.length < wanted) return;
        const whole = kept;
        kept = Buffer.alloc(0);
        if (reading) {
          const text = whole.toString('latin1', 0, reading.size);
          // dpkg reads up to the first zero byte, which must be part of the content.
          if (!text.includes('\0')) throw unreadable('it contains a path without an end');
          long.set(reading.type, cString(text));
          reading = null;
        } else if (whole.every((byte) => byte === 0)) ended = true;
        else header(whole);
      }
    },
    end() {
      if (!ended || long.size > 0) throw unreadable('it is incomplete');
      return members;
    },
  };
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

const cString = (text: string): string => text.split('\0', 1)[0] ?? '';

/** Fields of a header block (POSIX.1-1988 ustar, and GNU tar). */
function parseHeader(block: Buffer) {
  const text = (at: number, length: number) => cString(block.toString('latin1', at, at + length));
  const magic = block.toString('latin1', 257, 263);
  if (magic !== 'ustar\0' && magic !== 'ustar ') throw unreadable('it contains a header of an unknown format');
  const sum = octal(block, 148, 8);
  const blanked = Buffer.from(block).fill(' ', 148, 156);
  if (sum !== blanked.reduce((all, byte) => all + byte, 0)) throw unreadable('it contains a damaged header');
  const prefix = magic === 'ustar\0' ? text(345, 155) : '';
  return {
    type: block.toString('latin1', 156, 157),
    size: octal(block, 124, 12),
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    target: text(157, 100),
  };
}

function octal(block: Buffer, at: number, length: number): number {
  const [, digits] = /^ *([0-7]+)[\0 ]*$/.exec(block.toString('latin1', at, at + length)) ?? [];
  if (digits === undefined) throw unreadable('it contains a malformed number');
  return Number.parseInt(digits, 8);
}
