/** Archives of the real tar, in formats that dpkg reads and in formats that it refuses. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tarMembers } from './tar-members.ts';

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
  refuses(whole.subarray(0, 512), /it is incomplete/);
  refuses(whole.subarray(0, 512 + 1024), /it is incomplete/);
  refuses(Buffer.concat([Buffer.from('X'), whole.subarray(1)]), /a damaged header/);
  refuses(Buffer.alloc(512, 'x'), /a header of an unknown format/);
  refuses(Buffer.alloc(0), /it is incomplete/);
  // A folder with content: dpkg would read the content as the next header.
  const folderWithContent = Buffer.from(whole);
  folderWithContent[156] = '5'.charCodeAt(0);
  folderWithContent.write('        ', 148, 'latin1');
  const sum = folderWithContent.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  folderWithContent.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  refuses(folderWithContent, /a link or a folder with content/);
});
