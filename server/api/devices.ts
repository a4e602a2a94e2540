import type { z } from 'zod';
import {
  certificateList,
  deviceChange,
  deviceDetail,
  deviceExportQuery,
  deviceNames,
  deviceNamesQuery,
  devicePage,
  deviceParams,
  deviceQuery,
  deviceReceiptList,
  deviceRename,
  deviceView,
  evidenceView,
  labelList,
  MOST_LISTED_LABELS,
  revocation,
  verdictView,
} from '../../shared/api/devices.ts';
import { explanationQuery, explanationView } from '../../shared/api/explanation.ts';
import { nothing } from '../../shared/api/wire.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import { reportedAmong } from '../../shared/inventory/list-fields.ts';
import { changedPlacement, type Devices, type ListDevices } from '../devices/devices.ts';
import { groupInScope, groupsWith, requireInScope } from '../devices/scope.ts';
import { seesLocation, visibleDevice, visibleNames } from '../devices/visibility.ts';
import type { GroupMembers } from '../groups/groups.ts';
import type { Inventories } from '../inventory/inventory.ts';
import type { Jurisdiction } from '../jurisdiction/jurisdiction.ts';
import type { Effect } from '../orders/effect/effect.ts';
import type { Evidence } from '../orders/evidence/evidence.ts';
import type { Receipts } from '../orders/evidence/receipts.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { definedFields } from './defined-fields.ts';
import { deviceListCsv } from './device-list-csv.ts';
import type { FilterRights } from './filter-rights.ts';
import { CSV, generatedFile } from './generated-file.ts';
import { visibleInventory, withheldSections } from './inventory.ts';
import { requireShort } from './location-override.ts';
import { type Input, locatedBy, type Route, route } from './route.ts';

export interface DevicesPorts {
  readonly devices: Pick<
    Devices,
    'list' | 'batches' | 'get' | 'getGroup' | 'update' | 'rename' | 'revoke' | 'certificates' | 'names' | 'labels'
  >;
  readonly inventory: Pick<Inventories, 'of'>;
  readonly orders: {
    readonly effect: Pick<Effect, 'verdict'>;
    readonly receipts: Pick<Receipts, 'ofDevice'>;
    readonly evidence: Pick<Evidence, 'explain'>;
    readonly statements: Pick<LocationStatements, 'placements'>;
  };
  readonly groupMembers: Pick<GroupMembers, 'membershipsOf'>;
  readonly filterRights: Pick<FilterRights, 'neededFor' | 'readableGroups'>;
  readonly now: () => number;
  readonly jurisdiction: Pick<Jurisdiction, 'evidence' | 'locations'>;
}

export function deviceRoutes(ports: DevicesPorts): Route[] {
  return [...listRoutes(ports), ...changeRoutes(ports), ...stateRoutes(ports)];
}

type Listed = z.output<typeof deviceExportQuery>;

/** Builds the list that the query requests. A list by location or by facts about users has only devices whose data the caller may see. */
async function listOf(
  query: Listed,
  { scope, demand }: Pick<Input<unknown, unknown, unknown>, 'scope' | 'demand'>,
  filterRights: Pick<FilterRights, 'neededFor'>,
): Promise<Omit<ListDevices, 'limit'>> {
  const { sort, descending, ...fields } = { ...query, columns: undefined };
  const needed = await filterRights.neededFor(query);
  const limited = [...needed].map((right) => demand(right).devices).filter((one) => one !== null);
  const [first] = limited;
  if (limited.some((one) => JSON.stringify(one) !== JSON.stringify(first))) {
    throw new CordonError(
      'forbidden',
      'Your roles show locations and facts about users for different devices, so one list cannot use both. Remove the location or the fact.',
    );
  }
  return {
    filter: definedFields(fields),
    scope: first ?? scope.devices,
    addresses: locatedBy(demand),
    columns: reportedAmong(query.columns ?? []),
    sort,
    descending,
  };
}

function listRoutes({
  devices,
  inventory,
  jurisdiction,
  groupMembers,
  filterRights,
}: Pick<DevicesPorts, 'devices' | 'inventory' | 'jurisdiction' | 'groupMembers' | 'filterRights'>): Route[] {
  return [
    route({
      name: 'devices.list',
      method: 'get',
      path: '/devices',
      summary: 'List devices, page by page',
      query: deviceQuery,
      response: devicePage,
      async handler({ query: { limit, cursor, offset, ...query }, scope, demand }) {
        const located = locatedBy(demand);
        const page = await devices.list({
          ...(await listOf(query, { scope, demand }, filterRights)),
          limit,
          cursor: cursor ?? null,
          offset: offset ?? 0,
        });
        const where = await jurisdiction.locations(page.items.map(({ id }) => id));
        const listed = page.items.map((device) => ({
          ...visibleDevice(device, located),
          areas: seesLocation(located, device) ? (where.get(device.id) ?? []) : null,
          ...(query.columns && { facts: page.facts.get(device.id) ?? {} }),
        }));
        return { devices: listed, cursor: page.cursor, total: page.total };
      },
    }),
    route({
      name: 'devices.export',
      method: 'get',
      path: '/devices.csv',
      summary: 'Download the device list as CSV, with the same filters and columns as the list',
      query: deviceExportQuery,
      response: nothing,
      raw: 'download',
      async handler({ query, scope, demand }) {
        const list = await listOf(query, { scope, demand }, filterRights);
        return generatedFile('devices.csv', CSV, deviceListCsv(devices.batches(list), list.columns ?? []));
      },
    }),
    route({
      name: 'devices.names',
      method: 'get',
      path: '/device-names',
      summary: 'Get the names of devices by id',
      query: deviceNamesQuery,
      response: deviceNames,
      handler: async ({ query: { ids }, scope }) => ({
        devices: visibleNames(await devices.names(ids), scope.devices),
      }),
    }),
    route({
      name: 'devices.labels',
      method: 'get',
      path: '/device-labels',
      summary: 'List the labels of devices, the most frequent first',
      response: labelList,
      handler: async ({ scope }) => ({ labels: await devices.labels(scope.devices, MOST_LISTED_LABELS) }),
    }),
    route({
      name: 'devices.show',
      method: 'get',
      path: '/devices/:id',
      summary: 'Show a device and its inventory',
      params: deviceParams,
      response: deviceDetail,
      async handler({ params, scope, demand }) {
        const device = await devices.get(params.id, scope.devices);
        const stored = visibleInventory(await inventory.of(device.id), withheldSections(device, demand));
        const memberships = (await groupMembers.membershipsOf(device.id)).filter(
          ({ id, kind }) => kind === 'primary' || groupInScope(scope.devices, { id, home: null }),
        );
        const groups = await filterRights.readableGroups(memberships, device, demand);
        return { ...visibleDevice(device, locatedBy(demand)), groups, inventory: stored };
      },
    }),
  ];
}

