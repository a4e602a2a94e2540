import type { Command } from 'commander';
import { deviceLogList } from '../../shared/api/device-logs.ts';
import { type DeviceView, deviceDetail, deviceView, evidenceView, verdictView } from '../../shared/api/devices.ts';
import { CordonError } from '../../shared/errors.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';
import { type Cli, commandOf } from './cli.ts';
import { addDeviceActionCommands } from './device-action-commands.ts';
import { addDeviceListCommands } from './device-list-commands.ts';
import { saveDownload } from './download.ts';
import { table, when } from './output.ts';
import { type PlacementOptions, placementOf } from './placement-options.ts';
import { addReassignManyCommand } from './reassignment-commands.ts';

export function addDeviceCommands(program: Command, cli: Cli): void {
  const devices = commandOf(program, 'devices');
  addDeviceListCommands(devices, cli, { head: deviceHead, row: deviceRow });
  addViews(devices, cli);
  addUpdate(devices, cli);
  addLogs(devices, cli);
  addRename(devices, cli);
  devices
    .command('revoke')
    .description('Revoke the certificates of a device and close its connections')
    .argument('<device>')
    .option('--reason <reason>', 'reason: unspecified, keyCompromise, cessationOfOperation or privilegeWithdrawn')
    .action(async (id: string, body: { reason?: string }) => {
      const device = await cli.client().call(deviceView, 'POST', `/devices/${encodeURIComponent(id)}/revoke`, body);
      cli.out().show(device, [`${device.id} is ${device.status}.`]);
    });
  addVerdict(devices, cli);
  addDeviceActionCommands(program, cli);
  addReassignManyCommand(devices, cli);
}

function addRename(devices: Command, cli: Cli): void {
  devices
    .command('rename')
    .description('Set the display name of a device, or remove it with --clear')
    .argument('<device>')
    .argument('[name]', 'name that lists, searches and the user of the device see')
    .option('--clear', 'remove the name')
    .action(async (id: string, name: string | undefined, { clear = false }: { clear?: boolean }) => {
      if (clear === (name !== undefined)) {
        throw new CordonError('invalid_input', 'Give either a name, or --clear to remove the name.');
      }
      const path = `/devices/${encodeURIComponent(id)}/name`;
      const device = await cli.client().call(deviceView, 'PATCH', path, { name: name ?? null });
      const { displayName } = device;
      cli
        .out()
        .show(device, [displayName === null ? `${id} has no name.` : `${id} is now called ${plain(displayName)}.`]);
    });
}

function addLogs(devices: Command, cli: Cli): void {
  devices
    .command('logs')
    .description(
      'List the collected logs of a device, or download one. "cordon commands send DEVICE collect-logs" collects a log',
    )
    .argument('<device>')
    .option('--command <command>', 'command that collected the log to download')
    .option('--to <file>', 'new file for the log, compressed with gzip')
    .action(async (id: string, { command, to }: { command?: string; to?: string }) => {
      const path = `/devices/${encodeURIComponent(id)}/logs`;
      if ((command === undefined) !== (to === undefined)) {
        throw new CordonError('invalid_input', 'A download needs both options: --command and --to.');
      }
      if (command !== undefined && to !== undefined) {
        const response = await cli.client().raw('GET', `/api/v1${path}/${encodeURIComponent(command)}`);
        const bytes = await saveDownload(response, to, 'log');
        return cli.out().show({ file: to, bytes }, [`${to}: ${bytes} bytes`]);
      }
      const { logs } = await cli.client().call(deviceLogList, 'GET', path);
      const rows = logs.map((log) => [log.command, when(log.at), log.size, when(log.deletedAt)]);
      cli.out().show(logs, table(['command', 'collected', 'bytes', 'deleted'], rows));
    });
}

