/** The real `tar` reads the archives, and our reader accepts only archives that our writer wrote. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTar, tarEnd, tarEntry } from './tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-tar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENTRIES = [
  { name: 'store/00000001-meta.jsonl', body: Buffer.from('{"a":1}\n') },
  { name: 'keys/custody.json', body: Buffer.alloc(0) },
  { name: 'ip/x/000001', body: Buffer.alloc(1024, 7) },
  { name: 'manifest.json', body: Buffer.alloc(513, 'm') },
];
const archive = () => Buffer.concat([...ENTRIES.map(({ name, body }) => tarEntry(name, body)), tarEnd()]);

async function read(bytes: Buffer, piece = 100): Promise<{ name: string; body: Buffer }[]> {
  async function* pieces() {
    for (let from = 0; from < bytes.length; from += piece) yield bytes.subarray(from, from + piece);
  }
  return await Array.fromAsync(readTar(pieces()));
}

describe('an archive', () => {
  it('can be read by tar', () => {
    const file = join(folder, 'archive.tar');
    writeFileSync(file, archive());
    execFileSync('tar', ['-xf', file, '-C', folder]);
    for (const { name, body } of ENTRIES) expect(readFileSync(join(folder, name))).toEqual(body);
  });

  it.each([1, 100, 512, 100_000])('can be read in pieces of %d bytes', async (piece) => {
    expect(await read(archive(), piece)).toEqual(ENTRIES);
  });

  it.each([
    ['is cut off within a body', (bytes: Buffer) => bytes.subarray(0, 1536 + 700)],
    ['is cut off between entries', (bytes: Buffer) => bytes.subarray(0, 1024)],
    ['has a changed name', (bytes: Buffer) => Buffer.concat([Buffer.from('S'), bytes.subarray(1)])],
    ['has a link in it', (bytes: Buffer) => Buffer.from(bytes).fill('2', 156, 157)],
    ['is no archive', () => Buffer.alloc(2048, 'x')],
  ])('is refused when it %s', async (_, change) => {
    await expect(read(change(archive()))).rejects.toMatchObject({ code: 'backup_damaged' });
  });
});
