/**
 * Custody of secrets at rest with the lowest scrypt cost that a server accepts. A new custody takes a tenth of a second of CPU time, and
 * the tests start hundreds of servers.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Custody, openCustody } from '../../certs/custody.ts';

export const PASSPHRASE = 'a passphrase of the tests';

/** A custody file made with `PASSPHRASE`, N = 2^14, and a salt and a nonce of bytes with the value 7. */
const FOUNDED = {
  version: 1,
  kdf: 'scrypt',
  N: 2 ** 14,
  r: 8,
  p: 1,
  salt: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=',
  check: 'v1.BwcHBwcHBwcHBwcHTTKSZ5cvtKZkWVaTxJj-AxPTphnZzg',
};

/** Creates a server's key folder that contains only the custody file, as after an interrupted first start. */
export function prepareKeyFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'custody.json'), `${JSON.stringify(FOUNDED)}\n`, { mode: 0o600 });
}

let custody: Custody | null = null;

/** The custody that all tests of a process share. */
export function testCustody(): Custody {
  if (custody) return custody;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-custody-'));
  prepareKeyFolder(folder);
  custody = openCustody(folder, PASSPHRASE);
  rmSync(folder, { recursive: true, force: true });
  return custody;
}
