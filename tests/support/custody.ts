/** A real custody of secrets at rest: opened once a process, since its key is derived slowly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Custody, openCustody } from '../../certs/custody.ts';

let custody: Custody | null = null;

export function testCustody(): Custody {
  if (custody) return custody;
  const folder = mkdtempSync(join(tmpdir(), 'cordon-custody-'));
  custody = openCustody(folder, 'a passphrase of tests');
  rmSync(folder, { recursive: true, force: true });
  return custody;
}
