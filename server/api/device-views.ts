import {
  deviceColumns,
  deviceViewList,
  deviceViewParams,
  newDeviceView,
  savedDeviceView,
} from '../../shared/api/device-views.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { isAllowed } from '../admins/roles.ts';
import type { Devices } from '../devices/devices.ts';
import type { DeviceView } from '../devices/ports.ts';
import { definedFields } from './defined-fields.ts';
import type { FilterRights } from './filter-rights.ts';
import { type Route, route } from './route.ts';

export interface DeviceViewPorts {
  readonly devices: Pick<Devices, 'views'>;
  readonly filterRights: Pick<FilterRights, 'requireHeld'>;
}

export function deviceViewRoutes({ devices: { views }, filterRights }: DeviceViewPorts): Route[] {
  return [
    route({
      name: 'device-views.list',
      method: 'get',
      path: '/device-views',
      summary: 'List saved views of the device list, and the columns that the caller chose',
      response: deviceViewList,
      async handler({ caller: { account } }) {
        const [all, columns] = await Promise.all([views.list(account.id), views.columns(account.id)]);
        return { views: all.map((view) => viewOf(view, account.id)), columns };
      },
    }),
    route({
      name: 'device-views.create',
      method: 'post',
      path: '/device-views',
      summary: 'Save a view of the device list, for the caller or for all admins',
      body: newDeviceView,
      response: savedDeviceView,
      async handler({ body, caller: { account }, demand }) {
        if (body.shared) demand('device-views.share');
        await filterRights.requireHeld({ ...body.filter, sort: body.sort, columns: body.columns }, demand);
        return viewOf(await views.create(account.id, { ...body, filter: definedFields(body.filter) }), account.id);
      },
    }),
    route({
      name: 'device-views.update',
      method: 'patch',
      path: '/device-views/:id',
      summary: "Replace one of the caller's views of the device list",
      params: deviceViewParams,
      body: newDeviceView,
      response: savedDeviceView,
      async handler({ params: { id }, body, caller: { account }, demand }) {
        if (body.shared) demand('device-views.share');
        await filterRights.requireHeld({ ...body.filter, sort: body.sort, columns: body.columns }, demand);
        return viewOf(await views.update(id, account.id, { ...body, filter: definedFields(body.filter) }), account.id);
      },
    }),
    route({
      name: 'device-views.delete',
      method: 'delete',
      path: '/device-views/:id',
      summary: 'Delete a view of the device list. The devices stay as they are',
      params: deviceViewParams,
      response: done,
      async handler({ params: { id }, caller: { account }, demand }) {
        await views.remove(
          id,
          account.id,
          isAllowed(() => demand('device-views.share')),
        );
        return DONE;
      },
    }),
    route({
      name: 'device-columns.save',
      method: 'post',
      path: '/device-columns',
      summary: "Choose the columns of the caller's device list",
      body: deviceColumns,
      response: done,
      async handler({ body: { columns }, caller: { account }, demand }) {
        await filterRights.requireHeld({ columns }, demand);
        await views.setColumns(account.id, columns);
        return DONE;
      },
    }),
  ];
}

const viewOf = ({ owner, ownerName, ...view }: DeviceView, reader: AccountId) =>
  savedDeviceView.parse({ ...view, owner: { id: owner, name: ownerName }, mine: owner === reader });
