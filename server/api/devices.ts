/** Devices: what is known of each, its verdict and its evidence, and its end. */
import {
  certificateList,
  deviceChange,
  deviceDetail,
  devicePage,
  deviceParams,
  deviceQuery,
  deviceReceiptList,
  deviceView,
  evidenceView,
  revocation,
  verdictView,
} from '../../shared/api/devices.ts';
import { explanationQuery, explanationView } from '../../shared/api/explanation.ts';
import { parsePlace } from '../../shared/areas/area-code.ts';
import type { Devices } from '../devices/devices.ts';
import { requireInScope } from '../devices/scope.ts';
import type { Jurisdiction } from '../jurisdiction/jurisdiction.ts';
import type { Orders } from '../orders/orders.ts';
import { type Route, route } from './route.ts';
import { withoutUndefined } from './without-undefined.ts';

export interface DevicesPorts {
  readonly devices: Pick<Devices, 'list' | 'get' | 'getGroup' | 'update' | 'revoke' | 'inventory' | 'certificates'>;
  readonly orders: Pick<Orders, 'verdict' | 'receiptsOf' | 'explain'>;
  /** Domain time. */
  readonly now: () => number;
  readonly jurisdiction: Pick<Jurisdiction, 'evidence' | 'whereabouts'>;
}

export function deviceRoutes({ devices, orders, jurisdiction, now }: DevicesPorts): Route[] {
  return [
    route({
      name: 'devices.list',
      method: 'get',
      path: '/devices',
      summary: "Devices, page by page, of the groups that one's role reaches",
      query: deviceQuery,
      response: devicePage,
      async handler({ query: { sort, descending, limit, cursor, offset, ...given }, reach }) {
        const filter = withoutUndefined(given);
        const page = await devices.list({
          filter,
          scope: reach.devices,
          sort,
          descending,
          limit,
          cursor: cursor ?? null,
          offset: offset ?? 0,
        });
        const where = await jurisdiction.whereabouts(page.items.map(({ id }) => id));
        const listed = page.items.map((device) => ({ ...device, areas: where.get(device.id) ?? [] }));
        return { devices: listed, cursor: page.cursor, total: page.total };
      },
    }),
    route({
      name: 'devices.show',
      method: 'get',
      path: '/devices/:id',
      summary: 'A device with its inventory',
      params: deviceParams,
      response: deviceDetail,
      async handler({ params, reach }) {
        const device = await devices.get(params.id, reach.devices);
        return { ...device, inventory: await devices.inventory(device.id) };
      },
    }),
    route({
      name: 'devices.update',
      method: 'patch',
      path: '/devices/:id',
      summary: "Set home, seat, group or an admin's statement of where the device is",
      params: deviceParams,
      body: deviceChange,
      response: deviceView,
      async handler({ params, body, reach }) {
        const { group, own } = await devices.get(params.id, reach.devices);
        // What it becomes must be in reach too: else a device could be pushed out of sight.
        const after = await devices.getGroup(body.group ?? group.id);
        const home = (body.home === undefined ? own.home : body.home) ?? after.home;
        requireInScope(reach.devices, { group: after.id, home });
        const stated = body.statement?.kind === 'home' ? body.statement.areas[0] : undefined;
        if (stated) requireInScope(reach.devices, { group: after.id, home: stated });
        return devices.update(params.id, withoutUndefined(body));
      },
    }),
    route({
      name: 'devices.verdict',
      method: 'get',
      path: '/devices/:id/verdict',
      summary: 'Which services the device has now, and which orders deny the others',
      params: deviceParams,
      response: verdictView,
      async handler({ params, reach }) {
        const { id } = await devices.get(params.id, reach.devices);
        return { device: id, ...(await orders.verdict(id)) };
      },
    }),
    route({
      name: 'devices.evidence',
      method: 'get',
      path: '/devices/:id/evidence',
      summary: 'Where the device is taken to be, and why',
      params: deviceParams,
      response: evidenceView,
      async handler({ params, reach }) {
        const { id, statement } = await devices.get(params.id, reach.devices);
        return { ...(await jurisdiction.evidence(id)), statement };
      },
    }),
    route({
      name: 'devices.explain',
      method: 'get',
      path: '/devices/:id/explanation',
      summary: 'Where the device was at a past instant, what it might do then, and why',
      params: deviceParams,
      query: explanationQuery,
      response: explanationView,
      async handler({ params, query, reach }) {
        const { id } = await devices.get(params.id, reach.devices);
        const explained = await orders.explain(id, query.at ?? now());
        // What it was while it belonged to others is theirs.
        const home = explained.home === null ? null : parsePlace(explained.home);
        requireInScope(reach.devices, { group: explained.group.id, home });
        return explained;
      },
    }),
    route({
      name: 'devices.certificates',
      method: 'get',
      path: '/devices/:id/certificates',
      summary: 'The certificates that were issued to the device',
      params: deviceParams,
      response: certificateList,
      async handler({ params, reach }) {
        const { id } = await devices.get(params.id, reach.devices);
        return { certificates: await devices.certificates(id) };
      },
    }),
    route({
      name: 'devices.receipts',
      method: 'get',
      path: '/devices/:id/receipts',
      summary: "The device's own signed words about orders",
      params: deviceParams,
      response: deviceReceiptList,
      async handler({ params, reach }) {
        const { id } = await devices.get(params.id, reach.devices);
        return { receipts: (await orders.receiptsOf(id)).map(({ receipt }) => receipt) };
      },
    }),
    route({
      name: 'devices.revoke',
      method: 'post',
      path: '/devices/:id/revoke',
      summary: "Revoke the device's certificates and close its connections",
      params: deviceParams,
      body: revocation,
      response: deviceView,
      async handler({ params, body, reach, authorize }) {
        const { id } = await devices.get(params.id, reach.devices);
        await authorize('device.revoke', [id]);
        return devices.revoke(id, body.reason);
      },
    }),
  ];
}
