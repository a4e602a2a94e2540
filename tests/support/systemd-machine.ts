/** A systemd as process 1 of new namespaces (`systemd-machine.sh`), for tests that start units. Requires root on Linux. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Ended, type RunOptions, runProgram } from './run-program.ts';
import { needed } from './tools.ts';
import { until } from './until.ts';

/** For `describe.skipIf(!systemdMachines.present)`. */
export const systemdMachines = needed(
  'a systemd that starts units',
  'run as root on Linux with cgroup2; Debian: systemd',
  process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    existsSync('/lib/systemd/systemd') &&
    spawnSync('unshare', ['--mount', '--pid', '--cgroup', '--fork', 'mount', '-t', 'cgroup2', 'cgroup2', '/mnt'])
      .status === 0,
);

export interface SystemdMachine {
  /** Runs a line of shell as root in `/opt/cordon`, which is this checkout. */
  shell(line: string, options?: RunOptions): Promise<Ended>;
  /** Runs a line of shell as root. Returns its output, and fails the test if the line fails. */
  done(line: string, options?: RunOptions): Promise<string>;
  /** Writes a file of the machine that root owns. `mode`: 0600 for secrets. */
  write(path: string, content: string | Buffer, mode?: number): void;
  /** Path by which this process opens a file or socket of the machine. */
  path(path: string): string;
  /** Value of one property of a unit, as `systemctl show` prints it. */
  property(unit: string, name: string): Promise<string>;
  /** Lines that the processes of a service have logged since the last call. */
  journal(unit: string): Promise<string[]>;
  remove(): Promise<void>;
}

export async function startSystemdMachine(): Promise<SystemdMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-machine-'));
  const script = join(import.meta.dirname, 'systemd-machine.sh');
  const outer = spawn(script, [folder, resolve('.')], { stdio: 'pipe' });
  const ended = once(outer, 'exit');
  let output = '';
  for (const stream of [outer.stdout, outer.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));

  async function remove(): Promise<void> {
    outer.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }

  let first = '';
  const shell: SystemdMachine['shell'] = (line, options) => {
    const spaces = ['--mount', '--pid', '--cgroup', '--uts', '--ipc', '--root', '--wdns=/opt/cordon'];
    // The variables of the host are dropped, because they name files that the machine does not have.
    const clean = [
      'env',
      '-i',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
      'HOME=/root',
      'sh',
      '-c',
      line,
    ];
    // On a busy machine, systemd takes more than half a minute to start a unit.
    return runProgram('nsenter', ['--target', first, ...spaces, ...clean], { within: 120_000, ...options });
  };
  const done: SystemdMachine['done'] = async (line, options) => {
    const { code, out, err } = await shell(line, options);
    if (code !== 0) throw new Error(`"${line}" ended with ${code}: ${out}${err}`);
    return out;
  };
  const inside = (path: string) => join('/proc', first, 'root', path);
  const property: SystemdMachine['property'] = async (unit, name) =>
    (await done(`systemctl show --value --property=${name} ${unit}`)).trim();

  try {
    await until(async () => {
      first = /process 1: (\d+)/.exec(output)?.[1] ?? '';
      if (first === '' || outer.exitCode !== null) throw new Error(`systemd does not start: ${output}`);
      await done('systemctl is-active machine.target');
    }, 60_000);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    shell,
    done,
    path: inside,
    write(path, content, mode = 0o644) {
      const file = inside(path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content, { mode });
    },
    property,
    async journal(unit) {
      const fresh = `--cursor-file=/run/read-${unit} --output=cat _SYSTEMD_UNIT=${unit}.service`;
      return (await done(`journalctl --sync && journalctl ${fresh}`)).split('\n').filter(Boolean);
    },
    remove,
  };
}
