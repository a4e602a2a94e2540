/**
 * Custody of secrets at rest with the lowest scrypt cost that a server accepts. The cost of a new custody takes a tenth of a second of CPU time at
 * each start, and the tests start hundreds of servers.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Custody, openCustody } from '../../certs/custody.ts';

export const PASSPHRASE = 'a passphrase of the tests';

/** Founded with `PASSPHRASE`, N = 2^14, and a salt and a nonce of sevens. */
const FOUNDED = {
  ...{ version: 1, kdf: 'scrypt', N: 2 ** 14, r: 8, p: 1, salt: 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=' },
  check: 'v1.BwcHBwcHBwcHBwcHTTKSZ5cvtKZkWVaTxJj-AxPTphnZzg',
};

/** Makes a server's key folder in which only the custody exists, as a first start that was cut off leaves it. */
export function prepareKeyFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'custody.json'), `${JSON.stringify(FOUNDED)}\n`, { mode: 0o600 });
}

let custody: Custody | null = null;

/** One custody for all tests of a process. */
export function testCustody(): Custody {
  if (custody) return custody;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-custody-'));
  prepareKeyFolder(folder);
  custody = openCustody(folder, PASSPHRASE);
  rmSync(folder, { recursive: true, force: true });
  return custody;
}
