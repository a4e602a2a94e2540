/** Download of a file from the server in parts. An interrupted download continues where it ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { overOneConnection } from './http.ts';
import type { SecureDial } from './tls.ts';

export interface DownloadPorts {
  readonly dial: () => SecureDial;
  readonly deviceUrl: () => string;
}

/** Bytes that have arrived so far. */
export interface DownloadTarget {
  size(): number;
  append(bytes: Buffer): void;
}

/** Attempts without a new byte. The pause doubles from one second to a minute, so an outage of half an hour ends no download. */
const MOST_FAILURES = 36;
const LONGEST_PAUSE = 60_000;

/** Appends the `size` bytes of the file at `path` to the target. Throws if the server refuses the file, or if it stays unreachable. */
export async function resumedDownload(
  { path, size }: { readonly path: string; readonly size: number },
  target: DownloadTarget,
  ports: DownloadPorts,
): Promise<void> {
  let failures = 0;
  while (target.size() < size) {
    const before = target.size();
    try {
      await readParts(path, size, target, ports);
    } catch (error) {
      if (error instanceof Refused && error.retryAfter === null) throw error;
      failures = target.size() > before ? 0 : failures + 1;
      if (failures >= MOST_FAILURES) throw error;
      const asked = error instanceof Refused ? (error.retryAfter ?? 0) * 1000 : 0;
      await delay(Math.max(asked, Math.min(LONGEST_PAUSE, 1000 * 2 ** failures)), undefined, { ref: false });
    }
  }
}

class Refused extends Error {
  /** Seconds until another attempt; null if another attempt is useless. */
  readonly retryAfter: number | null;
  constructor(detail: string, retryAfter: number | null) {
    super(detail);
    this.retryAfter = retryAfter;
  }
}

async function readParts(
  path: string,
  size: number,
  target: DownloadTarget,
  { dial, deviceUrl }: DownloadPorts,
): Promise<void> {
  const connection = overOneConnection(dial());
  try {
    for (let from = target.size(); from < size; from = target.size()) {
      const { status, headers, body } = await connection.http(new URL(path, deviceUrl()), {
        method: 'GET',
        headers: { range: `bytes=${from}-` },
      });
      if (status !== 206 || body.length === 0) {
        const retry = Number(headers['retry-after'] ?? (status >= 500 ? 5 : Number.NaN));
        throw new Refused(
          `The server refused the download with status ${status}.`,
          Number.isFinite(retry) ? retry : null,
        );
      }
      target.append(body.subarray(0, size - from));
    }
  } finally {
    connection.close();
  }
}