function addViews(devices: Command, cli: Cli): void {
  devices
    .command('show')
    .description('Show a device, its inventory and its location')
    .argument('<device>')
    .action(async (id: string) => {
      const path = `/devices/${encodeURIComponent(id)}`;
      const device = await cli.client().call(deviceDetail, 'GET', path);
      const { location, observations } = await cli.client().call(evidenceView, 'GET', `${path}/evidence`);
      const { inventory } = device;
      const { hardware, os } = inventory?.system ?? {};
      const make = [hardware?.manufacturer, hardware?.model, os?.distro, os?.release].filter(Boolean).join(' ');
      const machine = make === '' ? [] : [`machine: ${plain(make)}`];
      cli
        .out()
        .show({ ...device, location, observations }, [
          ...table(deviceHead, [deviceRow(device)]),
          ...(device.displayName === null ? [] : [`name: ${plain(device.displayName)}`]),
          ...machine,
          `location: ${location.areas.join(' or ') || 'unknown'} (${location.certainty}${location.source ? `, by ${location.source}` : ''})`,
          ...lifeCycleLines(device),
          ...workspaceLines(device),
          ...(device.mailConnector ? ['This device is a mail connector: it reads all mail of the company.'] : []),
          ...(device.underLegalHold
            ? ['A legal hold is active. The server deletes and wipes nothing of this device.']
            : []),
          ...statementLines(device.statement),
        ]);
    });
}

function addUpdate(devices: Command, cli: Cli): void {
  devices
    .command('update')
    .description('Change the home, seat or group of a device, or make a statement about its location')
    .argument('<device>')
    .option('--home <area>', 'home area, or "none" to use the home area of the group')
    .option('--seat <area>', 'legal seat, or "none" to use the legal seat of the group')
    .option('--group <group>')
    .option('--statement <area...>', 'areas that you state as the location, or "none" to end the statement')
    .option('--kind <kind>', 'kind of statement: presence (current location) or home', 'presence')
    .option('--until <time>', 'end of the location statement (RFC 3339)')
    .option('--reason <text>', 'reason for the statement')
    .action(async (id: string, options: PlacementOptions & { readonly group?: string }) => {
      const body = placementOf({ ...options, toGroup: options.group });
      const device = await cli.client().call(deviceView, 'PATCH', `/devices/${encodeURIComponent(id)}`, body);
      cli.out().show(device, table(deviceHead, [deviceRow(device)]));
    });
}

function addVerdict(devices: Command, cli: Cli): void {
  devices
    .command('verdict')
    .description('Show the services of a device and the orders that suspend them')
    .argument('<device>')
    .action(async (id: string) => {
      const verdict = await cli.client().call(verdictView, 'GET', `/devices/${encodeURIComponent(id)}/verdict`);
      const rows = SERVICES.map((service) => {
        const { allowed, denials, reasons } = verdict.services[service];
        return [
          service,
          allowed ? 'allowed' : 'denied',
          denials.map(({ order }) => order).join(' ') || null,
          reasons.join(' '),
        ];
      });
      const change = `next scheduled change: ${verdict.nextChange === null ? 'none' : when(verdict.nextChange)}`;
      cli.out().show(verdict, [...table(['service', 'verdict', 'orders', 'reasons'], rows), change]);
    });
}

function statementLines(statement: DeviceView['statement']): string[] {
  if (!statement) return [];
  const { kind, areas, until, reason } = statement;
  return [`statement of ${kind}: ${areas.join(' or ')}, until ${when(until)}: ${plain(reason)}`];
}

function lifeCycleLines({ lifeCycle, missingSince, deletedAfter, labels, underLegalHold }: DeviceView): string[] {
  const state =
    missingSince !== null
      ? `missing since ${when(missingSince)}`
      : deletedAfter === null
        ? lifeCycle
        : `retired. ${underLegalHold ? 'The legal hold keeps the record' : `The server deletes the record after ${when(deletedAfter)}`}`;
  return [`life cycle: ${state}`, ...(labels.length === 0 ? [] : [`labels: ${labels.map(plain).join(', ')}`])];
}

function workspaceLines({ workspace: { state, since }, passcode }: DeviceView): string[] {
  if (state === 'passcode') return ['workspace: waits for the user’s passcode'];
  const protection = passcode === 'none' ? '' : ', with a passcode';
  if (since === null) return ['workspace: open (this enrollment has reported no lock, unlock or wipe)'];
  return [`workspace: ${state} since ${when(since)}, as the device reported${protection}`];
}

const deviceHead = [
  'id',
  'user',
  'person',
  'group',
  'home',
  'status',
  'workspace',
  'connected',
  'last seen',
  'host',
  'list',
  'kind',
];
const deviceRow = (device: DeviceView) => [
  device.id,
  device.user,
  device.person,
  device.group.name,
  device.home,
  device.status,
  device.workspace.state,
  device.presence?.connected ?? false,
  when(device.presence?.lastSeenAt ?? null),
  device.displayName ?? device.hostname,
  device.presence?.listVersion ?? 0,
  device.mailConnector ? 'mail connector' : null,
];
