/** Finds files by their SHA-256 hash. Reads regular files only, follows no symbolic link, and stays on the file system of each folder. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { constants, lstat, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnswerRow, LiveQuery } from '../../../shared/live-query/live-query.ts';
import type { Found } from './answer-query.ts';

type Files = Extract<LiveQuery, { kind: 'files' }>;

const MOST_FILES = 200_000;
const MOST_BYTES = 4 * 1024 ** 3;
const LARGEST_FILE = 1024 ** 3;
const CHUNK = 256 * 1024;

export async function findFiles({ sha256, folders }: Files, signal: AbortSignal): Promise<Found> {
  const wanted = new Set(sha256);
  const rows: AnswerRow[] = [];
  const left = { files: MOST_FILES, bytes: MOST_BYTES };
  let unreadable = 0;
  let truncated = false;
  const waiting = [...new Set(folders)].reverse().map((path) => ({ path, device: null as number | null }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, device } = next;
    if (signal.aborted || left.files <= 0) {
      truncated = true;
      break;
    }
    const info = await lstatOrNull(path);
    if (info === null || (!info.isDirectory() && !info.isFile())) {
      if (info === null) unreadable += 1;
      continue;
    }
    if (device !== null && info.dev !== device) continue;
    if (info.isDirectory()) {
      const names = await namesIn(path);
      if (names === null) unreadable += 1;
      for (const name of names ?? []) waiting.push({ path: join(path, name), device: info.dev });
      continue;
    }
    left.files -= 1;
    if (info.size > LARGEST_FILE || info.size > left.bytes) {
      truncated = true;
      continue;
    }
    left.bytes -= info.size;
    const hash = await hashOf(path, signal);
    if (hash === null) unreadable += 1;
    else if (wanted.has(hash)) rows.push([path, info.size, Math.round(info.mtimeMs), hash]);
  }
  const note = unreadable === 0 ? '' : `The agent could not read ${unreadable} files or folders.`;
  return { rows, truncated: truncated || signal.aborted, note };
}

async function lstatOrNull(path: string): Promise<Stats | null> {
  return lstat(path).catch(() => null);
}

async function namesIn(folder: string): Promise<string[] | null> {
  try {
    const names: string[] = [];
    for await (const { name } of await opendir(folder)) {
      names.push(name);
      if (names.length >= MOST_FILES) break;
    }
    return names.sort().reverse();
  } catch {
    return null;
  }
}

/** Hash of a file; null if the file is not readable, or the signal is aborted. */
async function hashOf(path: string, signal: AbortSignal): Promise<string | null> {
  // The path may have become a symbolic link or a pipe since `lstat`.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let read = 0; read <= LARGEST_FILE; ) {
      if (signal.aborted) return null;
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      read += bytesRead;
    }
    return null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}
