/** What an admin must see. */
import { alarmList, alarmQuery } from '../../shared/api/devices.ts';
import type { Devices } from '../devices/devices.ts';
import { type Route, route } from './route.ts';

export function alarmRoutes(devices: Pick<Devices, 'alarms'>): Route[] {
  return [
    route({
      name: 'alarms.list',
      method: 'get',
      path: '/alarms',
      summary: 'Alarms, newest first',
      query: alarmQuery,
      response: alarmList,
      async handler({ query, reach }) {
        const { device = null, before = null, limit } = query;
        return { alarms: await devices.alarms({ scope: reach.devices, device, before, limit }) };
      },
    }),
  ];
}
