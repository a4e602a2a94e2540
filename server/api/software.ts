import {
  softwareCsvQuery,
  softwareDetail,
  softwareDevicePage,
  softwareDevicesCsvQuery,
  softwareDevicesQuery,
  softwarePage,
  softwareQuery,
  titleParams,
} from '../../shared/api/software.ts';
import { nothing } from '../../shared/api/wire.ts';
import type { Inventories } from '../inventory/inventory.ts';
import type { FoundDevice } from '../inventory/software.ts';
import { CSV, csvBlocks, generatedFile } from './generated-file.ts';
import { type Route, route } from './route.ts';

export interface SoftwarePorts {
  readonly inventory: Pick<Inventories, 'software'>;
}

export function softwareRoutes({ inventory: { software } }: SoftwarePorts): Route[] {
  return [
    route({
      name: 'software.list',
      method: 'get',
      path: '/software',
      summary: 'List software titles with the number of their devices, page by page',
      query: softwareQuery,
      response: softwarePage,
      async handler({ query: { text = null, name = null, source = null, cursor = null, limit }, scope }) {
        const page = await software.list({ text, exact: name, source, cursor, limit, scope: scope.devices });
        return { titles: page.items, cursor: page.cursor };
      },
    }),
    route({
      name: 'software.csv',
      method: 'get',
      path: '/software.csv',
      summary: 'Download the software titles as CSV',
      query: softwareCsvQuery,
      response: nothing,
      raw: 'download',
      async handler({ query: { text = null, name = null, source = null }, scope }) {
        const titles = software.all({ text, exact: name, source, scope: scope.devices });
        const lines = csvBlocks(['source', 'name', 'newest', 'versions', 'devices'], titles, (title) => [
          title.source,
          title.name,
          title.newest,
          title.versions,
          title.devices,
        ]);
        return generatedFile('software.csv', CSV, lines);
      },
    }),
    route({
      name: 'software.show',
      method: 'get',
      path: '/software/:id',
      summary: 'Show the versions of a software title and the number of their devices',
      params: titleParams,
      response: softwareDetail,
      handler: ({ params, scope }) => software.show(params.id, scope.devices),
    }),
    route({
      name: 'software.devices',
      method: 'get',
      path: '/software/:id/devices',
      summary: 'List the devices that have a software title, by version',
      params: titleParams,
      query: softwareDevicesQuery,
      response: softwareDevicePage,
      handler: ({ params, query: { limit, cursor = 0, ...filter }, scope }) =>
        software.devices(params.id, filter, { scope: scope.devices, cursor, limit }),
    }),
    route({
      name: 'software.devices-csv',
      method: 'get',
      path: '/software/:id/devices.csv',
      summary: 'Download the devices that have a software title as CSV',
      params: titleParams,
      query: softwareDevicesCsvQuery,
      response: nothing,
      raw: 'download',
      async handler({ params, query, scope }) {
        const { source, name } = await software.show(params.id, scope.devices);
        const devices = software.everyDevice(params.id, query, scope.devices);
        return generatedFile(`${source}-${fileName(name)}.csv`, CSV, deviceCsv(devices));
      },
    }),
  ];
}

/**
 * The file names devices by id and host name. It contains no names of people, because a file with all devices of a fleet is easily passed
 * on.
 */
export const deviceCsv = (devices: AsyncIterable<FoundDevice>): AsyncGenerator<Uint8Array> =>
  csvBlocks(['device', 'hostname', 'versions'], devices, ({ device, hostname, versions }) => [
    device,
    hostname,
    versions.join(' '),
  ]);

export const fileName = (name: string): string => name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 60);
