import type { AnswerState } from '../../../shared/api/live-queries.ts';
import type { Cell, Column, QueryKind } from '../../../shared/live-query/live-query.ts';
import { dateTime } from '../../../shared/look/time-words.ts';

export const QUERY_NAMES: Readonly<Record<QueryKind, string>> = {
  processes: 'Running processes',
  services: 'Services',
  'open-ports': 'Open ports',
  files: 'Files by hash',
};

export const QUERY_MEANING: Readonly<Record<QueryKind, string>> = {
  processes: 'Name, program, user, memory and start of each process. No arguments. Linux only.',
  services: 'State of each systemd service. Linux only.',
  'open-ports': 'Ports on which the device accepts connections. Linux only.',
  files: 'Paths of files with a given SHA-256 hash. The device sends no content.',
};

export const ANSWER_STATE_NAMES: Readonly<Record<AnswerState, string>> = {
  answered: 'Answered',
  waiting: 'Waiting for the answer',
  'not-connected': 'Not connected',
  'no-answer': 'No answer in time',
  failed: 'Failed',
  unsupported: 'Not supported by the device',
  off: 'Switched off by your organization',
  'not-displayed': 'Not yet displayed to the user',
  busy: 'Busy with other queries',
  'old-agent': 'The agent is too old',
  dropped: 'Answer too large',
};
export const ANSWER_STATE_ORDER = Object.keys(ANSWER_STATE_NAMES) as AnswerState[];

export const ANSWER_STATE_COLORS: Readonly<Partial<Record<AnswerState, string>>> = {
  answered: 'green.8',
  waiting: 'gray.5',
  failed: 'red.8',
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toLocaleString('en', { maximumFractionDigits: power === 0 ? 0 : 1 })} ${UNITS[power]}`;
}

/** Text of a cell; null if the device does not know the value. */
export function cellText(cell: Cell | undefined, { type }: Column): string | null {
  if (cell === null || cell === undefined) return null;
  if (typeof cell !== 'number') return cell;
  if (type === 'bytes') return bytesText(cell);
  return type === 'time' ? dateTime(cell) : String(cell);
}

export const devicesText = (count: number): string =>
  `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;
