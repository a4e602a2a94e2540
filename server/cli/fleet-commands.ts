/** groups, codes, devices, commands and alarms. */
import type { Command } from 'commander';
import { codeList, createdCode } from '../../shared/api/codes.ts';
import { commandList, commandView, issuedToMany } from '../../shared/api/commands.ts';
import {
  alarmList,
  type DeviceView,
  deviceDetail,
  devicePage,
  deviceView,
  evidenceView,
  verdictView,
} from '../../shared/api/devices.ts';
import { groupList, groupView } from '../../shared/api/groups.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { COMMAND_KINDS } from '../../shared/protocol/frames.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { SERVICES } from '../../shared/verdict/terms.ts';
import type { Cli } from './cli.ts';
import { table, when } from './output.ts';
import { personForCode } from './people-commands.ts';
import { qrText } from './qr-text.ts';

interface CodeOptions {
  readonly person?: string;
  readonly user?: string;
  readonly group: string;
  readonly hours?: number;
}

export function addFleetCommands(program: Command, cli: Cli): void {
  addGroups(program, cli);
  addCodes(program, cli);
  addDevices(program, cli);
  addCommands(program, cli);
  program
    .command('alarms')
    .description('list alarms, newest first; repetitions within a day are one entry with a count')
    .option('--device <device>')
    .option('--severity <severity>', 'grave: only alarms that may mean an attack')
    .option('--before <id>', 'older than this alarm')
    .action(async (options: Record<string, string>) => {
      const { alarms } = await cli.client().call(alarmList, 'GET', `/alarms${search(options)}`);
      const rows = alarms.map(({ id, at, firstAt, count, severity, device, code, detail }) => [
        ...[id, when(at), count, count > 1 ? when(firstAt) : '', severity, device, code, detail],
      ]);
      cli.out().show(alarms, table(['id', 'at', 'count', 'first', 'severity', 'device', 'code', 'detail'], rows));
    });
}

