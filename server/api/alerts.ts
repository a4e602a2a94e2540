import { alertList, alertParams, alertQuery } from '../../shared/api/devices.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Devices } from '../devices/devices.ts';
import { type Route, route } from './route.ts';

const viewOf = ({ isGrave, ...alert }: Awaited<ReturnType<Devices['alerts']>>[number]) => ({
  ...alert,
  severity: isGrave ? ('grave' as const) : ('ordinary' as const),
});

export function alertRoutes(devices: Pick<Devices, 'alerts' | 'acknowledgeAlert'>): Route[] {
  return [
    route({
      name: 'alerts.list',
      method: 'get',
      path: '/alerts',
      summary: 'List alerts, newest first',
      query: alertQuery,
      response: alertList,
      async handler({ query, scope: { devices: scope } }) {
        const {
          device = null,
          about = null,
          acknowledged = null,
          since = null,
          before = null,
          severity,
          limit,
        } = query;
        const grave = severity === 'grave';
        const alerts = await devices.alerts({ scope, device, about, acknowledged, since, before, grave, limit });
        return { alerts: alerts.map(viewOf) };
      },
    }),
    route({
      name: 'alerts.acknowledge',
      method: 'post',
      path: '/alerts/:id/acknowledge',
      summary: 'Acknowledge an alert',
      params: alertParams,
      response: done,
      async handler({ params, scope, caller }) {
        await devices.acknowledgeAlert(params.id, scope.devices, caller.account.id);
        return DONE;
      },
    }),
  ];
}
