/** Running processes, from proc(5). Reads no arguments and no environment, because both may contain secrets. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { AnswerRow, LiveQuery } from '../../../shared/live-query/live-query.ts';
import type { Found } from './answer-query.ts';
import { userNames } from './user-names.ts';

const MOST_PROCESSES = 20_000;
/** Clock ticks per second in proc(5) files, the same on all Linux platforms of Node. */
const TICKS = 100;
const HIDDEN =
  'This machine hides the processes of other users from the agent (ProtectProc or hidepid), so the list is not complete.';

export interface ProcessStatus {
  readonly name: string;
  readonly uid: number | null;
  readonly memory: number | null;
}

export async function linuxProcesses({ name }: Extract<LiveQuery, { kind: 'processes' }>): Promise<Found> {
  const users = await userNames();
  const bootedAt = bootTime((await text('/proc/stat')) ?? '');
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const rows: AnswerRow[] = [];
  for (const pid of ids.sort((a, b) => a - b).slice(0, MOST_PROCESSES)) {
    const status = parseStatus((await text(`/proc/${pid}/status`)) ?? '');
    if (status === null) continue;
    const program = await readlink(`/proc/${pid}/exe`).catch(() => null);
    if (name !== undefined && !matches(name, status.name, program)) continue;
    const ticks = startTicks((await text(`/proc/${pid}/stat`)) ?? '');
    const started = ticks === null || bootedAt === null ? null : bootedAt + Math.round((ticks / TICKS) * 1000);
    const user = status.uid === null ? null : (users.get(status.uid) ?? String(status.uid));
    rows.push([status.name, pid, user, program, status.memory, started]);
  }
  return { rows, truncated: ids.length > MOST_PROCESSES, note: ids.includes(1) ? '' : HIDDEN };
}

const matches = (part: string, ...texts: readonly (string | null)[]): boolean =>
  texts.some((each) => each?.toLowerCase().includes(part.toLowerCase()));

const text = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** Parses the status file of a process. Null if the process has ended. */
export function parseStatus(status: string): ProcessStatus | null {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? null;
  const name = field('Name');
  if (name === null) return null;
  const uid = /^\d+/.exec(field('Uid') ?? '')?.[0];
  const kibibytes = /^(\d+) kB/.exec(field('VmRSS') ?? '')?.[1];
  return {
    name,
    uid: uid === undefined ? null : Number(uid),
    memory: kibibytes === undefined ? null : Number(kibibytes) * 1024,
  };
}

/** Field 22 of /proc/PID/stat. The name in parentheses may itself contain spaces and parentheses. */
export function startTicks(stat: string): number | null {
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return stat !== '' && Number.isSafeInteger(ticks) ? ticks : null;
}

function bootTime(stat: string): number | null {
  const seconds = /^btime (\d+)$/m.exec(stat)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
