/** Case 55: a server process whose data folder is on a disk that becomes full. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startServerProcess } from '../support/server-process.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const mounts = needed(
  'a disk of its own',
  'run as root on Linux',
  process.platform === 'linux' && process.getuid?.() === 0,
);

it.skipIf(!mounts.present)(
  'case 55: the server is not ready while its disk is full, and ready again when space is free',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'cordon-server-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk]);
    onTestFinished(() => {
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true });
    });
    const server = await startServerProcess({ CORDON_HOME: join(disk, 'home') });
    onTestFinished(() => server.remove());
    const ready = async () => (await fetch(`${server.admin}/readyz`)).status;
    const metric = async () =>
      (await (await fetch(`${server.admin}/metrics`)).text()).match(/^cordon_disk_full (\d)/m)?.[1];
    expect(await ready()).toBe(200);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(80 * 1024 * 1024, 1));
    await until(async () => expect(await ready()).toBe(503));
    expect(await metric()).toBe('1');
    expect(server.output()).toMatch(/the disk of the data folder is full/);
    rmSync(join(disk, 'ballast'));
    await until(async () => expect(await ready()).toBe(200));
    expect(await metric()).toBe('0');
  },
  60_000,
);
