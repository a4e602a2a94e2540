/** Lost mode on the command line. */
import type { Command } from 'commander';
import { type LostModeView, lostModeState, positionList } from '../../shared/api/lost-mode.ts';
import { done } from '../../shared/api/wire.ts';
import { LONGEST_LOST_DAYS, USUAL_LOST_DAYS } from '../../shared/lost-mode/lost-mode.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { table, when } from './output.ts';

const path = (device: string, rest = ''): string => `/devices/${encodeURIComponent(device)}/lost-mode${rest}`;

export function addLostModeCommands(program: Command, cli: Cli): void {
  const lost = commandOf(program, 'lost-mode');
  lost
    .command('start')
    .description('Start lost mode: the device displays it and reports its position')
    .argument('<device>')
    .requiredOption('--reason <text>', 'reason, which the device displays')
    .requiredOption('--contact <text>', 'text for a person who finds the device, such as a phone number')
    .option(
      '--days <days>',
      `days until lost mode ends, at most ${LONGEST_LOST_DAYS} (default: ${USUAL_LOST_DAYS})`,
      Number,
    )
    .action(async (device: string, body: { reason: string; contact: string; days?: number }) => {
      const { lostMode } = await cli.client().call(lostModeState, 'POST', path(device), body);
      cli.out().show(lostMode, linesOf(lostMode));
    });
  lost
    .command('show')
    .description('Show lost mode of a device, without its positions')
    .argument('<device>')
    .action(async (device: string) => {
      const { lostMode } = await cli.client().call(lostModeState, 'GET', path(device));
      cli.out().show(lostMode, linesOf(lostMode));
    });
  lost
    .command('locate')
    .description('Show the positions of a device in lost mode, newest first. The activity log records each request')
    .argument('<device>')
    .action(async (device: string) => {
      const { positions } = await cli.client().call(positionList, 'POST', path(device, '/locate'), {});
      const rows = positions.map(({ at, latitude, longitude, accuracy }) => [
        when(at),
        latitude,
        longitude,
        Math.ceil(accuracy),
      ]);
      const none = ['The device has not reported a position.'];
      cli.out().show(positions, rows.length === 0 ? none : table(['time', 'latitude', 'longitude', 'meters'], rows));
    });
  lost
    .command('end')
    .description('End lost mode of a device. The server deletes the positions')
    .argument('<device>')
    .action(async (device: string) => {
      await cli.client().call(done, 'POST', path(device, '/end'), {});
      cli.out().show({ device, ended: true }, ['Lost mode is off. The server has deleted the positions.']);
    });
}

const ENDS: Readonly<Record<NonNullable<LostModeView['endedBy']>, string>> = {
  admin: 'an admin ended it',
  user: 'the user ended it',
  expiry: 'it expired',
  enrollment: 'the enrollment ended',
  device: 'it had ended before the server was restored',
};

function linesOf(mode: LostModeView | null): string[] {
  if (mode === null) return ['Lost mode is off.'];
  const { reason, contact, startedAt, until, deliveredAt, unlocatedAt, endedAt, endedBy, positions } = mode;
  const started = [`started ${when(startedAt)}`, `reason: ${plain(reason)}`, `contact: ${plain(contact)}`];
  if (endedAt !== null && endedBy !== null) {
    return [`Lost mode is off since ${when(endedAt)}: ${ENDS[endedBy]}.`, ...started];
  }
  return [
    `Lost mode is on until ${when(until)}.`,
    ...started,
    deliveredAt === null
      ? 'The device has not received it.'
      : `The device has displayed it since ${when(deliveredAt)}.`,
    `positions: ${positions.count}${positions.newestAt === null ? '' : `, the newest of ${when(positions.newestAt)}`}`,
    ...(unlocatedAt === null ? [] : [`At ${when(unlocatedAt)}, no sensor of the device knew its position.`]),
  ];
}
