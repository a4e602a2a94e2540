import {
  advisoryDetail,
  advisoryDevicePage,
  advisoryDevicesQuery,
  advisoryImport,
  advisoryPage,
  advisoryParams,
  advisoryQuery,
  LARGEST_ADVISORY_FILE,
} from '../../shared/api/software.ts';
import { nothing } from '../../shared/api/wire.ts';
import type { Inventories } from '../inventory/inventory.ts';
import { CSV, generatedFile } from './generated-file.ts';
import { Reply, type Route, route } from './route.ts';
import { deviceCsv, fileName } from './software.ts';
import { collect } from './upload.ts';

export interface AdvisoriesPorts {
  readonly inventory: Pick<Inventories, 'advisories'>;
}

export function advisoryRoutes({ inventory: { advisories } }: AdvisoriesPorts): Route[] {
  return [
    route({
      name: 'advisories.list',
      method: 'get',
      path: '/advisories',
      summary: 'List imported advisories with the number of affected devices, newest first',
      query: advisoryQuery,
      response: advisoryPage,
      handler: ({ query: { text = null, cursor = null, limit }, scope }) =>
        advisories.list({ text, cursor, limit, scope: scope.devices }),
    }),
    route({
      name: 'advisories.import',
      method: 'post',
      path: '/advisories',
      summary: 'Import advisories in the OSV format: one JSON object, or an array of them',
      response: advisoryImport,
      statuses: [201],
      raw: 'upload',
      async handler({ upload }) {
        const bytes = await collect(upload, LARGEST_ADVISORY_FILE, 'A file with advisories');
        return new Reply(await advisories.importFile(bytes), { status: 201 });
      },
    }),
    route({
      name: 'advisories.show',
      method: 'get',
      path: '/advisories/:id',
      summary: 'Show an advisory and the packages that it names',
      params: advisoryParams,
      response: advisoryDetail,
      async handler({ params }) {
        const { advisory, packages } = await advisories.get(params.id);
        return { ...advisory, packages };
      },
    }),
    route({
      name: 'advisories.devices',
      method: 'get',
      path: '/advisories/:id/devices',
      summary: 'List the devices that have an affected version',
      params: advisoryParams,
      query: advisoryDevicesQuery,
      response: advisoryDevicePage,
      handler: ({ params, query: { limit, cursor = 0 }, scope }) =>
        advisories.devices(params.id, { scope: scope.devices, cursor, limit }),
    }),
    route({
      name: 'advisories.devices-csv',
      method: 'get',
      path: '/advisories/:id/devices.csv',
      summary: 'Download the devices that have an affected version as CSV',
      params: advisoryParams,
      response: nothing,
      raw: 'download',
      async handler({ params, scope }) {
        const { advisory } = await advisories.get(params.id);
        const devices = advisories.everyDevice(advisory.id, scope.devices);
        return generatedFile(`${fileName(advisory.id)}.csv`, CSV, deviceCsv(devices));
      },
    }),
  ];
}
