/**
 * Isolation of scripts from the agent. A script must not read the keys and messages of the device, and must not use the rights of the agent,
 * although two people reviewed it: its output goes to the server, which must never have them. Every script has a system-call filter
 * (`script-filter.ts`) and is restricted to system folders and its own (Landlock), which also keeps it out of the memory of all processes
 * that are not its own. `setpriv` of util-linux 2.41 loads both. An agent that runs as root also uses another user.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { scriptFilter } from './script-filter.ts';

/** Paths of one run. */
export interface ScriptPaths {
  /** The only folder in which the script may write. */
  readonly folder: string;
  /** Text of the script, and bytes of the filter. The script must not be able to change either. */
  readonly script: string;
  readonly filter: string;
}

export interface Isolation {
  /** Program and arguments that precede the interpreter. */
  wrapper(paths: ScriptPaths): string[];
  /** Filter for system calls; null for none. */
  readonly filter: Uint8Array | null;
  /** User and group of the script; null for the agent's own. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** `nobody` on all Linux distributions and in user namespaces. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** Folders and files that scripts may read. None of them may contain secrets that the agent's user can read. */
const READABLE = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/etc',
  '/opt',
  '/proc',
  '/sys',
  '/boot',
  '/var/log',
  '/var/lib/dpkg',
  '/var/lib/rpm',
  '/var/lib/apt',
  '/var/cache/apt',
  // Without the rest of /dev, which has shared memory and terminals of the user.
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  // Without the rest of /run, which has credentials of services, runtime folders of users, and the token of the system helper.
  '/run/systemd/resolve',
  '/run/resolvconf',
  '/run/NetworkManager/resolv.conf',
  '/run/reboot-required',
  '/run/reboot-required.pkgs',
  '/run/utmp',
];
const READ = 'path-beneath:execute,read-file,read-dir';
/** Landlock accepts only these rights for a file. */
const READ_FILE = 'path-beneath:execute,read-file';
const WRITE =
  'path-beneath:execute,write-file,read-file,read-dir,remove-dir,remove-file,make-dir,make-reg,make-fifo,make-sym,truncate';

const succeeds = ([program = '', ...args]: readonly string[]): Promise<boolean> =>
  new Promise((done) => {
    execFile(program, args, { timeout: 5000 }, (error) => done(error === null));
  });

/** Options of `setpriv`: the kernel ends the interpreter when the agent ends, and the script cannot gain rights through setuid programs. */
const SETPRIV = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL'];

export interface IsolationPorts {
  /** Folder with the agent's keys and data. */
  readonly home: string;
  /** Path of the system helper's socket. The helper's token is beside it. */
  readonly systemSocket: string;
  /** True if the machine's own configuration allows scripts with all rights of the agent. */
  readonly unconfined: boolean;
  /** Port of gpsd on loopback that the agent asks; 0 for none. */
  readonly gpsdPort: number;
  /** User of the agent. */
  readonly uid?: number | undefined;
}

/** Returns the isolation that this machine offers. Throws `unavailable` if it offers none. */
export async function chooseIsolation(ports: IsolationPorts): Promise<Isolation> {
  const { home, systemSocket, unconfined, gpsdPort, uid = process.getuid?.() ?? 0 } = ports;
  const user = uid === 0 ? NOBODY : null;
  if (unconfined) {
    if (user === null && existsSync(systemSocket)) throw new CordonError('unavailable', ROOT_THROUGH_HELPER);
    const parent = (await succeeds([...SETPRIV, 'true'])) ? SETPRIV : [];
    return { wrapper: () => [...parent], filter: null, user };
  }
  const network = isServiceUser(user?.uid ?? uid) && ![GPSD_PORT, gpsdPort].some(isListening);
  const filter = scriptFilter(process.arch, network);
  const rules = landlockRules([home, systemSocket]);
  const isolation: Isolation = {
    filter,
    user,
    wrapper: (paths) => [
      ...SETPRIV,
      ...rules,
      ...[
        `${WRITE}:${paths.folder}`,
        `${READ_FILE}:${paths.script}`,
        'path-beneath:write-file,read-file:/dev/null',
      ].flatMap((rule) => ['--landlock-rule', rule]),
      ...['--seccomp-filter', paths.filter],
    ],
  };
  if (filter !== null && (await canUse(isolation, filter))) return isolation;
  throw new CordonError(
    'unavailable',
    'This machine cannot keep a script away from the keys of the agent, so the agent runs none. Install util-linux 2.41 on a kernel with seccomp and Landlock, or set CORDON_AGENT_SCRIPTS=unconfined for the agent.',
  );
}

const ROOT_THROUGH_HELPER =
  'CORDON_AGENT_SCRIPTS=unconfined gives scripts the rights of the agent, and the system helper of this machine would give them the rights of root, so the agent runs none. Remove the system helper, or set CORDON_AGENT_SCRIPTS=on for the agent.';

/** Starts a program with the isolation, in a folder for the test. */
async function canUse({ wrapper }: Isolation, filter: Uint8Array): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-isolation-'));
  try {
    const file = join(folder, 'filter');
    writeFileSync(file, filter);
    return await succeeds([...wrapper({ folder, script: file, filter: file }), 'true']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Returns true for a user that no person works with: a system user, or one that systemd made for a service (systemd.exec(5), `DynamicUser`).
 * In a person's account, other programs may obey everyone on loopback, such as a debugger. A script without network cannot reach them.
 */
const isServiceUser = (uid: number): boolean => uid < 1000 || (uid >= 61_184 && uid <= 65_519) || uid === NOBODY.uid;

/** Registered port of gpsd, which tells everyone on this machine the position. A filter cannot see with which port a script connects. */
const GPSD_PORT = 2947;

/** True if a program listens on this TCP port (`proc_pid_net(5)`). */
function isListening(port: number): boolean {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  const pattern = new RegExp(`^ *\\d+: \\w+:${local} \\w+:0000 0A `, 'm');
  return ['/proc/net/tcp', '/proc/net/tcp6'].some(
    (table) => existsSync(table) && pattern.test(readFileSync(table, 'utf8')),
  );
}

/** Rules for the readable paths. A path is left out if it contains one of the hidden paths, or is part of one. */
export function landlockRules(hidden: readonly string[], paths: readonly string[] = READABLE): string[] {
  const secrets = hidden.map(realPath);
  const readable = paths
    .filter((path) => existsSync(path))
    .filter((path) => {
      const real = realPath(path);
      return !secrets.some((secret) => contains(real, secret) || contains(secret, real));
    });
  const rules = readable.map((path) => `${statSync(path).isDirectory() ? READ : READ_FILE}:${path}`);
  return ['--landlock-access', 'fs', ...rules.flatMap((rule) => ['--landlock-rule', rule])];
}

/** Resolves symbolic links, because Landlock applies a rule to the target of a link. A path that does not exist yet stays as it is. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(path);
  return folder === path ? path : join(realPath(folder), basename(path));
}

const contains = (folder: string, path: string): boolean => relative(folder, path).split(sep)[0] !== '..';
