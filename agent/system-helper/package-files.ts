/**
 * Files of own packages, by their digest. The helper receives each file over the socket into a folder of root, and verifies it there, so
 * that nobody can change the file afterward.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Envelope } from '../../shared/order/documents.ts';
import { readPublicKey } from '../../shared/order/dsse.ts';
import { formatOf, type OwnPackage, ownPackageSchema, type PackageFormat } from '../../shared/software/own-package.ts';
import { verifyPackage } from '../../shared/software/verify-package.ts';
import type { MachinePolicy } from './machine-policy.ts';
import { HelperRefusal } from './requests.ts';

/** Maximum number of files that the helper keeps for rollbacks. The oldest files are deleted first. */
const MOST_FILES = 16;
/** Milliseconds without a received byte after which the helper stops receiving a file. */
const SILENT = 30_000;

/** Parses the statement in the signed envelope. Throws unless a signer of the machine's policy has signed it. */
export function statementOf({ ownPackages }: Pick<MachinePolicy, 'ownPackages'>, envelope: Envelope): OwnPackage {
  if (!ownPackages) {
    throw new HelperRefusal(
      'not_permitted',
      'The machine\'s policy allows no packages of the organization. The machine\'s owner can add "ownPackages" with the public keys of the signers to system.json.',
    );
  }
  const keys = ownPackages.signers.map(({ publicKey, rpId }) => ({ ...readPublicKey(publicKey), rpId }));
  return verifyPackage(envelope, keys);
}

export interface PackageFiles {
  path(statement: Pick<OwnPackage, 'sha256' | 'format'>): string;
  /** Path of the copy with this format, name and version; null if there is none. */
  find(format: PackageFormat, name: string, version: string): string | null;
  /** Receives the file, unless the helper has it. Throws `HelperRefusal` if its size or its digest differs. */
  receive(statement: OwnPackage, from: Socket): Promise<void>;
}

export function openPackageFiles(folder: string): PackageFiles {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(folder)) if (name.endsWith('.part')) rmSync(join(folder, name));
  // dnf and apt recognize a file by this ending.
  const path: PackageFiles['path'] = (statement) => join(folder, `${statement.sha256}.${formatOf(statement)}`);
  const statements = (): OwnPackage[] =>
    readdirSync(folder).flatMap((name) =>
      name.endsWith('.json') ? [ownPackageSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')))] : [],
    );
  let receiving = false;

  function prune(): void {
    const byAge = statements()
      .map((each) => ({ each, at: existsSync(path(each)) ? statSync(path(each)).mtimeMs : 0 }))
      .sort((a, b) => a.at - b.at);
    for (const { each } of byAge.slice(0, Math.max(0, byAge.length - MOST_FILES))) {
      rmSync(path(each), { force: true });
      rmSync(join(folder, `${each.sha256}.json`), { force: true });
    }
  }

  return {
    path,
    find(format, name, version) {
      const found = statements().find(
        (each) => formatOf(each) === format && each.name === name && each.version === version,
      );
      return found && existsSync(path(found)) ? path(found) : null;
    },
    async receive(statement, from) {
      const { sha256 } = statement;
      if (existsSync(path(statement))) return;
      if (receiving)
        throw new HelperRefusal('busy', 'The helper receives another package. Send the command again later.');
      receiving = true;
      const part = join(folder, `${sha256}.part`);
      const file = openSync(part, 'w', 0o644);
      try {
        const digest = await receiveInto(file, statement.size, from);
        if (digest !== sha256) {
          throw new HelperRefusal(
            'invalid_input',
            'The digest of the file is not the signed one. Nothing was changed.',
          );
        }
        fsyncSync(file);
        writeFileSync(join(folder, `${sha256}.json`), JSON.stringify(statement));
        renameSync(part, path(statement));
        prune();
      } finally {
        closeSync(file);
        rmSync(part, { force: true });
        receiving = false;
      }
    },
  };
}

/** Writes exactly `size` bytes of the socket to the file. Returns their SHA-256 in hex. */
function receiveInto(file: number, size: number, from: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let left = size;
    const silent = setTimeout(() => end(() => reject(new Error('the file did not arrive in time'))), SILENT);
    const closed = () => end(() => reject(new Error('the connection ended before the end of the file')));
    const read = (chunk: Buffer) => {
      silent.refresh();
      const bytes = chunk.subarray(0, left);
      hash.update(bytes);
      writeFileSync(file, bytes);
      left -= bytes.length;
      if (left === 0) end(() => resolve(hash.digest('hex')));
    };
    const end = (work: () => void) => {
      clearTimeout(silent);
      from.off('data', read).off('close', closed);
      work();
    };
    from.on('data', read).once('close', closed);
    from.resume();
  });
}