function changeRoutes({ devices, orders, now }: Pick<DevicesPorts, 'devices' | 'orders' | 'now'>): Route[] {
  return [
    route({
      name: 'devices.update',
      method: 'patch',
      path: '/devices/:id',
      summary: 'Change home, seat or group of a device, or state its location',
      params: deviceParams,
      body: deviceChange,
      response: deviceView,
      async handler({ params, body, scope, caller, authorize, confirmer }) {
        const known = await devices.get(params.id, scope.devices);
        const before = await devices.getGroup(known.group.id);
        const after = body.group === undefined ? before : await devices.getGroup(body.group);
        const { statement, ...change } = definedFields(body);
        const { present, next, placed } = changedPlacement(known, { before, after }, definedFields(body));
        // The device must remain in the admin's scope. Otherwise the admin could not reverse the change.
        for (const one of placed) requireInScope(scope.devices, one);
        const effects = await orders.statements.placements([{ device: params.id, present, placement: next }]);
        const overridden = effects.map(({ order }) => order);
        if (statement) requireShort(statement.until, overridden, 1, now());
        if (overridden.length > 0) await authorize('location.override', [params.id]);
        const { home, seat } = next;
        return devices.update(params.id, {
          ...change,
          ...(statement !== undefined && {
            statement: statement && { ...statement, by: caller.account.id, confirmedBy: confirmer },
          }),
          ...(overridden.length > 0 && {
            override: { orders: overridden, by: caller.account.id, confirmedBy: confirmer, home, seat },
          }),
        });
      },
    }),
    route({
      name: 'devices.rename',
      method: 'patch',
      path: '/devices/:id/name',
      summary: 'Set or remove the display name of a device',
      params: deviceParams,
      body: deviceRename,
      response: deviceView,
      async handler({ params, body, scope, demand }) {
        const { id } = await devices.get(params.id, scope.devices);
        return visibleDevice(await devices.rename(id, body.name), locatedBy(demand));
      },
    }),
    route({
      name: 'devices.revoke',
      method: 'post',
      path: '/devices/:id/revoke',
      summary: 'Revoke the certificates of a device and close its connections',
      params: deviceParams,
      body: revocation,
      response: deviceView,
      async handler({ params, body, scope, authorize }) {
        const { id } = await devices.get(params.id, scope.devices);
        await authorize('device.revoke', [id]);
        return devices.revoke(id, body.reason);
      },
    }),
  ];
}

function stateRoutes({ devices, orders, jurisdiction, now }: DevicesPorts): Route[] {
  return [
    route({
      name: 'devices.verdict',
      method: 'get',
      path: '/devices/:id/verdict',
      summary: 'Show the services of a device and the orders that suspend them',
      params: deviceParams,
      response: verdictView,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        return { device: id, ...(await orders.effect.verdict(id)) };
      },
    }),
    route({
      name: 'devices.evidence',
      method: 'get',
      path: '/devices/:id/evidence',
      summary: 'Show the location of a device and its evidence',
      params: deviceParams,
      response: evidenceView,
      async handler({ params, scope }) {
        const { id, statement } = await devices.get(params.id, scope.devices);
        return { ...(await jurisdiction.evidence(id)), statement };
      },
    }),
    route({
      name: 'devices.explain',
      method: 'get',
      path: '/devices/:id/explanation',
      summary: 'Explain the location and services of a device at a past time',
      params: deviceParams,
      query: explanationQuery,
      response: explanationView,
      async handler({ params, query, scope }) {
        const device = await devices.get(params.id, scope.devices);
        const { id } = device;
        const explained = await orders.evidence.explain(id, query.at ?? now());
        // The device may have been in another group at the requested past time. That group may be outside the caller's scope.
        const home = explained.home === null ? null : parseHomeArea(explained.home);
        requireInScope(scope.devices, { groups: groupsWith(explained.group.id, device), home });
        return explained;
      },
    }),
    route({
      name: 'devices.certificates',
      method: 'get',
      path: '/devices/:id/certificates',
      summary: 'List the certificates of a device',
      params: deviceParams,
      response: certificateList,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        return { certificates: await devices.certificates(id) };
      },
    }),
    route({
      name: 'devices.receipts',
      method: 'get',
      path: '/devices/:id/receipts',
      summary: 'List the signed receipts of a device',
      params: deviceParams,
      response: deviceReceiptList,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        return { receipts: (await orders.receipts.ofDevice(id)).map(({ receipt }) => receipt) };
      },
    }),
  ];
}
