/** Routes for lost mode. Coordinates have a route of their own, which is not a GET: each of its requests is an entry of the activity log. */
import { deviceActionResult, lostModeEndOfMany, lostModeOfMany } from '../../shared/api/device-actions.ts';
import { deviceParams } from '../../shared/api/devices.ts';
import { lostModeRequest, lostModeState, positionList } from '../../shared/api/lost-mode.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type Devices, stepsOf } from '../devices/devices.ts';
import type { LostModes } from '../lost-mode/lost-mode.ts';
import { createDeviceSelection } from './device-selection.ts';
import type { FilterRights } from './filter-rights.ts';
import { Reply, type Route, route } from './route.ts';

export interface LostModePorts {
  readonly lostMode: Pick<LostModes, 'start' | 'startAll' | 'state' | 'end' | 'endAll' | 'positions'>;
  readonly devices: Pick<Devices, 'get' | 'select' | 'assess'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
}

export function lostModeRoutes({ lostMode, devices, filterRights }: LostModePorts): Route[] {
  const { decide } = createDeviceSelection(devices, filterRights);

  return [
    route({
      name: 'lost-mode.show',
      method: 'get',
      path: '/devices/:id/lost-mode',
      summary: 'Show lost mode of a device, without coordinates',
      params: deviceParams,
      response: lostModeState,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        return { lostMode: await lostMode.state(id) };
      },
    }),
    route({
      name: 'lost-mode.start',
      method: 'post',
      path: '/devices/:id/lost-mode',
      summary: 'Start lost mode: the device displays it and reports its position until the mode ends',
      params: deviceParams,
      body: lostModeRequest,
      response: lostModeState,
      statuses: [201],
      async handler({ params, body, scope, authorize }) {
        const { id } = await devices.get(params.id, scope.devices);
        await authorize('lost-mode.start', [id]);
        return new Reply({ lostMode: await lostMode.start(id, body) }, { status: 201 });
      },
    }),
    route({
      name: 'lost-mode.locate',
      method: 'post',
      path: '/devices/:id/lost-mode/locate',
      summary: 'Show the positions of a device in lost mode. Each request is an entry of the activity log',
      params: deviceParams,
      response: positionList,
      async handler({ params, scope, authorize }) {
        const { id } = await devices.get(params.id, scope.devices);
        await authorize('device.locate', [id]);
        return { positions: lostMode.positions(id) };
      },
    }),
    route({
      name: 'lost-mode.end',
      method: 'post',
      path: '/devices/:id/lost-mode/end',
      summary: 'End lost mode of a device, and delete its positions',
      params: deviceParams,
      response: done,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        await lostMode.end(id);
        return DONE;
      },
    }),
    route({
      name: 'lost-mode.start-many',
      method: 'post',
      path: '/device-actions/start-lost-mode',
      summary: 'Start lost mode on each of the devices, with the same texts',
      body: lostModeOfMany,
      response: deviceActionResult,
      async handler(request) {
        const { reason, contact, days } = request.body;
        const { affected, refused } = await decide(request, { kind: 'start-lost-mode' });
        await request.authorize('lost-mode.start', affected);
        const changed = await inSteps(affected, (some) => lostMode.startAll(some, { reason, contact, days }));
        return { changed, refused };
      },
    }),
    route({
      name: 'lost-mode.end-many',
      method: 'post',
      path: '/device-actions/end-lost-mode',
      summary: 'End lost mode on each of the devices, and delete the positions',
      body: lostModeEndOfMany,
      response: deviceActionResult,
      async handler(request) {
        const { affected, refused } = await decide(request, { kind: 'end-lost-mode' });
        await request.authorize('lost-mode.end-many', affected);
        return { changed: await inSteps(affected, lostMode.endAll), refused };
      },
    }),
  ];
}

async function inSteps(
  devices: readonly DeviceId[],
  change: (some: readonly DeviceId[]) => Promise<number>,
): Promise<number> {
  let changed = 0;
  for await (const some of stepsOf(devices)) changed += await change(some);
  return changed;
}
