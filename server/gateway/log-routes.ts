/** Upload of a device's log, for the command `collect-logs`. */
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_LOG } from '../../shared/protocol/device-http.ts';
import { commandIdSchema } from '../../shared/protocol/ids.ts';
import type { DeviceLogs } from '../device-logs/device-logs.ts';
import { bytesOf, type DeviceRoute } from './device-route.ts';

export type DeviceLogsPort = Pick<DeviceLogs, 'put'>;

export const logRoutes = (deviceLogs: DeviceLogsPort): DeviceRoute[] => [
  {
    method: 'PUT',
    path: '/device/logs/:id',
    async respond({ identity, request, id }) {
      const command = commandIdSchema.safeParse(id);
      if (!command.success) throw new CordonError('invalid_input', 'The path must end with the id of a command.');
      await deviceLogs.put(identity, command.data, () => bytesOf(request, LARGEST_LOG));
      return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
    },
  },
];
