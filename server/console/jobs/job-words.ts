import type { JobStateName } from '../../../shared/api/job-states.ts';
import type { JobSummary } from '../../../shared/api/jobs.ts';
import { COMMAND_NAMES, type CommandState } from '../words/commands.ts';

export const JOB_STATE_NAMES: Readonly<Record<JobStateName, string>> = {
  running: 'Running',
  paused: 'Paused',
  stopped: 'Stopped',
  finished: 'Finished',
  aborted: 'Aborted',
  expired: 'Expired',
};

export const JOB_STATE_COLORS: Readonly<Record<JobStateName, string>> = {
  running: 'blue',
  paused: 'yellow',
  stopped: 'red',
  finished: 'green',
  aborted: 'gray',
  expired: 'gray',
};

export const COMMAND_STATE_COLORS: Readonly<Record<CommandState, string>> = {
  done: 'green.8',
  stored: 'cordon.6',
  queued: 'gray.5',
  failed: 'red.8',
  expired: 'orange.8',
  canceled: 'gray.7',
};
/** States of commands in the sequence of progress bars and filters. */
export const COMMAND_STATE_ORDER: readonly CommandState[] = [
  'done',
  'stored',
  'queued',
  'failed',
  'expired',
  'canceled',
];

export const devicesText = (count: number): string =>
  `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;

export const jobTitle = ({ name, command, total }: Pick<JobSummary, 'name' | 'command' | 'total'>): string =>
  name ?? `${COMMAND_NAMES[command.kind]}, ${devicesText(total)}`;

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Sentences about the rules of a job, for its page. */
export function ruleTexts({ waves, gate, stop, retry, window, supersedes, joiners }: JobSummary): string[] {
  const texts: string[] = [];
  if (waves.length > 1) texts.push(`The next wave starts when ${gate} % of a wave is settled.`);
  if (stop) {
    texts.push(
      `The job stops at a failure rate of ${stop.percent} %, from ${stop.minimum} results and at the end of each wave.`,
    );
  }
  if (retry) {
    const pause = retry.backoff < 120 ? `${retry.backoff} seconds` : `${Math.round(retry.backoff / 60)} minutes`;
    texts.push(
      `The server makes up to ${retry.attempts} attempts on a device that fails. The first pause is ${pause}.`,
    );
  }
  if (window) {
    const days = window.days?.map((day) => WEEKDAYS[day - 1]).join(', ') ?? 'every day';
    texts.push(`Devices run the command from ${window.from} to ${window.to} in their local time, ${days}.`);
  }
  if (supersedes !== null) texts.push(`A newer job with the key ${supersedes} replaces the waiting commands.`);
  if (joiners) texts.push('Devices that match the filter later join the job until it expires.');
  return texts;
}