function addGroups(program: Command, cli: Cli): void {
  const groups = program.command('groups').description('groups of devices');
  groups
    .command('list')
    .description("the groups that one's role reaches")
    .action(async () => {
      const { groups: all } = await cli.client().call(groupList, 'GET', '/groups');
      const rows = all.map(({ id, name, home, seat }) => [id, name, home, seat]);
      cli.out().show(all, table(['id', 'name', 'home', 'seat'], rows));
    });
  groups
    .command('add')
    .description('make a group')
    .argument('<name>')
    .option('--home <area>', 'for devices that have none of their own')
    .option('--seat <area>', 'for devices that have none of their own')
    .action(async (name: string, places: { home?: string; seat?: string }) => {
      const group = await cli.client().call(groupView, 'POST', '/groups', { name, ...places });
      cli.out().show(group, [group.id]);
    });
  groups
    .command('update')
    .description('change its name, or the home and seat of devices that have none of their own')
    .argument('<group>')
    .option('--name <name>')
    .option('--home <area>', 'or "none"')
    .option('--seat <area>', 'or "none"')
    .action(async (id: string, { name, home, seat }: { name?: string; home?: string; seat?: string }) => {
      const body = { name, home: placeOrNone(home), seat: placeOrNone(seat) };
      const group = await cli.client().call(groupView, 'PATCH', `/groups/${encodeURIComponent(id)}`, body);
      cli.out().show(group, table(['id', 'name', 'home', 'seat'], [[group.id, group.name, group.home, group.seat]]));
    });
  groups
    .command('remove')
    .description('remove a group that holds no device and no activation code')
    .argument('<group>')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/groups/${encodeURIComponent(id)}`), ['Removed.']);
    });
}

function addCodes(program: Command, cli: Cli): void {
  const codes = program.command('codes').description('activation codes: one device each');
  codes
    .command('create')
    .description('make a code, as a link and as a QR code')
    .option('--person <person>', 'the id of the user of the device')
    .option('--user <name>', 'add a new person of this name; refused when there is a person of this name')
    .requiredOption('--group <group>')
    .option(
      '--device <device>',
      'enrol this device of the group again, instead of a new one; its home and seat stay where none is named',
    )
    .option('--home <area>')
    .option('--seat <area>')
    .option('--hours <hours>', 'how long it can be used', Number)
    .action(async ({ hours, user, person: id, ...given }: CodeOptions) => {
      const chosen = { group: given.group, ...(id && { person: id }), ...(user && { user }) };
      const person = await personForCode(cli.client(), chosen);
      const body = { ...given, person, ...(hours === undefined ? {} : { expiresInHours: hours }) };
      const code = await cli.client().call(createdCode, 'POST', '/codes', body);
      const qr = await qrText(code.link);
      cli.out().show(code, [qr, code.link, `For one device, until ${when(code.expiresAt)}. It is not shown again.`]);
    });
  codes
    .command('list')
    .description('codes, without their secrets')
    .action(async () => {
      const { codes: all } = await cli.client().call(codeList, 'GET', '/codes');
      const rows = all.map(({ id, user, person, group, home, state, expiresAt }) => [
        id,
        user,
        person,
        group,
        home,
        state,
        when(expiresAt),
      ]);
      cli.out().show(all, table(['id', 'user', 'person', 'group', 'home', 'state', 'expires'], rows));
    });
  codes
    .command('cancel')
    .description('cancel a code that has not been used')
    .argument('<code>', 'its id')
    .action(async (id: string) => {
      cli.out().show(await cli.client().call(done, 'DELETE', `/codes/${encodeURIComponent(id)}`), ['Cancelled.']);
    });
}

function statementLines(statement: DeviceView['statement']): string[] {
  if (!statement) return [];
  const { kind, areas, until, reason } = statement;
  return [`statement of ${kind}: ${areas.join(' or ')}, until ${when(until)}: ${plain(reason)}`];
}

const deviceHead = ['id', 'user', 'person', 'group', 'home', 'status', 'connected', 'last seen', 'host', 'list'];
const deviceRow = (device: DeviceView) => [
  device.id,
  device.user,
  device.person,
  device.group.name,
  device.home,
  device.status,
  device.presence?.connected ?? false,
  when(device.presence?.lastSeenAt ?? null),
  device.hostname,
  device.presence?.listVersion ?? 0,
];

function addDevices(program: Command, cli: Cli): void {
  const devices = program.command('devices').description('enrolled devices');
  devices
    .command('list')
    .description('page by page; --cursor takes the next one')
    .option('--text <text>', "part of the user's name, the host name or the id")
    .option('--person <person>', 'only devices of this person')
    .option('--group <group>')
    .option('--area <area>', 'where the device is, or may be')
    .option('--status <status>', 'active, revoked or unenrolled')
    .option('--connected <true|false>')
    .option('--sort <sort>', 'id, user, enrolled or seen')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .action(async (options: Record<string, string>) => {
      const page = await cli.client().call(devicePage, 'GET', `/devices${search(options)}`);
      const more = page.cursor === null ? [] : [`more: --cursor ${page.cursor}`];
      cli.out().show(page, [...table(deviceHead, page.devices.map(deviceRow)), ...more]);
    });
  devices
    .command('show')
    .description('a device, its inventory, and where it is taken to be')
    .argument('<device>')
    .action(async (id: string) => {
      const path = `/devices/${encodeURIComponent(id)}`;
      const device = await cli.client().call(deviceDetail, 'GET', path);
      const { location, observations } = await cli.client().call(evidenceView, 'GET', `${path}/evidence`);
      const { inventory } = device;
      const { hardware, os } = inventory ?? {};
      const make = [hardware?.manufacturer, hardware?.model, os?.distro, os?.release].filter(Boolean).join(' ');
      const machine = make === '' ? [] : [`machine: ${plain(make)}`];
      cli
        .out()
        .show({ ...device, location, observations }, [
          ...table(deviceHead, [deviceRow(device)]),
          ...machine,
          `location: ${location.areas.join(' or ') || 'unknown'} (${location.certainty}${location.source ? `, by ${location.source}` : ''})`,
          ...(device.underHold ? ['A legal hold stands: nothing of it is destroyed.'] : []),
          ...statementLines(device.statement),
        ]);
    });
  devices
    .command('update')
    .description("set home, seat, group or an admin's statement of where it is")
    .argument('<device>')
    .option('--home <area>', 'or "none" to take it from the group')
    .option('--seat <area>', 'or "none" to take it from the group')
    .option('--group <group>')
    .option('--statement <area...>', 'where it is, on your word; or "none" to take it back')
    .option(
      '--kind <kind>',
      'of the statement: presence (where it is) or home (one place instead of its home)',
      'presence',
    )
    .option('--until <time>', 'how long the statement holds (RFC 3339)')
    .option('--reason <text>', 'why the statement is made')
    .action(
      async (
        id: string,
        options: {
          home?: string;
          seat?: string;
          group?: string;
          statement?: string[];
          kind: string;
          until?: string;
          reason?: string;
        },
      ) => {
        const { statement, kind, until, reason, group } = options;
        const body = {
          home: placeOrNone(options.home),
          seat: placeOrNone(options.seat),
          group,
          statement:
            statement?.[0] === 'none'
              ? null
              : statement && { kind, areas: statement, until: instant(until), reason: reasonOf(reason) },
        };
        const device = await cli.client().call(deviceView, 'PATCH', `/devices/${encodeURIComponent(id)}`, body);
        cli.out().show(device, table(deviceHead, [deviceRow(device)]));
      },
    );
  devices
    .command('revoke')
    .description('revoke its certificates and close its connections')
    .argument('<device>')
    .option('--reason <reason>', 'unspecified, keyCompromise, cessationOfOperation or privilegeWithdrawn')
    .action(async (id: string, body: { reason?: string }) => {
      const device = await cli.client().call(deviceView, 'POST', `/devices/${encodeURIComponent(id)}/revoke`, body);
      cli.out().show(device, [`${device.id} is ${device.status}.`]);
    });
  devices
    .command('verdict')
    .description('which services it has, and which orders deny the others')
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
      const change = `next change by itself: ${verdict.nextChange === null ? 'none' : when(verdict.nextChange)}`;
      cli.out().show(verdict, [...table(['service', 'verdict', 'orders', 'reasons'], rows), change]);
    });
}

interface Broadcast {
  all?: boolean;
  group?: string;
  area?: string;
  device?: string[];
  id?: string;
  expires?: number;
}

function addCommands(program: Command, cli: Cli): void {
  const commands = program.command('commands').description('commands to devices');
  commands
    .command('send')
    .description('queue a command')
    .argument('<device>')
    .argument('<kind>', COMMAND_KINDS.join(', '))
    .argument('[text]', 'of a message')
    .option('--id <id>', 'makes a repetition harmless')
    .option('--expires <seconds>', 'when to give up', Number)
    .action(
      async (device: string, kind: string, text: string | undefined, options: { id?: string; expires?: number }) => {
        const command = { kind, text };
        const body = { id: options.id, command, expiresInSeconds: options.expires };
        const sent = await cli
          .client()
          .call(commandView, 'POST', `/devices/${encodeURIComponent(device)}/commands`, body);
        cli.out().show(sent, [`${sent.id} ${sent.state}`]);
      },
    );
  commands
    .command('broadcast')
    .description('queue the same command for many devices')
    .argument('<kind>', COMMAND_KINDS.join(', '))
    .argument('[text]', 'of a message')
    .option('--all', "every active device that one's role reaches")
    .option('--group <group>', 'every active device of the group')
    .option('--area <area>', 'every active device that is there, or may be')
    .option('--device <device...>', 'these devices')
    .option('--id <id>', 'makes a repetition harmless')
    .option('--expires <seconds>', 'when to give up', Number)
    .action(async (kind: string, text: string | undefined, options: Broadcast) => {
      const { all, group, area, device: devices, id, expires: expiresInSeconds } = options;
      const filter = all || group || area ? { group, area } : undefined;
      const body = { id, command: { kind, text }, expiresInSeconds, devices, filter };
      const sent = await cli.client().call(issuedToMany, 'POST', '/commands', body);
      const refused = sent.refused.map(({ device, code }) => `${device} ${code}`);
      cli.out().show(sent, [`${sent.id} queued for ${sent.queued}, refused for ${refused.length}`, ...refused]);
    });
  commands
    .command('list')
    .description("a device's commands, newest first")
    .argument('<device>')
    .option('--before <command>', 'older than this one: the next page')
    .option('--limit <count>')
    .action(async (device: string, options: Record<string, string>) => {
      const path = `/devices/${encodeURIComponent(device)}/commands${search(options)}`;
      const { commands: all } = await cli.client().call(commandList, 'GET', path);
      const rows = all.map(({ id, command, state, createdAt, finishedAt, detail }) => [
        id,
        command.kind,
        state,
        when(createdAt),
        when(finishedAt),
        detail,
      ]);
      cli.out().show(all, table(['id', 'kind', 'state', 'made', 'finished', 'detail'], rows));
    });
  for (const [name, method, text] of [
    ['show', 'GET', 'how far a command has come'],
    ['cancel', 'DELETE', 'cancel a command that no device has stored'],
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
          ]);
      });
  }
}

function search(options: Record<string, string>): string {
  const query = new URLSearchParams(options).toString();
  return query === '' ? '' : `?${query}`;
}

function instant(text: string | undefined): number {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at))
    throw new CordonError('invalid_input', 'A statement needs --until, such as 2026-01-31T12:00:00Z.');
  return at;
}

function reasonOf(text: string | undefined): string {
  if (text) return text;
  throw new CordonError('invalid_input', 'A statement needs --reason: why you take the device to be there.');
}

function placeOrNone(area: string | undefined): string | null | undefined {
  return area === 'none' ? null : area;
}
