/** Archives of the real tar, in formats that dpkg reads and in formats that it refuses. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HelperRefusal } from './requests.ts';
import { tarMembers } from './tar-members.ts';

const BLOCK = 512;
const LONG = `${'folder-with-a-long-name/'.repeat(8)}file`;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-tar-'));
  mkdirSync(join(folder, 'usr'));
  writeFileSync(join(folder, 'usr/file'), 'x'.repeat(700));
  linkSync(join(folder, 'usr/file'), join(folder, 'usr/hard'));
  symlinkSync(`../${LONG}`, join(folder, 'usr/soft'));
  mkdirSync(join(folder, LONG, '..'), { recursive: true });
  writeFileSync(join(folder, LONG), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const archive = (...args: string[]): Buffer =>
  execFileSync('tar', ['--create', '--file=-', `--directory=${folder}`, '--sort=name', ...args]);

/** Writes the sum of the bytes of a header into the header. */
function withSum(header: Buffer): void {
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Members of the archive, which the reader gets in pieces of `size` bytes. */
function read(bytes: Buffer, size = 65_536) {
  const members = tarMembers();
  for (let at = 0; at < bytes.length; at += size) members.write(bytes.subarray(at, at + size));
  return members.end();
}

it('returns paths and targets of ustar and of GNU archives, in pieces of each size', () => {
  const expected = [
    { path: 'usr/', target: null },
    { path: 'usr/file', target: null },
    { path: 'usr/hard', target: '/usr/file' },
    { path: 'usr/soft', target: `../${LONG}` },
  ];
  for (const size of [1, 511, 512, 513, 65_536]) expect(read(archive('--format=gnu', 'usr'), size)).toEqual(expected);
  expect(read(archive('--format=gnu', LONG))).toEqual([{ path: LONG, target: null }]);
  expect(read(archive('--format=ustar', LONG))).toEqual([{ path: LONG, target: null }]);
  expect(read(archive('--format=gnu', '--owner=a b:0', './usr/file'))).toEqual([{ path: './usr/file', target: null }]);
});

it('refuses formats that dpkg refuses, and damaged, truncated and endless archives', () => {
  const whole = archive('--format=ustar', 'usr/file');
  const refuses = (bytes: Buffer, why: RegExp) => expect(() => read(bytes)).toThrow(why);
  refuses(archive('--format=pax', 'usr/file'), /a member of an unknown type/);
  refuses(archive('--format=v7', 'usr/file'), /a header of an unknown format/);
  refuses(whole.subarray(0, BLOCK), /it is incomplete/);
  refuses(whole.subarray(0, BLOCK + 1024), /it is incomplete/);
  refuses(Buffer.concat([Buffer.from('X'), whole.subarray(1)]), /a damaged header/);
  refuses(Buffer.alloc(BLOCK, 'x'), /a header of an unknown format/);
  refuses(Buffer.alloc(0), /it is incomplete/);
  // A folder with content: dpkg would read the content as the next header.
  const folderWithContent = Buffer.from(whole);
  folderWithContent[156] = '5'.charCodeAt(0);
  withSum(folderWithContent.subarray(0, BLOCK));
  refuses(folderWithContent, /a link or a folder with content/);
});

it('refuses or reads changed headers with a correct sum, without another error', () => {
  const whole = archive('--format=gnu', 'usr', LONG);
  const change = fc.record({ at: fc.nat(BLOCK - 1), value: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.nat(whole.length / BLOCK - 1),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (number, changes) => {
        const bytes = Buffer.from(whole);
        const block = bytes.subarray(number * BLOCK, (number + 1) * BLOCK);
        for (const { at, value } of changes) block[at] = value;
        withSum(block);
        try {
          expect(read(bytes).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(HelperRefusal);
        }
      },
    ),
    { numRuns: 500 },
  );
});
