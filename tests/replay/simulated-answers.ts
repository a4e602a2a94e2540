/**
 * Answers of a simulated machine to live queries, and its output of scripts. Both are invented. A script never runs: its text could change
 * the machine on which the simulation runs.
 */
import type { ReadLiveQuery } from '../../agent/work/query/answer-query.ts';
import type { Isolation } from '../../agent/work/script-isolation.ts';
import type { AnswerRow, LiveQuery } from '../../shared/live-query/live-query.ts';
import type { MachineDetails } from './simulated-machine.ts';

const MEGABYTE = 1_000_000;

const PROCESSES = [
  ['systemd', 1, 'root', '/usr/lib/systemd/systemd', 14],
  ['sshd', 812, 'root', '/usr/sbin/sshd', 9],
  ['gnome-shell', 1904, 'user', '/usr/bin/gnome-shell', 410],
  ['firefox', 4211, 'user', '/usr/lib/firefox/firefox', 860],
  ['soffice.bin', 5120, 'user', '/usr/lib/libreoffice/program/soffice.bin', 330],
] as const;
const SERVICES = [
  ['ssh.service', 'active', 'running', 'OpenBSD Secure Shell server'],
  ['cron.service', 'active', 'running', 'Regular background program processing daemon'],
  ['cups.service', 'failed', 'failed', 'CUPS Scheduler'],
] as const;
const PORTS = [
  ['tcp', '0.0.0.0', 22, 'sshd', 'root'],
  ['udp', '0.0.0.0', 5353, 'avahi-daemon', 'avahi'],
  ['tcp', '127.0.0.1', 631, 'cupsd', 'root'],
] as const;

const number = ({ serial }: MachineDetails): number => [...serial].reduce((sum, one) => sum + one.charCodeAt(0), 0);

/** `now`: time of the simulated machine. */
export function answersOf(details: MachineDetails, now: () => number): ReadLiveQuery {
  return async (query) => ({ rows: rowsOf(details, query, now()) });
}

function rowsOf(details: MachineDetails, query: LiveQuery, now: number): readonly AnswerRow[] {
  const varied = number(details);
  switch (query.kind) {
    case 'processes':
      return PROCESSES.filter((_, index) => index < 3 || (varied + index) % 2 === 0)
        .filter(([name, , , program]) => [name, program].some((text) => text.includes(query.name ?? '')))
        .map(([name, pid, user, program, memory]) => {
          const used = (memory + (varied % 90)) * MEGABYTE;
          return [name, pid + (pid === 1 ? 0 : varied), user, program, used, now - (varied + pid) * 60_000];
        });
    case 'services':
      return SERVICES.filter((_, index) => index < 2 || varied % 3 === 0)
        .filter(([name]) => name.includes(query.name ?? ''))
        .filter(([, state]) => query.failed !== true || state === 'failed')
        .map((row) => [...row]);
    case 'open-ports':
      return PORTS.filter((_, index) => index < 2 || varied % 2 === 0)
        .filter(([, , port]) => query.port === undefined || query.port === port)
        .map((row) => [...row]);
    case 'files':
      return [];
  }
}

/** Isolation that starts a shell with fixed words instead of the script. The interpreter and the script's file are unused arguments. */
export function pretendedRun(details: MachineDetails): Isolation {
  const used = 30 + (number(details) % 60);
  const lines = [
    'Filesystem      Size  Used Avail Use% Mounted on',
    `/dev/nvme0n1p2  477G  ${Math.round(4.77 * used)}G  ${Math.round(4.77 * (100 - used))}G  ${used}% /`,
    '(This device is simulated. The script did not run, and this output is invented.)',
  ];
  const text = lines.map((line) => `'${line}'`).join(' ');
  return { wrapper: () => ['/bin/sh', '-c', `printf '%s\\n' ${text}`], filter: null, user: null };
}
