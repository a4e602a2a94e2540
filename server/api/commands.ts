/** Routes for commands to one device or to many. A command is valid only for the device's current enrollment. */
import type { ActionName } from '../../shared/api/action-names.ts';
import {
  commandList,
  commandParams,
  commandQuery,
  commandToMany,
  commandView,
  issuedToMany,
  newCommand,
} from '../../shared/api/commands.ts';
import { deviceParams } from '../../shared/api/devices.ts';
import { CordonError } from '../../shared/errors.ts';
import { type CommandKind, destroysData } from '../../shared/protocol/command-kinds.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { Admins } from '../admins/admins.ts';
import type { RightName } from '../admins/rights.ts';
import type { CommandRecord } from '../commands/command-record.ts';
import { type Commands, DISCLOSURE_DESK } from '../commands/commands.ts';
import type { Devices } from '../devices/devices.ts';
import type { Scripts } from '../scripts/scripts.ts';
import { definedFields } from './defined-fields.ts';
import type { FilterRights } from './filter-rights.ts';
import { locatedBy, Reply, type Route, route } from './route.ts';

export interface CommandsPorts {
  readonly commands: Pick<Commands, 'issue' | 'issueToMany' | 'get' | 'list' | 'cancel'>;
  readonly devices: Pick<Devices, 'get' | 'select'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly scripts: Pick<Scripts, 'requireRunnable'>;
  readonly packages: { requireSigned(command: Command): Promise<void> };
  readonly files: { requireStored(command: Command): Promise<void> };
}

export function commandRoutes(ports: CommandsPorts): Route[] {
  return [...deviceCommandRoutes(ports), ...manyDeviceRoutes(ports)];
}

