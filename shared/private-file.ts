/** Check that other users cannot read a file with a key or a passphrase. */
import { statSync } from 'node:fs';
import { CordonError } from './errors.ts';

const OTHERS = 0o007;
const GROUP_AND_OTHERS = 0o077;
const GROUP_WRITE_AND_OTHERS = 0o027;
const OTHERS_WRITE = 0o022;

/**
 * Checks that other users can neither read nor change a regular file. Throws `invalid_input`. As in PostgreSQL's rule for `ssl_key_file`,
 * the group may read a file that root owns, because systemd and Kubernetes provide credentials in this way.
 */
export function requirePrivateFile(path: string): void {
  const { mode, uid } = statSync(path);
  if (isFolder(mode)) throw new CordonError('invalid_input', `${path} is a folder where a file is needed.`, { path });
  // Only regular files are checked. A pipe or a terminal belongs to the process that opened it.
  if (!isRegular(mode) || process.platform === 'win32') return;
  const forbidden = uid === 0 && process.getuid?.() !== 0 ? GROUP_WRITE_AND_OTHERS : GROUP_AND_OTHERS;
  if ((mode & forbidden) === 0) return;
  const who = (mode & OTHERS) === 0 ? 'its group' : 'every user of this machine';
  throw new CordonError(
    'invalid_input',
    `${path} has mode ${octal(mode)}: ${who} can read or change it. Run: chmod 600 ${quoted(path)}`,
    { path },
  );
}

/** Checks that other users cannot replace the files in a folder. Throws `invalid_input`. */
export function requirePrivateFolder(path: string): void {
  if (process.platform === 'win32') return;
  const { mode } = statSync(path);
  if ((mode & OTHERS_WRITE) === 0) return;
  throw new CordonError(
    'invalid_input',
    `${path} has mode ${octal(mode)}: other users can replace the files in it. Run: chmod 700 ${quoted(path)}`,
    { path },
  );
}

const isFolder = (mode: number): boolean => (mode & 0o170000) === 0o040000;
const isRegular = (mode: number): boolean => (mode & 0o170000) === 0o100000;
const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');
const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
