/** Actions on the records of one or many devices: life cycle, labels, placement, groups and holds. Each accepts device ids, or a filter. */
import type { Command } from 'commander';
import type { z } from 'zod';
import type { SecondPerson } from '../../shared/api/actions.ts';
import { createdCode } from '../../shared/api/codes.ts';
import { confirmersText, effectText } from '../../shared/api/confirmation-words.ts';
import {
  type DeviceActionImpact,
  deviceActionImpact,
  deviceActionResult,
  RECORD_ACTIONS,
} from '../../shared/api/device-actions.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { CordonError } from '../../shared/errors.ts';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { when } from './output.ts';
import { type PlacementOptions, placementOf } from './placement-options.ts';

export interface SelectionOptions {
  readonly all?: boolean;
  readonly group?: string;
  readonly person?: string;
  readonly label?: string;
  readonly text?: string;
}

interface Options extends PlacementOptions, SelectionOptions {
  readonly count?: number;
  readonly add?: string[];
  readonly remove?: string[];
  readonly reference?: string;
}

/** Actions that the admin confirms with the number of devices. */
const ENDING = new Set(['retire', 'revoke']);

const ACTIONS = [
  ['mark-missing', 'mark-missing', 'Mark devices as missing'],
  ['mark-found', 'mark-found', 'Remove the mark "missing" from devices'],
  ['retire', 'retire', 'Retire devices: end their certificates, and delete their records after 400 days'],
  ['revoke-many', 'revoke', 'Revoke the certificates of devices and close their connections'],
  ['label', 'label', 'Add labels to devices, or remove labels'],
  ['place', 'place', 'Change home, seat or primary group of devices, or make a statement about their location'],
  ['add-to-group', 'add-to-group', 'Add devices to a static group'],
  ['remove-from-group', 'remove-from-group', 'Remove devices from a static group'],
  ['hold', 'place-hold', 'Place a legal hold on each of the devices'],
] as const;

export function addDeviceActionCommands(program: Command, cli: Cli): void {
  const devices = commandOf(program, 'devices');
  for (const [name, action, description] of ACTIONS) {
    const command = selecting(devices.command(name).description(description));
    command.option('--count <devices>', 'number of affected devices that you confirm', Number);
    if (action === 'revoke')
      command.option(
        '--reason <reason>',
        'reason: unspecified, keyCompromise, cessationOfOperation or privilegeWithdrawn',
      );
    if (action === 'label') labeling(command);
    if (action === 'place') placing(command);
    if (action.endsWith('-group')) grouping(command);
    if (action === 'place-hold') {
      command
        .requiredOption('--reason <reason>', 'reason, shown only to admins who may read legal holds')
        .option('--reference <number>', 'case number');
    }
    command.action(async (ids: string[], options: Options) => {
      const selection = selectionOf(ids, options);
      const body = { ...selection, ...fieldsOf(action, options) };
      const expect =
        options.count ??
        (ENDING.has(action)
          ? await confirmedCount(cli, { ...selection, action }, ids, 'The action ends the enrollments of')
          : undefined);
      const path = `/device-actions/${action}`;
      const result = await cli.client().call(deviceActionResult, 'POST', path, { ...body, expect });
      cli.out().show(result, resultLines(result));
    });
  }
  const preview = selecting(
    devices
      .command('preview')
      .description('Show which devices an action would affect, and which the server would refuse')
      .argument('<action>', [...COMMAND_KINDS, ...RECORD_ACTIONS].join(', ')),
  );
  placing(labeling(preview)).action(async (action: string, ids: string[], options: Options) => {
    const { reason: _reason, reference: _reference, ...fields } = fieldsOf(action, options);
    const body = { ...selectionOf(ids, options), ...fields, action };
    const impact = await cli.client().call(deviceActionImpact, 'POST', '/device-actions/preview', body);
    cli.out().show(impact, impactLines(impact));
  });
  addReassign(devices, cli);
}

export const selecting = (command: Command): Command =>
  command
    .argument('[devices...]', 'ids of the devices, instead of a filter')
    .option('--all', 'all devices that your role includes')
    .option('--group <group>', 'devices of this group')
    .option('--person <person>', 'devices of this user')
    .option('--label <label>', 'devices with this label')
    .option('--text <text>', 'devices whose user name, name, host name or id contains this text');

const labeling = (command: Command): Command =>
  command
    .option('--add <label...>', 'labels to add, at most 40 characters each')
    .option('--remove <label...>', 'labels to remove');

