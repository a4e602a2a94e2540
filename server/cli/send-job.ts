/** Options of a command line that sends a command to many devices, and the request that they make. */
import type { Command } from 'commander';
import { issuedToMany } from '../../shared/api/commands.ts';
import type { Command as DeviceCommand } from '../../shared/protocol/frames.ts';
import type { Cli } from './cli.ts';
import { type JobFlags, jobBody } from './job-flags.ts';

export interface JobTarget extends JobFlags {
  all?: true;
  group?: string;
  device?: string[];
  id?: string;
  expires?: number;
}

export const addTargetOptions = (command: Command): Command =>
  command
    .option('--all', 'all active devices that your role includes')
    .option('--group <group>', 'all active devices of this group')
    .option('--device <device...>', 'the devices with these ids or names');

/** Devices of the options: a list, or a filter. */
export const targetOf = ({ all, group, device: devices }: JobTarget) => ({
  devices,
  filter: all || group ? { group } : undefined,
});

export const addJobOptions = (command: Command): Command =>
  command
    .option('--id <id>', 'id of the request. A repeated request with this id is ignored')
    .option('--expires <seconds>', 'seconds until the command expires', Number)
    .option('--name <name>', 'name of the job')
    .option('--waves <sizes>', 'sizes of the waves, such as 10,10%. The last wave has the remaining devices')
    .option('--stop-at <percent>', 'failure rate that stops the job', Number)
    .option('--window <times>', 'window in device time in which devices run the command, such as 22:00-04:00');

/** Sends a command to many devices, as a job. */
export async function sendJob(
  cli: Cli,
  command: DeviceCommand,
  to: { readonly devices?: readonly string[] | undefined; readonly filter?: object | undefined },
  options: JobTarget,
): Promise<void> {
  const { id, expires: expiresInSeconds } = options;
  const body = { id, command, expiresInSeconds, ...to, ...jobBody(options) };
  const sent = await cli.client().call(issuedToMany, 'POST', '/commands', body);
  const refused = sent.refused.map(({ device, code }) => `${device} ${code}`);
  cli.out().show(sent, [`${sent.id} queued for ${sent.queued}, refused for ${refused.length}`, ...refused]);
  cli.out().note(`Progress: cordon jobs show ${sent.id}`);
}
