/** IP databases: importing one needs no restart, activating one is a leaf. */
import type { Readable } from 'node:stream';
import {
  ipDatabaseList,
  ipDatabaseParams,
  ipDatabaseQuery,
  ipDatabaseView,
  LARGEST_IP_DATABASE,
} from '../../shared/api/ip-databases.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Jurisdiction } from '../jurisdiction/jurisdiction.ts';
import { Reply, type Route, route } from './route.ts';

export type IpDatabasesPort = Pick<Jurisdiction, 'ipDatabases' | 'importIpDatabase' | 'activateIpDatabase'>;

export function ipDatabaseRoutes(jurisdiction: IpDatabasesPort): Route[] {
  return [
    route({
      name: 'ip-databases.list',
      method: 'get',
      path: '/ip-databases',
      summary: 'The databases at hand, with their age',
      response: ipDatabaseList,
      handler: async () => ({ databases: await jurisdiction.ipDatabases() }),
    }),
    route({
      name: 'ip-databases.import',
      method: 'post',
      path: '/ip-databases',
      summary: 'Import an .mmdb file (the raw body)',
      query: ipDatabaseQuery,
      response: ipDatabaseView,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload }) {
        const bytes = await collect(upload, LARGEST_IP_DATABASE);
        return new Reply(await jurisdiction.importIpDatabase(query.name, bytes), { status: 201 });
      },
    }),
    route({
      name: 'ip-databases.activate',
      method: 'post',
      path: '/ip-databases/:hash/activate',
      summary: 'Use this database from now on',
      params: ipDatabaseParams,
      response: ipDatabaseView,
      handler: ({ params }) => jurisdiction.activateIpDatabase(params.hash),
    }),
  ];
}

async function collect(stream: Readable, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > most) throw new CordonError('too_large', `An IP database has ${most} bytes at most.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
