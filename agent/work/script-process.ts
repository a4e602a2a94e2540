/**
 * One run of a script: a process group of its own with a cleared environment, a private temporary folder, limits of the operating system
 * and a deadline. The agent owns the file of the script, which lies outside of the folder that scripts write.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScriptStatement } from '../../shared/scripts/statement.ts';
import { killProcessesOf, markOf } from './leftover-processes.ts';
import type { Isolation } from './script-isolation.ts';

export interface ScriptRun {
  readonly command: string;
  readonly statement: Pick<ScriptStatement, 'interpreter' | 'seconds' | 'memory'>;
  readonly text: string;
  readonly arguments: readonly string[];
  readonly isolation: Isolation;
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
}

export interface ScriptEnd {
  /** Reason why the script ended. `limits`: this machine could not set the limits, so the script did not run. */
  readonly reason: 'exited' | 'deadline' | 'stopped' | 'limits';
  /** Exit code; null if a signal ended the script. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface RunningScript {
  readonly ended: Promise<ScriptEnd>;
  /** Ends the script because the agent stops. */
  stop(): void;
}

/** Exit code with which the shell reports that it could not set a limit. */
const NO_LIMITS = 125;
const NO_LIMITS_TEXT = 'cordon: the limits of the script could not be set';
/**
 * Shell commands that set limits and then start the interpreter. The limits: CPU time in seconds, size of a file in blocks of 512 bytes,
 * address space in KiB, number of processes of the user (`-u` in bash, `-p` in dash and BusyBox), and on Linux the mark of the script's
 * processes (`-x` in bash, `-w` in dash and BusyBox).
 */
const WITH_LIMITS = `ulimit -c 0 && ulimit -t "$1" && ulimit -f "$2" && ulimit -v "$3" &&
{ ulimit -u "$4" 2>/dev/null || ulimit -p "$4"; } &&
{ ulimit -x "$5" 2>/dev/null || ulimit -w "$5" 2>/dev/null || ! test -e /proc/self/limits; } ||
{ echo '${NO_LIMITS_TEXT}' >&2; exit ${NO_LIMITS}; }
shift 5; exec "$@"`;

const LARGEST_FILE_BLOCKS = (100 * 1024 * 1024) / 512;
/** Number of processes and threads that a script may have, in addition to those that its user already has. */
const MORE_PROCESSES = 64;
/** Milliseconds to wait for the output of a process that has already ended. */
const DRAIN = 1000;
/** Flag of an open file in /proc (O_CLOEXEC of x64 and arm64). */
const CLOSE_ON_EXEC = 0o2000000;
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts a script. Throws if the folder cannot be made. */
export function startScript(run: ScriptRun): RunningScript {
  const { command, statement, text, isolation, onOutput } = run;
  const outer = mkdtempSync(join(tmpdir(), folderPrefix(command)));
  const [folder, script, filterFile] = [join(outer, 'work'), join(outer, 'script'), join(outer, 'filter')];
  const { user, filter } = isolation;
  mkdirSync(folder, { mode: 0o700 });
  // The script may write only into the inner folder, so a process that an earlier script left behind cannot change this one.
  writeFileSync(script, text, { mode: 0o640 });
  if (filter) writeFileSync(filterFile, filter, { mode: 0o644 });
  if (user) {
    chmodSync(outer, 0o711);
    chownSync(folder, user.uid, user.gid);
    chownSync(script, process.getuid?.() ?? 0, user.gid);
    // The umask of the agent may have taken the rights of the group and of others.
    chmodSync(script, 0o640);
    if (filter) chmodSync(filterFile, 0o644);
  }
  const tasks = tasksOf(user?.uid) + MORE_PROCESSES;
  const limits = [statement.seconds, LARGEST_FILE_BLOCKS, statement.memory * 1024, tasks, markOf(command)];
  const program = [
    ...isolation.wrapper({ folder, script, filter: filterFile }),
    statement.interpreter,
    script,
    ...run.arguments,
  ];
  const nothing = openSync('/dev/null', 'r');
  const child = spawn('/bin/sh', ['-c', WITH_LIMITS, 'sh', ...limits.map(String), ...program], {
    cwd: folder,
    env: { PATH: SEARCH_PATH, HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' },
    detached: true,
    stdio: [
      'ignore',
      'pipe',
      'pipe',
      ...inheritedDescriptors().map((isInherited) => (isInherited ? nothing : 'ignore')),
    ],
    ...(user ?? {}),
  });
  closeSync(nothing);
  let reason: ScriptEnd['reason'] = 'exited';
  const end = (why: 'deadline' | 'stopped') => {
    reason = why;
    killAll(child, command);
  };
  const deadline = setTimeout(() => end('deadline'), statement.seconds * 1000);
  child.stdout?.on('data', (bytes: Buffer) => onOutput('stdout', bytes));
  let errors = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    if (errors.length < NO_LIMITS_TEXT.length) errors += bytes.toString();
    onOutput('stderr', bytes);
  });
  const ended = exitOf(child, () => killAll(child, command)).then(({ code, signal }): ScriptEnd => {
    const isLimited = code !== NO_LIMITS || !errors.startsWith(NO_LIMITS_TEXT);
    return { reason: isLimited ? reason : 'limits', code, signal };
  });
  const cleaned = ended.finally(() => {
    clearTimeout(deadline);
    rmSync(outer, { recursive: true, force: true });
  });
  return { ended: cleaned, stop: () => end('stopped') };
}

/** After a crash of the agent, ends the remaining processes of this command's script and deletes its temporary folder. */
export function clearLeftovers(command: string): void {
  killProcessesOf(command);
  for (const name of readdirSync(tmpdir())) {
    if (name.startsWith(folderPrefix(command))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

const folderPrefix = (command: string): string => `cordon-script-${command}-`;

/** Resolves when the process has ended and its output is read. `afterExit` ends the other processes of the script. */
function exitOf(
  child: ChildProcess,
  afterExit: () => void,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      afterExit();
      // A process that escaped from the group may keep the pipes open.
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN).unref();
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

function killAll({ pid }: ChildProcess, command: string): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // No process of the group is left, so there is nothing to kill.
  }
  killProcessesOf(command);
}

/**
 * For each descriptor of the agent from 3 on: true if a program that the agent starts would inherit it. Node opens none of this kind, but the
 * program that started the agent may have left some open.
 */
function inheritedDescriptors(): boolean[] {
  const inherited: boolean[] = [];
  for (const name of existsSync('/proc/self/fdinfo') ? readdirSync('/proc/self/fdinfo') : []) {
    const flags = Number.parseInt(/^flags:\s+(\d+)/m.exec(readOrEmpty(`/proc/self/fdinfo/${name}`))?.[1] ?? '', 8);
    if (Number(name) > 2 && (flags & CLOSE_ON_EXEC) === 0 && !Number.isNaN(flags)) inherited[Number(name) - 3] = true;
  }
  return Array.from(inherited, Boolean);
}

/** Number of processes and threads of a user now, because the limit of the operating system counts all of them. */
function tasksOf(uid = process.getuid?.() ?? 0): number {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .reduce((sum, pid) => sum + tasksIn(pid, uid), 0);
  } catch {
    return 256;
  }
}

function tasksIn(pid: string, uid: number): number {
  const status = readOrEmpty(`/proc/${pid}/status`);
  return new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(status) ? Number(/^Threads:\t(\d+)/m.exec(status)?.[1] ?? 1) : 0;
}

/** Content of a file in /proc; empty if its process or descriptor is gone, or hidden from the agent. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
