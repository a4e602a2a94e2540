/**
 * Isolation of scripts from the agent. A script must not read the keys and messages of the device, although two people reviewed it: its
 * output goes to the server, which must never have them. An agent that runs as root uses another user. Every other agent restricts the
 * script to files outside of its own folder (Landlock, by `setpriv` of util-linux 2.41).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { CordonError } from '../../shared/errors.ts';

export interface Isolation {
  /** Program and arguments that precede the interpreter. `folder`: the script's own folder, the only one in which it may write. */
  wrapper(folder: string): string[];
  /** User and group of the script; null for the agent's own. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** `nobody` on all Linux distributions and in user namespaces. */
const NOBODY = { uid: 65_534, gid: 65_534 };

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
  '/dev',
  '/run',
  '/boot',
  '/var/log',
  '/var/lib/dpkg',
  '/var/lib/rpm',
  '/var/lib/apt',
  '/var/cache/apt',
];
const READ = 'path-beneath:execute,read-file,read-dir';
const WRITE =
  'path-beneath:execute,write-file,read-file,read-dir,remove-dir,remove-file,make-dir,make-reg,make-fifo,make-sym,truncate';

const works = (program: string, args: readonly string[]): Promise<boolean> =>
  new Promise((done) => {
    execFile(program, args, { timeout: 5000 }, (error) => done(error === null));
  });

/** Options of `setpriv`: the kernel ends the interpreter when the agent ends, and the script cannot gain rights through setuid programs. */
const SETPRIV = ['setpriv', '--no-new-privs', '--pdeathsig', 'KILL'];

const hasSetpriv = (): Promise<boolean> => works('setpriv', [...SETPRIV.slice(1), 'true']);
const hasLandlock = (): Promise<boolean> =>
  works('setpriv', ['--landlock-access', 'fs', '--landlock-rule', `${READ}:/`, 'true']);

/**
 * Isolation that this machine offers. Throws `unavailable` if it offers none. `unconfined`: the machine's own configuration allows scripts
 * with all rights of the agent. `home`: folder with the agent's keys and data. `isRoot`: the agent runs as root.
 */
export async function chooseIsolation(
  home: string,
  unconfined: boolean,
  isRoot = process.getuid?.() === 0,
): Promise<Isolation> {
  const parent = (await hasSetpriv()) ? SETPRIV : [];
  if (isRoot) return { wrapper: () => [...parent], user: NOBODY };
  if (unconfined) return { wrapper: () => [...parent], user: null };
  if (parent.length > 0 && (await hasLandlock())) {
    const rules = readableBeside(home).flatMap((path) => ['--landlock-rule', `${READ}:${path}`]);
    return {
      wrapper: (folder) => [
        ...parent,
        ...['--landlock-access', 'fs', ...rules],
        ...['--landlock-rule', `${WRITE}:${folder}`, '--landlock-rule', 'path-beneath:write-file,read-file:/dev/null'],
      ],
      user: null,
    };
  }
  throw new CordonError(
    'unavailable',
    'This machine cannot keep a script away from the keys of the agent, so the agent runs none. Install util-linux 2.41 on a kernel with Landlock, or set CORDON_AGENT_SCRIPTS=unconfined for the agent.',
  );
}

/** Readable folders that neither contain the agent's folder nor are part of it. */
const readableBeside = (home: string): string[] =>
  READABLE.filter((path) => existsSync(path) && !contains(path, home) && !contains(home, path));

const contains = (folder: string, path: string): boolean => !relative(resolve(folder), resolve(path)).startsWith('..');
