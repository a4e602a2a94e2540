/** Lost mode on the command line. */
import type { Command } from 'commander';
import { deviceActionResult } from '../../shared/api/device-actions.ts';
import { type LostModeView, lostModeState, positionList } from '../../shared/api/lost-mode.ts';
import { done } from '../../shared/api/wire.ts';
import { LONGEST_LOST_DAYS, USUAL_LOST_DAYS } from '../../shared/lost-mode/lost-mode.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import {
  confirmedCount,
  resultLines,
  type SelectionOptions,
  selecting,
  selectionOf,
} from './device-action-commands.ts';
import { table, when } from './output.ts';

interface ManyOptions extends SelectionOptions {
  readonly count?: number;
}
interface StartOptions extends ManyOptions {
  readonly reason: string;
  readonly contact: string;
  readonly days?: number;
}

const path = (device: string, rest = ''): string => `/devices/${encodeURIComponent(device)}/lost-mode${rest}`;

export function addLostModeCommands(program: Command, cli: Cli): void {
  const lost = commandOf(program, 'lost-mode');
  many(lost.command('start').description('Start lost mode: the devices display it and report their positions'))
    .requiredOption('--reason <text>', 'reason, which the device displays')
    .requiredOption('--contact <text>', 'text for a person who finds the device, such as a phone number')
    .option(
      '--days <days>',
      `days until lost mode ends, at most ${LONGEST_LOST_DAYS} (default: ${USUAL_LOST_DAYS})`,
      Number,
    )
    .action(async (ids: string[], { reason, contact, days, ...options }: StartOptions) => {
      const wish = { reason, contact, days };
      const device = singleOf(ids, options);
      if (device === null) return changeMany(cli, ids, options, { action: 'start-lost-mode', fields: wish });
      const { lostMode } = await cli.client().call(lostModeState, 'POST', path(device), wish);
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
  many(lost.command('end').description('End lost mode of devices. The server deletes the positions')).action(
    async (ids: string[], options: ManyOptions) => {
      const device = singleOf(ids, options);
      if (device === null) return changeMany(cli, ids, options, { action: 'end-lost-mode', fields: {} });
      await cli.client().call(done, 'POST', path(device, '/end'), {});
      cli.out().show({ device, ended: true }, ['Lost mode is off. The server has deleted the positions.']);
    },
  );
}

const many = (command: Command): Command =>
  selecting(command).option('--count <devices>', 'number of affected devices that you confirm', Number);

/** The one named device; null for several devices or a filter. */
function singleOf(ids: readonly string[], options: ManyOptions): string | null {
  const { devices } = selectionOf(ids, options);
  return devices?.length === 1 ? (devices[0] ?? null) : null;
}

const EFFECTS = {
  'start-lost-mode': 'The action starts lost mode on',
  'end-lost-mode': 'The action ends lost mode of',
} as const;

async function changeMany(
  cli: Cli,
  ids: readonly string[],
  options: ManyOptions,
  { action, fields }: { readonly action: keyof typeof EFFECTS; readonly fields: object },
): Promise<void> {
  const selection = selectionOf(ids, options);
  const expect = options.count ?? (await confirmedCount(cli, { ...selection, action }, ids, EFFECTS[action]));
  const body = { ...selection, ...fields, expect };
  const result = await cli.client().call(deviceActionResult, 'POST', `/device-actions/${action}`, body);
  cli.out().show(result, resultLines(result));
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
