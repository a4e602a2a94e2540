/** State of a key folder, read without the passphrase and without a write. The server decides from it whether it may start. */
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CordonError } from '../shared/errors.ts';
import { INSTALLATION_FILE, type InstallationBinding, readBindingFile } from './installation-file.ts';

const MARKER = 'authority.json';
/** `root.key` is not required, because it may be stored offline. The server can create its own key and certificate again. */
const REQUIRED = ['custody.json', 'root.crt', 'issuing.crt', 'issuing.key', 'online.key', 'ledger.key'] as const;
const OPTIONAL = ['root.key', 'server.crt', 'server.key'] as const;

export type KeyFolderContents =
  | { readonly state: 'empty' }
  /**
   * Key folder with missing files. `founding`: no file shows that the server's first start has finished. `partial`: the first start has
   * finished, but files were lost.
   */
  | { readonly state: 'founding' | 'partial'; readonly missing: readonly string[] }
  | {
      readonly state: 'complete';
      /**
       * True if the server's first start has finished. False if the first start created all required files but was interrupted before its
       * end.
       */
      readonly founded: boolean;
      /** SHA-256 of each certificate's DER, lower-case hex. */
      readonly root: string;
      readonly issuing: string;
      readonly binding: InstallationBinding | null;
    };

export function inspectKeyFolder(folder: string): KeyFolderContents {
  const has = (name: string) => existsSync(join(folder, name));
  const founded = has(MARKER) || has(INSTALLATION_FILE);
  if (!founded && ![...REQUIRED, ...OPTIONAL].some(has)) return { state: 'empty' };
  const missing = [...REQUIRED, ...(founded ? [MARKER] : [])].filter((name) => !has(name));
  if (missing.length > 0) return { state: founded ? 'partial' : 'founding', missing };
  return {
    state: 'complete',
    founded,
    root: fingerprintOf(join(folder, 'root.crt')),
    issuing: fingerprintOf(join(folder, 'issuing.crt')),
    binding: readBindingFile(folder),
  };
}

function fingerprintOf(path: string): string {
  try {
    return createHash('sha256')
      .update(new X509Certificate(readFileSync(path)).raw)
      .digest('hex');
  } catch (error) {
    throw new CordonError('unavailable', `The certificate ${path} is damaged. Restore it from a backup.`, {}, error);
  }
}
