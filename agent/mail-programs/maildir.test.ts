/** Attacks on the mirror by another program that may write into its folder: hostile names, links, pipes and folders instead of mails. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMaildir } from './maildir.ts';
import { baseName, type MirroredMail, readName } from './maildir-changes.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const mail = (more: Partial<MirroredMail> = {}): MirroredMail => ({
  id: ID,
  folder: 'inbox',
  at: 1_700_000_000_000,
  unread: true,
  ...more,
});
const NAME = baseName(mail());

let folder: string;
let secret: string;
let outside: string;
const mirror = () => openMaildir(join(folder, 'mirror'));
const at = (...names: string[]) => join(folder, 'mirror', ...names);
const content = async () => Buffer.from('Subject: x\r\n\r\ntext');
const deliver = (maildir: ReturnType<typeof mirror>, ...mails: MirroredMail[]) =>
  maildir.deliver(mails, content, () => true);
const pipe = (path: string) => expect(spawnSync('mkfifo', [path]).status).toBe(0);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-maildir-'));
  [secret, outside] = [join(folder, 'agent.db'), join(folder, 'outside')];
  writeFileSync(secret, 'the store of the agent');
  mkdirSync(outside);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const unharmed = () => {
  expect(readFileSync(secret, 'utf8')).toBe('the store of the agent');
  expect(readdirSync(outside)).toEqual([]);
};

/** Things that another program can put at a place where the mirror expects a mail. */
const TRAPS: readonly [string, (path: string) => void][] = [
  ['a link to a file of the agent', (path) => symlinkSync(secret, path)],
  ['a link to nothing', (path) => symlinkSync(join(folder, 'nothing'), path)],
  ['a link to a folder', (path) => symlinkSync(outside, path)],
  ['a pipe', pipe],
  [
    'a folder with a file',
    (path) => {
      mkdirSync(path);
      writeFileSync(join(path, 'file'), 'x');
    },
  ],
];

describe.skipIf(process.platform === 'win32')(
  'a mirror whose folder another program attacks',
  { timeout: 20_000 },
  () => {
    it.each(TRAPS)('removes %s instead of a mail, and nothing behind it', async (_name, set) => {
      const maildir = mirror();
      await maildir.prepare();
      set(at('cur', `${NAME}:2,S`));
      const files = await maildir.files();
      expect(files.map(({ id }) => id)).toEqual([ID]);
      for (const file of files) await maildir.remove(file);
      expect(readdirSync(at('cur'))).toEqual([]);
      unharmed();
    });

    it.each(TRAPS)('delivers a mail although %s is at its place or at its temporary name', async (_name, set) => {
      const maildir = mirror();
      await maildir.prepare();
      set(at('tmp', NAME));
      set(at('new', NAME));
      expect(await deliver(maildir, mail())).toBe(1);
      expect(lstatSync(at('new', NAME)).isFile()).toBe(true);
      expect(readFileSync(at('new', NAME), 'utf8')).toContain('Subject: x');
      unharmed();
    });

    it.each(TRAPS)(
      'removes %s instead of an incomplete delivery, of its list or of its folders',
      async (_name, set) => {
        const maildir = mirror();
        await maildir.prepare();
        set(at('tmp', NAME));
        set(at('cordon-delivered'));
        rmSync(at('.Sent'), { recursive: true });
        set(at('.Sent'));
        await maildir.prepare();
        expect(readdirSync(at('tmp'))).toEqual([]);
        expect([...(await maildir.delivered())]).toEqual([]);
        expect(await deliver(maildir, mail(), mail({ id: OTHER, folder: 'sent' }))).toBe(2);
        expect([...(await maildir.delivered())]).toEqual([ID, OTHER]);
        expect(readdirSync(at('.Sent', 'cur'))).toHaveLength(1);
        unharmed();
      },
    );

    it.each(TRAPS)('is removed as a whole with %s in it', async (_name, set) => {
      const maildir = mirror();
      await maildir.prepare();
      set(at('cur', 'a name of another program'));
      set(at('.Sent', 'cur', `${NAME}:2,S`));
      await maildir.removeAll();
      expect(existsSync(at())).toBe(false);
      unharmed();
    });

    it('is removed as a whole with names that are no UTF-8', async () => {
      const maildir = mirror();
      await maildir.prepare();
      const name = (...bytes: number[]) => Buffer.concat([Buffer.from(`${at('cur')}/`), Buffer.from(bytes)]);
      mkdirSync(name(0xff));
      writeFileSync(Buffer.concat([name(0xff), Buffer.from('/file')]), 'x');
      writeFileSync(name(0xc3, 0x28), 'x');
      await maildir.removeAll();
      expect(existsSync(at())).toBe(false);
    });

    it.each([
      ['as many flags as the file system allows', `${NAME}:2,${'A'.repeat(255 - NAME.length - 3)}`],
      ['a long size field', `${NAME},S=${'1'.repeat(255 - NAME.length - 6)}:2,`],
    ])('marks a mail whose name has %s', async (_name, name) => {
      const maildir = mirror();
      await maildir.prepare();
      writeFileSync(at('cur', name), 'x');
      const [file] = await maildir.files();
      if (!file) throw new Error('the mirror does not see the file');
      await maildir.markUnread(file, false);
      const [marked] = await maildir.files();
      expect(marked?.flags).toContain('S');
      expect(readdirSync(at('cur'))).toHaveLength(1);
    });

    it('marks a mail although a folder has its new name', async () => {
      const maildir = mirror();
      await maildir.prepare();
      writeFileSync(at('cur', `${NAME}:2,`), 'x');
      const [file] = await maildir.files();
      mkdirSync(at('cur', `${NAME}:2,S`));
      writeFileSync(at('cur', `${NAME}:2,S`, 'file'), 'x');
      if (!file) throw new Error('the mirror does not see the file');
      await maildir.markUnread(file, false);
      expect(lstatSync(at('cur', `${NAME}:2,S`)).isFile()).toBe(true);
    });

    it('finds and removes a sent mail whose time is in the far future', async () => {
      const maildir = mirror();
      await maildir.prepare();
      for (const [id, time] of [
        [ID, Number.MAX_SAFE_INTEGER],
        [OTHER, 8_640_000_000_000_000],
      ] as const)
        expect(await deliver(maildir, mail({ id, at: time, folder: 'sent' }))).toBe(1);
      const files = await maildir.files();
      expect(files).toHaveLength(2);
      for (const file of files) await maildir.remove(file);
      expect(readdirSync(at('.Sent', 'cur'))).toEqual([]);
    });
  },
);

it.each([
  `1.${ID}.cordon:2,S/../../agent.db`,
  `../1.${ID}.cordon`,
  `1.${ID}.cordon\n:2,S`,
  '1.AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA.cordon:2,S',
  `1.${ID}.cordon:2,S\u0000`,
  `1.${ID}.cordon:2,S:2,T`,
  `.1.${ID}.cordon`,
])('another program’s file %j is not a mirrored mail', (name) => {
  expect(readName(name)).toBeNull();
});
