import { COMMAND_NAMES } from '../../../shared/api/command-names.ts';
import type { JobStateName } from '../../../shared/api/job-states.ts';
import type { JobSummary, JobView } from '../../../shared/api/jobs.ts';
import { type CommandKind, destroysData } from '../../../shared/protocol/command-kinds.ts';
import type { Command } from '../../../shared/protocol/frames.ts';
import type { CommandState } from '../words/commands.ts';

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

type Failure = JobView['failures'][number];
interface FailureCause extends Pick<Failure, 'state' | 'detail'> {
  readonly devices: readonly Failure[];
}

/** Failures with the same result together, the most frequent first. */
export function failureCauses(failures: readonly Failure[]): FailureCause[] {
  return [...Map.groupBy(failures, ({ state, detail }) => `${state} ${detail ?? ''}`).values()]
    .flatMap((devices) => (devices[0] ? [{ state: devices[0].state, detail: devices[0].detail, devices }] : []))
    .sort((a, b) => b.devices.length - a.devices.length);
}

/** Whether an admin may send the command of a job again from its page. A wipe needs the typed number of devices, in the device list. */
export const isRepeatable = (kind: CommandKind): boolean => !destroysData(kind) && kind !== 'roll-back-software';

/** Command for a further job. A change of software gets an id of its own, because a rollback names the change by its id. */
export const repeated = (command: Command): Command =>
  'change' in command ? { ...command, change: crypto.randomUUID() } : command;

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

/** Sentences about the rules of a job, for its page. */
export function ruleTexts({ waves, gate, stop, retry, window, priority, supersedes, joiners }: JobSummary): string[] {
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
  if (priority !== null) texts.push(`Devices run the command with a ${priority} priority.`);
  if (supersedes !== null) texts.push(`A newer job with the key ${supersedes} replaces the waiting commands.`);
  if (joiners) texts.push('Devices that match the filter later join the job until it expires.');
  return texts;
}
