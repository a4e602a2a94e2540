import type { Command } from 'commander';
import { type CommandView, commandList, commandView, issuedToMany } from '../../shared/api/commands.ts';
import { PRIORITIES } from '../../shared/protocol/command-kinds.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { type JobFlags, jobBody } from './job-flags.ts';
import { table, when } from './output.ts';
import { SENT_KINDS, sentKind } from './sent-kinds.ts';

interface Broadcast extends JobFlags {
  all?: boolean;
  group?: string;
  area?: string;
  device?: string[];
  id?: string;
  expires?: number;
  minutes?: number;
  count?: number;
}

export function addCommandCommands(program: Command, cli: Cli): void {
  const commands = commandOf(program, 'commands');
  commands
    .command('send')
    .description('Send a command to a device')
    .argument('<device>')
    .argument('<kind>', SENT_KINDS.join(', '), sentKind)
    .argument('[text]', 'text of a message')
    .option('--minutes <minutes>', 'countdown before a restart or shutdown, 1 to 60 minutes, usually 10', Number)
    .option('--reset-passcode', 'with unlock-workspace: also end a forgotten passcode of the workspace')
    .option('--id <id>', 'id of the request. A repeated request with this id is ignored')
    .option('--expires <seconds>', 'seconds until the command expires', Number)
    .action(
      async (
        device: string,
        kind: string,
        text: string | undefined,
        options: { id?: string; expires?: number; minutes?: number; resetPasscode?: true },
      ) => {
        const command = { kind, text, minutes: options.minutes, resetPasscode: options.resetPasscode };
        const body = { id: options.id, command, expiresInSeconds: options.expires };
        const sent = await cli
          .client()
          .call(commandView, 'POST', `/devices/${encodeURIComponent(device)}/commands`, body);
        cli.out().show(sent, [`${sent.id} ${sent.state}`]);
      },
    );
  commands
    .command('broadcast')
    .description('Send the same command to many devices, as a job. "cordon jobs" shows and controls it')
    .argument('<kind>', SENT_KINDS.join(', '), sentKind)
    .argument('[text]', 'text of a message')
    .option('--all', 'send to all active devices that your role includes')
    .option('--group <group>', 'send to all active devices of this group')
    .option('--area <area>', 'send to all active devices that are or may be in this area')
    .option('--device <device...>', 'send to the devices with these ids or names')
    .option('--minutes <minutes>', 'countdown before a restart or shutdown, 1 to 60 minutes, usually 10', Number)
    .option('--id <id>', 'id of the request. A repeated request with this id is ignored')
    .option('--expires <seconds>', 'seconds until the command expires', Number)
    .option(
      '--count <devices>',
      'number of devices that you confirm. Required to wipe or unenroll many devices',
      Number,
    )
    .option('--name <name>', 'name of the job')
    .option('--waves <sizes>', 'sizes of the waves, such as 10,10%. The last wave has the remaining devices')
    .option('--gate <percent>', 'percentage of a wave that must be settled before the next wave starts', Number)
    .option('--stop-at <percent>', 'failure rate that stops the job', Number)
    .option('--stop-after <results>', 'number of results from which the failure rate counts', Number)
    .option('--attempts <count>', 'attempts on a device that fails', Number)
    .option('--backoff <seconds>', 'pause before the second attempt. It doubles after each attempt', Number)
    .option('--window <times>', 'window in device time in which devices run the command, such as 22:00-04:00')
    .option('--days <days>', 'weekdays on which the window opens, such as 1,2,3 for Monday to Wednesday')
    .option('--priority <priority>', PRIORITIES.join(', '))
    .option('--supersedes <key>', 'cancel older queued commands with this key on the same devices')
    .option('--after <job>', 'send the command only to devices that have completed this job')
    .option('--late-joiners', 'devices that match the group or area later also get the command')
    .action(async (kind: string, text: string | undefined, options: Broadcast) => {
      const { all, group, area, device: devices, id, expires: expiresInSeconds, count: expect } = options;
      const filter = all || group || area ? { group, area } : undefined;
      const body = {
        id,
        command: { kind, text, minutes: options.minutes },
        expiresInSeconds,
        devices,
        filter,
        expect,
        ...jobBody(options),
      };
      const sent = await cli.client().call(issuedToMany, 'POST', '/commands', body);
      const refused = sent.refused.map(({ device, code }) => `${device} ${code}`);
      cli.out().show(sent, [`${sent.id} queued for ${sent.queued}, refused for ${refused.length}`, ...refused]);
    });
  commands
    .command('list')
    .description('List the commands of a device, newest first')
    .argument('<device>')
    .option('--before <command>', 'show commands older than the command with this id')
    .option('--limit <count>')
    .action(async (device: string, options: Record<string, string>) => {
      const path = `/devices/${encodeURIComponent(device)}/commands${queryOf(options)}`;
      const { commands: all } = await cli.client().call(commandList, 'GET', path);
      const rows = all.map(({ id, command, state, createdAt, finishedAt, displayed, detail }) => [
        id,
        command.kind,
        state,
        when(createdAt),
        when(finishedAt),
        when(displayed?.at ?? null),
        detail,
      ]);
      cli.out().show(all, table(['id', 'kind', 'state', 'made', 'finished', 'displayed', 'detail'], rows));
    });
  for (const [name, method, text] of [
    ['show', 'GET', 'Show the state of a command'],
    ['cancel', 'DELETE', 'Cancel a command that the device has not started'],
  ] as const) {
    commands
      .command(name)
      .description(text)
      .argument('<command>')
      .action(async (id: string) => {
        const command = await cli.client().call(commandView, method, `/commands/${encodeURIComponent(id)}`);
        cli
          .out()
          .show(command, [
            `${command.id} ${command.command.kind} ${command.state} ${plain(command.detail ?? '')}`.trimEnd(),
            ...displayedLines(command),
            ...cancelLines(command),
          ]);
      });
  }
}

function cancelLines({ state, cancelRequestedAt }: CommandView): string[] {
  if (state !== 'stored' || cancelRequestedAt === null) return [];
  return ['The device already has the command. The server asks it to cancel the command if it has not started.'];
}

function displayedLines({ command, displayed }: CommandView): string[] {
  if (command.kind !== 'message') return [];
  if (!displayed) return ['The device has not reported that its user has seen the message.'];
  return [`Displayed to the user on ${when(displayed.at)} (${displayed.on}).`];
}
