/** Commands to a device or to many: durable, acknowledged, bound to one enrolment. */
import {
  commandList,
  commandParams,
  commandQuery,
  commandToMany,
  commandView,
  issuedToMany,
  newCommand,
  requestProgress,
} from '../../shared/api/commands.ts';
import { deviceParams } from '../../shared/api/devices.ts';
import type { CommandKind } from '../../shared/protocol/frames.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { ActionName } from '../admins/action-policy.ts';
import type { Admins } from '../admins/admins.ts';
import { type Commands, totalOf } from '../commands/commands.ts';
import { DESTROYING } from '../commands/lifecycle.ts';
import type { Devices } from '../devices/devices.ts';
import { Reply, type Route, route } from './route.ts';
import { withoutUndefined } from './without-undefined.ts';

export interface CommandsPorts {
  readonly commands: Pick<Commands, 'issue' | 'issueToMany' | 'get' | 'list' | 'cancel' | 'progress'>;
  readonly devices: Pick<Devices, 'get' | 'reached'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function commandRoutes({ commands, devices, admins }: CommandsPorts): Route[] {
  return [
    route({
      name: 'commands.issue',
      method: 'post',
      path: '/devices/:id/commands',
      summary: 'Queue a command; with the same id again it is the same command',
      params: deviceParams,
      body: newCommand,
      response: commandView,
      statuses: [201],
      async handler({ params, body, reach, demand, authorize, caller }) {
        // What cannot be undone takes the right `commands.destroy` besides.
        const destroying = DESTROYING.has(body.command.kind) ? demand('commands.destroy') : reach;
        const { id: device } = await devices.get(params.id, destroying.devices);
        const { command, expiresInSeconds, id = newCommandId() } = body;
        const action = actionOf(command.kind);
        if (action) await authorize(action, [device], { ...body, id });
        const by = caller.account.id;
        const issued = await commands.issue({ id, device, command, by, expiresInSeconds });
        return new Reply(issued, { status: 201 });
      },
    }),
    route({
      name: 'commands.issue-many',
      method: 'post',
      path: '/commands',
      summary: 'Queue the same command for many devices; with the same id again nothing is queued twice',
      body: commandToMany,
      response: issuedToMany,
      statuses: [201],
      async handler({ body, reach, demand, authorize, confirmed, caller }) {
        const { command, expiresInSeconds, devices: named, filter, id = newCommandId(), ...given } = body;
        const { devices: scope } = DESTROYING.has(command.kind) ? demand('commands.destroy') : reach;
        // A second person confirmed these devices, and no others.
        const to = await devices.reached(confirmed ?? named ?? withoutUndefined(filter ?? {}), scope);
        const action = actionOf(command.kind);
        const { expect, ...rest } = withoutUndefined(given);
        if (action && to.length > 0 && (expect === undefined || expect === to.length)) {
          await authorize(action, to, { ...rest, id, command, expiresInSeconds, devices: named, filter });
        }
        const by = caller.account.id;
        const issued = await commands.issueToMany({
          ...withoutUndefined(given),
          id,
          devices: to,
          command,
          by,
          expiresInSeconds,
        });
        return new Reply(issued, { status: 201 });
      },
    }),
    route({
      name: 'commands.list',
      method: 'get',
      path: '/devices/:id/commands',
      summary: "A device's commands, newest first",
      params: deviceParams,
      query: commandQuery,
      response: commandList,
      async handler({ params, query, reach }) {
        const { id } = await devices.get(params.id, reach.devices);
        const before = query.before === undefined ? null : await commands.get(query.before);
        const listed = await commands.list(id, before, query.limit);
        return { commands: listed, people: await admins.namesOf(new Set(listed.map(({ createdBy }) => createdBy))) };
      },
    }),
    route({
      name: 'commands.progress',
      method: 'get',
      path: '/commands/:id/progress',
      summary: 'How far a command for many has come, on the devices that one reaches',
      params: commandParams,
      response: requestProgress,
      async handler({ params, reach }) {
        const progress = await commands.progress(params.id, reach.devices);
        return { ...progress, total: totalOf(progress), people: await admins.namesOf(new Set([progress.createdBy])) };
      },
    }),
    route({
      name: 'commands.show',
      method: 'get',
      path: '/commands/:id',
      summary: 'A command and how far it has come',
      params: commandParams,
      response: commandView,
      async handler({ params, reach }) {
        const command = await commands.get(params.id);
        await devices.get(command.device, reach.devices);
        return command;
      },
    }),
    route({
      name: 'commands.cancel',
      method: 'delete',
      path: '/commands/:id',
      summary: 'Cancel a command that no device has stored',
      params: commandParams,
      response: commandView,
      async handler({ params, reach, caller }) {
        const { device } = await commands.get(params.id);
        await devices.get(device, reach.devices);
        return commands.cancel(params.id, caller.account.name);
      },
    }),
  ];
}

function actionOf(kind: CommandKind): ActionName | null {
  switch (kind) {
    case 'wipe-workspace':
      return 'workspace.wipe';
    case 'unenrol':
      return 'device.unenroll';
    case 'lock-workspace':
      return 'workspace.lock';
    default:
      return null;
  }
}
