import {
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseParams,
  ipDatabaseQuery,
  ipDatabaseView,
} from '../../shared/api/ip-databases.ts';
import type { Admins } from '../admins/admins.ts';
import type { CompareIpDatabase } from '../jurisdiction/ip-comparison.ts';
import type { IpDatabases } from '../jurisdiction/ip-database.ts';
import type { ChangeImpact } from '../orders/impact/change-impact.ts';
import { Reply, type Route, route } from './route.ts';
import { listArtifacts } from './versioned-artifact.ts';

export interface IpDatabasesPorts {
  readonly ipDatabases: Omit<IpDatabases, 'open' | 'follow' | 'lookUp'>;
  readonly compareIpDatabase: CompareIpDatabase;
  readonly orders: { readonly changeImpact: Pick<ChangeImpact, 'addresses'> };
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly relocating: () => { readonly done: number; readonly of: number } | null;
  readonly now: () => number;
}

export function ipDatabaseRoutes(ports: IpDatabasesPorts): Route[] {
  const { ipDatabases, compareIpDatabase, orders, admins, relocating, now } = ports;
  return [
    route({
      name: 'ip-databases.list',
      method: 'get',
      path: '/ip-databases',
      summary: 'List IP databases and their activations',
      response: ipDatabaseList,
      async handler() {
        const { artifacts: databases, ...rest } = await listArtifacts(ipDatabases, admins);
        return { databases, relocation: relocating(), ...rest };
      },
    }),
    route({
      name: 'ip-databases.import',
      method: 'post',
      path: '/ip-databases',
      summary: 'Import an IP database (.mmdb file)',
      query: ipDatabaseQuery,
      response: ipDatabaseView,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const imported = await ipDatabases.import(query.name, upload, caller.account.id);
        return new Reply(imported, { status: 201 });
      },
    }),
    route({
      name: 'ip-databases.compare',
      method: 'get',
      path: '/ip-databases/:hash/comparison',
      summary: 'Preview the impact of an IP database. Nothing is changed',
      params: ipDatabaseParams,
      response: ipComparisonView,
      async handler({ params }) {
        const { compared, moves, moved } = await compareIpDatabase(params.hash);
        const all = await ipDatabases.list();
        const current = ipDatabases.current();
        const other = all.find(({ hash }) => hash === params.hash) ?? current;
        const changes = await orders.changeImpact.addresses(moved);
        return { current, other, at: now(), compared, moved: moved.size, moves, orders: changes };
      },
    }),
    route({
      name: 'ip-databases.activate',
      method: 'post',
      path: '/ip-databases/:hash/activate',
      summary: 'Activate an IP database',
      params: ipDatabaseParams,
      response: ipDatabaseView,
      handler: ({ params, caller }) => ipDatabases.activate(params.hash, caller.account.id),
    }),
    route({
      name: 'ip-databases.rollback',
      method: 'post',
      path: '/ip-databases/rollback',
      summary: 'Roll back to the previous IP database',
      response: ipDatabaseView,
      handler: ({ caller }) => ipDatabases.rollBack(caller.account.id),
    }),
  ];
}
