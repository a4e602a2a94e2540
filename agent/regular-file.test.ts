/** Reads of files whose path a policy or a user names, with real pipes, devices and a file system that does not answer. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needed } from '../tests/support/tools.ts';
import { until } from '../tests/support/until.ts';
import { attachmentFrom } from './control/message-responses.ts';
import { sensorsFrom } from './evidence/sensor-command.ts';
import { readRegularFile } from './regular-file.ts';

const silent = needed(
  'a file system that does not answer',
  'run as root on Linux with FUSE in the kernel',
  process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/fuse'),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-regular-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const KIB = { most: 1024 };

describe('a path that a policy or a user names', () => {
  it('is read up to the limit', async () => {
    writeFileSync(at('file'), 'text');
    symlinkSync('file', at('link'));
    expect((await readRegularFile(at('file'), KIB)).content.toString()).toBe('text');
    expect((await readRegularFile(at('link'), { ...KIB, followLink: true })).content.toString()).toBe('text');
    truncateSync(at('file'), 1024 ** 4);
    await expect(readRegularFile(at('file'), KIB)).rejects.toThrow('it is larger than 1 KiB');
    // A file of the kernel states the size 0.
    await expect(readRegularFile('/proc/self/smaps', KIB)).rejects.toThrow('it is larger than 1 KiB');
  });

  it('is refused as a link, a pipe, a device and a folder, and the agent reads none of them for its user', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync('pipe', at('link'));
    mkdirSync(at('folder'));
    for (const path of [at('link'), at('pipe'), '/dev/zero', at('folder')]) {
      await expect(readRegularFile(path, KIB), path).rejects.toThrow('it is not a file');
    }
    await expect(readRegularFile(at('link'), { ...KIB, followLink: true })).rejects.toThrow('it is not a file');
    for (let count = 0; count < 5; count += 1) {
      await expect(attachmentFrom(at('pipe'))).rejects.toThrow('it is not a file');
    }
    const reasons: string[] = [];
    const { position } = await sensorsFrom({ file: at('pipe') }, (why) => reasons.push(why))();
    expect([position, reasons]).toEqual([null, ['it is not a file']]);
  });

  /** Runs the work while a file system is mounted that does not answer until `end`. */
  async function withSilentFiles(work: (mount: string, end: () => Promise<void>) => Promise<void>): Promise<void> {
    const mount = at('silent');
    mkdirSync(mount);
    const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
    const script = `exec 3<>/dev/fuse; mount -i -t fuse none '${mount}' -o ${options} && echo ready; cat >/dev/null`;
    const holder: ChildProcess = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(holder, 'exit');
    const end = async () => {
      holder.stdin?.end();
      await exited;
    };
    try {
      await once(holder.stdout as NodeJS.ReadableStream, 'data');
      await work(mount, end);
    } finally {
      await end();
      spawnSync('umount', ['--lazy', mount]);
    }
  }

  it.skipIf(!silent.present)('blocks one thread at most on a file system that does not answer', async () => {
    await withSilentFiles(async (mount) => {
      const limits = { ...KIB, within: 200 };
      await expect(readRegularFile(join(mount, 'file'), limits)).rejects.toThrow('did not answer within 0.2 seconds');
      writeFileSync(at('file'), 'text');
      for (let count = 0; count < 8; count += 1) {
        await expect(readRegularFile(join(mount, 'file'), limits)).rejects.toThrow('an earlier read of a file');
      }
      // The other threads of libuv still answer.
      expect((await Promise.all([1, 2, 3].map(() => readFile(at('file'), 'utf8')))).join()).toBe('text,text,text');
    });
    await until(async () => expect((await readRegularFile(at('file'), KIB)).content.toString()).toBe('text'), 10_000);
  });

  it.skipIf(!silent.present)('has its whole time after it waited for an earlier read', async () => {
    writeFileSync(at('file'), 'text');
    await withSilentFiles(async (mount, end) => {
      const earlier = readRegularFile(join(mount, 'file'), { ...KIB, within: 60_000 });
      const refused = expect(earlier).rejects.toThrow('ENOTCONN');
      const waiting = readRegularFile(at('file'), { ...KIB, within: 1000 }).then(({ content }) => content.toString());
      const result = expect(waiting).resolves.toBe('text');
      await sleep(1200);
      await end();
      await Promise.all([refused, result]);
    });
  });
});
