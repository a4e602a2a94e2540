/** What an admin must see. */
import { alarmList, alarmQuery } from '../../shared/api/devices.ts';
import type { Devices } from '../devices/devices.ts';
import { type Route, route } from './route.ts';

const viewOf = ({ isGrave, ...alarm }: Awaited<ReturnType<Devices['alarms']>>[number]) => ({
  ...alarm,
  severity: isGrave ? ('grave' as const) : ('ordinary' as const),
});

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
        const { device = null, before = null, severity, limit } = query;
        const grave = severity === 'grave';
        const alarms = await devices.alarms({ scope: reach.devices, device, before, grave, limit });
        return { alarms: alarms.map(viewOf) };
      },
    }),
  ];
}
