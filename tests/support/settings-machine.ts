/**
 * A machine of its own for settings of the system: namespaces for mounts and, unless the caller gives one, for the network. Its copies of
 * the configuration folders belong to it, so the real programs of the system change nothing on this machine. Requires root on Linux.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { needed, tool } from './tools.ts';

/** For `describe.skipIf(!settingsMachines.present)`. */
export const settingsMachines = needed(
  'a machine for settings of the system',
  'run as root on Linux with util-linux',
  process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    tool('unshare', 'apt install util-linux').present &&
    spawnSync('unshare', ['--mount', '--net', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0,
);

export interface SettingsMachine {
  /** Prefix of a command line that runs the command on the machine. */
  readonly inside: readonly string[];
  /** Runs a line of shell as root. Returns its output. Throws if the line fails. */
  shell(line: string): string;
  remove(): Promise<void>;
}

/** Folders that the machine has copies of. */
const FOLDERS = ['/etc', '/usr/local/share', '/usr/local/sbin'];
/** Hides drivers of USB storage that the host has loaded. The machine shares the kernel, and a test must not unload them. */
const HIDE_USB_STORAGE =
  "[ ! -e /proc/modules ] || { sed '/^usb_storage /d; /^uas /d' /proc/modules >/mnt/modules; mount --bind /mnt/modules /proc/modules; }";

/** `network`: prefix of a command line that runs the command in a network namespace. By default, the machine has one without interfaces. */
export async function openSettingsMachine(network?: readonly string[]): Promise<SettingsMachine> {
  const copies = FOLDERS.map((folder) => `mkdir -p /mnt${folder} && cp -a ${folder}/. /mnt${folder}/`);
  const mounts = FOLDERS.map((folder) => `mount --bind /mnt${folder} ${folder}`);
  const script = [
    'mount --make-rprivate /',
    'mount -t tmpfs none /mnt',
    ...copies,
    ...mounts,
    HIDE_USB_STORAGE,
    'echo ready',
    'exec cat',
  ];
  const [program = '', ...args] = [...(network ?? ['unshare', '--net']), 'unshare', '--mount', 'sh', '-ec'];
  // The end of standard input ends the process, and with it the machine, also if the test is killed.
  const holder: ChildProcess = spawn(program, [...args, script.join('\n')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout as NodeJS.ReadableStream, 'data'),
    ended.then(([code]) => Promise.reject(new Error(`the machine ended with ${code}`))),
  ]);
  const inside = ['nsenter', '--target', String(holder.pid), '--mount', '--net', '--'];
  const shell = (line: string): string => {
    const [nsenter = '', ...prefix] = inside;
    return execFileSync(nsenter, [...prefix, 'sh', '-ec', line], { encoding: 'utf8', stdio: 'pipe' });
  };
  if (!network) shell('ip link set lo up');
  return {
    inside,
    shell,
    async remove() {
      holder.stdin?.end();
      await ended;
    },
  };
}
