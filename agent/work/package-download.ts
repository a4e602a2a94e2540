/** Download of own packages from the server, in parts. An interrupted download continues where it ended, also after a crash. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { OwnPackage } from '../../shared/software/own-package.ts';
import { type DownloadPorts, resumedDownload } from '../link/resumed-download.ts';

export interface PackageDownloadPorts extends DownloadPorts {
  readonly folder: string;
}

/** Returns the path of the verified file. Throws if the server does not have it, or if its digest differs. */
export type DownloadPackage = (statement: OwnPackage) => Promise<string>;

export function createPackageDownload({ folder, ...ports }: PackageDownloadPorts): DownloadPackage {
  return async ({ sha256, size }) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const [file, part] = [join(folder, `${sha256}.package`), join(folder, `${sha256}.part`)];
    // The folder keeps one package. The system helper has its own copies for rollbacks.
    for (const name of readdirSync(folder)) if (!name.startsWith(sha256)) rmSync(join(folder, name), { force: true });
    if (existsSync(file)) return file;
    const target = { size: () => sizeOf(part), append: (bytes: Buffer) => append(part, bytes) };
    await resumedDownload({ path: `/device/packages/${sha256}`, size }, target, ports);
    if ((await digestOf(part)) !== sha256) {
      rmSync(part);
      throw new Error('The digest of the downloaded package is not the signed one. Nothing was changed.');
    }
    renameSync(part, file);
    return file;
  };
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

function append(part: string, bytes: Buffer): void {
  const file = openSync(part, 'a', 0o600);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