function deviceCommandRoutes({ commands, devices, admins, scripts, packages, files }: CommandsPorts): Route[] {
  return [
    route({
      name: 'commands.issue',
      method: 'post',
      path: '/devices/:id/commands',
      summary: 'Send a command to a device. A repeated request with the same id has no effect',
      params: deviceParams,
      body: newCommand,
      response: commandView,
      statuses: [201],
      async handler({ params, body, scope, demand, authorize, caller }) {
        const further = FURTHER_RIGHTS[body.command.kind];
        const allowed = further ? demand(further) : scope;
        const { id: device, passcode } = await devices.get(params.id, allowed.devices);
        const { command, expiresInSeconds, id = newCommandId() } = body;
        if (command.kind === 'run-script') await scripts.requireRunnable(command, 1);
        await packages.requireSigned(command);
        await files.requireStored(command);
        const isReset = command.kind === 'unlock-workspace' && command.resetPasscode === true;
        if (isReset && passcode === 'none') throw withoutPasscode();
        const action = isReset ? 'passcode.reset' : COMMAND_ACTIONS[command.kind];
        if (action) await authorize(action, [device], { ...body, id });
        const by = caller.account.id;
        const issued = await commands.issue({ id, device, command, by, expiresInSeconds });
        return new Reply(issued, { status: 201 });
      },
    }),
    route({
      name: 'commands.list',
      method: 'get',
      path: '/devices/:id/commands',
      summary: 'List the commands of a device, newest first',
      params: deviceParams,
      query: commandQuery,
      response: commandList,
      async handler({ params, query, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const before = query.before === undefined ? null : await commands.get(query.before);
        const listed = await commands.list(id, before, query.limit);
        return {
          commands: listed.map(withoutNotice),
          people: await admins.namesOf(new Set(listed.map(({ createdBy }) => createdBy))),
        };
      },
    }),
    route({
      name: 'commands.show',
      method: 'get',
      path: '/commands/:id',
      summary: 'Show a command',
      params: commandParams,
      response: commandView,
      async handler({ params, scope }) {
        const command = await commands.get(params.id);
        await devices.get(command.device, scope.devices);
        return withoutNotice(command);
      },
    }),
    route({
      name: 'commands.cancel',
      method: 'delete',
      path: '/commands/:id',
      summary: 'Cancel a command that the device has not started',
      params: commandParams,
      response: commandView,
      async handler({ params, scope, concern, caller }) {
        const { device, createdBy } = await commands.get(params.id);
        await devices.get(device, scope.devices);
        concern([device]);
        if (createdBy === DISCLOSURE_DESK) {
          throw new CordonError(
            'forbidden',
            'A notice about a disclosure cannot be canceled. The law grants it to the user.',
          );
        }
        return commands.cancel(params.id, caller.account.name);
      },
    }),
  ];
}

function manyDeviceRoutes({ commands, devices, filterRights, scripts, packages, files }: CommandsPorts): Route[] {
  return [
    route({
      name: 'commands.issue-many',
      method: 'post',
      path: '/commands',
      summary: 'Send a command to many devices, as a job. A repeated request with the same id has no effect',
      body: commandToMany,
      response: issuedToMany,
      statuses: [201],
      async handler({ body, scope, demand, authorize, concern, confirmed, caller }) {
        const {
          command,
          expiresInSeconds,
          devices: named,
          filter,
          id = newCommandId(),
          expect,
          joiners,
          ...options
        } = body;
        const further = FURTHER_RIGHTS[command.kind];
        const allowed = further ? demand(further) : scope;
        if (command.kind === 'fetch-file') throw onlyOneDevice('A file is fetched from');
        if ('resetPasscode' in command) throw onlyOneDevice('A passcode is reset on');
        if (confirmed === null) await filterRights.require(filter ?? {}, allowed.devices, demand);
        const addresses = locatedBy(demand);
        // The second person has confirmed exactly this list of devices, so the server does not apply the filter again.
        const to = await devices.select(confirmed ?? named ?? definedFields(filter ?? {}), allowed.devices, {
          addresses,
        });
        concern(to);
        if (destroysData(command.kind) && confirmed === null) requireConfirmedCount(expect, to.length);
        if (command.kind === 'run-script') await scripts.requireRunnable(command, to.length);
        await packages.requireSigned(command);
        await files.requireStored(command);
        const action = COMMAND_ACTIONS[command.kind];
        if (action && joiners === 'include') {
          const detail =
            'Devices cannot join a job with this command later, because nobody has confirmed them. Send it to a list of devices.';
          throw new CordonError('invalid_input', detail, { field: 'joiners' });
        }
        if (action && to.length > 0 && (expect === undefined || expect === to.length)) {
          const terms = definedFields({ ...options, joiners });
          await authorize(action, to, { ...terms, id, command, expiresInSeconds, devices: named, filter });
        }
        const by = caller.account.id;
        const issued = await commands.issueToMany({
          ...definedFields({ expect }),
          options,
          joiners:
            joiners === 'include' && filter
              ? { filter: definedFields(filter), scope: allowed.devices, addresses }
              : null,
          id,
          devices: to,
          command,
          by,
          expiresInSeconds,
        });
        return new Reply(issued, { status: 201 });
      },
    }),
  ];
}

/** A command that destroys data on many devices needs the number that the admin typed, in the console or on a command line. */
function requireConfirmedCount(expect: number | undefined, devices: number): void {
  if (expect !== undefined || devices <= 1) return;
  const detail = `The command destroys data on ${devices} devices. Nothing was sent. Confirm the number: set "expect" to ${devices}, or add --count ${devices} on the command line.`;
  throw new CordonError('invalid_input', detail, { field: 'expect', devices });
}

/** Hides the text of a notice about a disclosure. Otherwise each admin with access to the device could read who was the subject of a request. */
function withoutNotice(record: CommandRecord): CommandRecord {
  if (record.createdBy !== DISCLOSURE_DESK) return record;
  return { ...record, command: { kind: 'message', text: 'Notice of the disclosure desk. Only the user can read it.' } };
}

const withoutPasscode = (): CordonError =>
  new CordonError('conflict', 'The workspace of the device has no passcode that could be reset.');

const onlyOneDevice = (what: string): CordonError =>
  new CordonError('invalid_input', `${what} one device at a time. Use POST /devices/ID/commands.`, {
    field: 'command',
  });

/** Rights that a command needs in addition to the right of its route. A job with the command needs them again when it resumes. */
export const FURTHER_RIGHTS: Readonly<Partial<Record<CommandKind, RightName>>> = {
  'wipe-workspace': 'commands.destroy',
  unenroll: 'commands.destroy',
  'run-script': 'scripts.run',
  'change-software': 'commands.change-software',
  'roll-back-software': 'commands.change-software',
  'install-package': 'commands.change-software',
  'update-os': 'commands.change-software',
  'push-file': 'commands.push-file',
  'fetch-file': 'commands.fetch-file',
  'restart-device': 'commands.power',
  'shut-down-device': 'commands.power',
};

/** Action of the policy table that a command needs; null for a command that needs none. */
export const COMMAND_ACTIONS: Readonly<Record<CommandKind, ActionName | null>> = {
  message: null,
  'lock-workspace': 'workspace.lock',
  'unlock-workspace': null,
  'refresh-inventory': null,
  'restart-agent': null,
  'restart-device': 'device.restart',
  'shut-down-device': 'device.shut-down',
  'collect-logs': null,
  'push-file': 'file.push',
  'fetch-file': 'file.fetch',
  'run-script': 'script.run',
  'change-software': 'software.change',
  'roll-back-software': 'software.change',
  'install-package': 'software.change',
  'update-os': 'software.change',
  'wipe-workspace': 'workspace.wipe',
  unenroll: 'device.unenroll',
};
