/** Routes for the logs that agents sent. `collect-logs` is a command, so `POST /devices/:id/commands` collects a log. */
import { deviceLogList, deviceLogParams } from '../../shared/api/device-logs.ts';
import { deviceParams } from '../../shared/api/devices.ts';
import { nothing } from '../../shared/api/wire.ts';
import { type DeviceLogs, LOG_DAYS } from '../device-logs/device-logs.ts';
import type { Devices } from '../devices/devices.ts';
import { BytesReply, type Route, route } from './route.ts';

export interface DeviceLogsPorts {
  readonly deviceLogs: Pick<DeviceLogs, 'list' | 'bytes'>;
  readonly devices: Pick<Devices, 'get'>;
}

const DAY = 86_400_000;

export function deviceLogRoutes({ deviceLogs, devices }: DeviceLogsPorts): Route[] {
  return [
    route({
      name: 'device-logs.list',
      method: 'get',
      path: '/devices/:id/logs',
      summary: 'List the collected logs of a device, newest first',
      params: deviceParams,
      response: deviceLogList,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const logs = await deviceLogs.list(id);
        return { logs: logs.map((log) => ({ ...log, deletedAt: log.at + LOG_DAYS * DAY })) };
      },
    }),
    route({
      name: 'device-logs.download',
      method: 'get',
      path: '/devices/:id/logs/:command',
      summary: 'Download a collected log of a device, compressed with gzip',
      params: deviceLogParams,
      response: nothing,
      raw: 'download',
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const bytes = await deviceLogs.bytes(id, params.command);
        return new BytesReply(bytes, `${id}-${params.command}.log.gz`, 'application/gzip');
      },
    }),
  ];
}
