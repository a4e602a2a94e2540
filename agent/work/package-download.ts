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
import { setTimeout as delay } from 'node:timers/promises';
import type { OwnPackage } from '../../shared/software/own-package.ts';
import { overOneConnection } from '../link/http.ts';
import type { SecureDial } from '../link/tls.ts';

export interface PackageDownloadPorts {
  readonly folder: string;
  readonly dial: () => SecureDial;
  readonly deviceUrl: () => string;
}

/** Returns the path of the verified file. Throws if the server does not have it, or if its digest differs. */
export type DownloadPackage = (statement: OwnPackage) => Promise<string>;

/** Attempts without a new byte. The pause doubles from one second to a minute, so an outage of half an hour ends no download. */
const MOST_FAILURES = 36;
const LONGEST_PAUSE = 60_000;

export function createPackageDownload({ folder, dial, deviceUrl }: PackageDownloadPorts): DownloadPackage {
  return async (statement) => {
    const { sha256, size } = statement;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const [file, part] = [join(folder, `${sha256}.deb`), join(folder, `${sha256}.part`)];
    // The folder keeps one package. The system helper has its own copies for rollbacks.
    for (const name of readdirSync(folder)) if (!name.startsWith(sha256)) rmSync(join(folder, name), { force: true });
    if (existsSync(file)) return file;
    let failures = 0;
    while (sizeOf(part) < size) {
      const before = sizeOf(part);
      try {
        await readParts(part, size, sha256, { dial, deviceUrl });
      } catch (error) {
        if (error instanceof Refused && error.retryAfter === null) throw error;
        failures = sizeOf(part) > before ? 0 : failures + 1;
        if (failures >= MOST_FAILURES) throw error;
        const asked = error instanceof Refused ? (error.retryAfter ?? 0) * 1000 : 0;
        await delay(Math.max(asked, Math.min(LONGEST_PAUSE, 1000 * 2 ** failures)), undefined, { ref: false });
      }
    }
    if ((await digestOf(part)) !== sha256) {
      rmSync(part);
      throw new Error('The digest of the downloaded package is not the signed one. Nothing was changed.');
    }
    renameSync(part, file);
    return file;
  };
}

class Refused extends Error {
  /** Seconds until another attempt; null if another attempt is useless. */
  readonly retryAfter: number | null;
  constructor(detail: string, retryAfter: number | null) {
    super(detail);
    this.retryAfter = retryAfter;
  }
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

async function readParts(
  part: string,
  size: number,
  sha256: string,
  { dial, deviceUrl }: Pick<PackageDownloadPorts, 'dial' | 'deviceUrl'>,
): Promise<void> {
  const connection = overOneConnection(dial());
  try {
    for (let from = sizeOf(part); from < size; from = sizeOf(part)) {
      const url = new URL(`/device/packages/${sha256}`, deviceUrl());
      const { status, headers, body } = await connection.http(url, {
        method: 'GET',
        headers: { range: `bytes=${from}-` },
      });
      if (status !== 206 || body.length === 0) {
        const retry = Number(headers['retry-after'] ?? (status >= 500 ? 5 : Number.NaN));
        throw new Refused(
          `The server refused the download of the package with status ${status}.`,
          Number.isFinite(retry) ? retry : null,
        );
      }
      append(part, body.subarray(0, size - from));
    }
  } finally {
    connection.close();
  }
}

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