const placing = (command: Command): Command =>
  command
    .option('--home <area>', 'home area, or "none" for the default of the group')
    .option('--seat <area>', 'legal seat, or "none" for the default of the group')
    .option('--to-group <group>', 'new primary group, or the static group that devices join or leave')
    .option('--statement <area...>', 'areas that you state as the location, or "none" to end the statements')
    .option('--kind <kind>', 'kind of statement: presence (current location) or home')
    .option('--until <time>', 'end of the statement (RFC 3339)')
    .option('--reason <text>', 'reason for the statement');

const grouping = (command: Command): Command =>
  command.requiredOption('--to-group <group>', 'static group that devices join or leave');

export function selectionOf(ids: readonly string[], { all, group, person, label, text }: SelectionOptions) {
  const filter = { group, person, label, text };
  const filtered = all === true || Object.values(filter).some((value) => value !== undefined);
  if (filtered !== ids.length > 0) return filtered ? { filter } : { devices: ids };
  const detail = 'Name the devices, or choose them by --all, --group, --person, --label or --text. Not both.';
  throw new CordonError('invalid_input', detail);
}

/** Fields of the request that the action itself needs. */
function fieldsOf(action: string, options: Options) {
  const { add, remove, reason, reference, toGroup } = options;
  switch (action) {
    case 'label':
      return { add, remove };
    case 'place':
      return { change: placementOf(options) };
    case 'add-to-group':
    case 'remove-from-group':
      return { group: toGroup };
    case 'revoke':
    case 'place-hold':
      return { reason, reference };
    default:
      return {};
  }
}

/**
 * Number of devices that the admin confirms without `--count`: one for a single named device. Otherwise throws an error that names the
 * number. `effect`: beginning of a sentence that ends with the number of devices.
 */
export async function confirmedCount(
  cli: Cli,
  preview: object,
  ids: readonly string[],
  effect: string,
): Promise<number> {
  if (ids.length === 1) return 1;
  const { affected } = await cli.client().call(deviceActionImpact, 'POST', '/device-actions/preview', preview);
  const detail = `${effect} ${affected} devices. Nothing was changed. Confirm the number: add --count ${affected}.`;
  throw new CordonError('invalid_input', detail, { devices: affected });
}

export const resultLines = ({ changed, refused }: z.output<typeof deviceActionResult>): string[] => [
  `changed ${changed}`,
  ...refusalLines(refused),
];

const refusalLines = (refused: DeviceActionImpact['refused']): string[] =>
  refused.map(({ text, count, sample }) => `refused ${count}: ${text} (${sample.slice(0, 5).join(' ')})`);

function impactLines({ affected, effects, secondPerson, sample, refused }: DeviceActionImpact): string[] {
  const names = sample.map(({ id, user, hostname }) => `  ${id} ${plain(user)} ${plain(hostname ?? '')}`.trimEnd());
  const more = affected > sample.length ? [`  and ${affected - sample.length} more`] : [];
  const changes = effects.map(effectText);
  return [
    `affected ${affected}`,
    ...names,
    ...more,
    ...changes,
    ...secondPersonLines(secondPerson),
    ...refusalLines(refused),
  ];
}

/** Lines of a preview about the second person who must confirm the action. */
export const secondPersonLines = (second: SecondPerson): string[] =>
  second.needed ? [`A second person must confirm the action. ${plain(confirmersText(second))}`] : [];

function addReassign(devices: Command, cli: Cli): void {
  devices
    .command('reassign')
    .description('Create an activation link with which a device enrolls again for another person')
    .argument('<device>')
    .argument('<person>', 'id or name of the new owner')
    .option('--hours <hours>', 'lifetime of the link in hours', Number)
    .action(async (id: string, person: string, { hours }: { hours?: number }) => {
      const client = cli.client();
      const device = await client.call(deviceView, 'GET', `/devices/${encodeURIComponent(id)}`);
      const body = { device: device.id, person, group: device.group.id, expiresInHours: hours };
      const code = await client.call(createdCode, 'POST', '/codes', body);
      const until = `Until ${when(code.expiresAt)}, and for this device only. It is not shown again.`;
      const effect = `The device belongs to ${plain(device.user)} until it uses the link. Work data, messages and mail of ${plain(device.user)} then do not pass to the new owner.`;
      cli.out().show(code, [code.link, until, effect]);
    });
}
