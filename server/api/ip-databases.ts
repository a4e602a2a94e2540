/** IP databases: importing one needs no restart, what it would do is shown before it is taken, taking one is a leaf. */
import {
  ipComparisonView,
  ipDatabaseList,
  ipDatabaseParams,
  ipDatabaseQuery,
  ipDatabaseView,
} from '../../shared/api/ip-databases.ts';
import type { Admins } from '../admins/admins.ts';
import type { Jurisdiction } from '../jurisdiction/jurisdiction.ts';
import type { Orders } from '../orders/orders.ts';
import { Reply, type Route, route } from './route.ts';

export interface IpDatabasesPorts {
  readonly jurisdiction: Pick<
    Jurisdiction,
    | 'ipDatabases'
    | 'ipDatabaseUses'
    | 'importIpDatabase'
    | 'activateIpDatabase'
    | 'rollBackIpDatabase'
    | 'compareIpDatabase'
    | 'currentIpDatabase'
  >;
  readonly orders: Pick<Orders, 'addressChange'>;
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly relocating: () => { readonly done: number; readonly of: number } | null;
  /** Domain time. */
  readonly now: () => number;
}

export function ipDatabaseRoutes({ jurisdiction, orders, admins, relocating, now }: IpDatabasesPorts): Route[] {
  return [
    route({
      name: 'ip-databases.list',
      method: 'get',
      path: '/ip-databases',
      summary: 'The databases at hand, with their age, and which was in use when',
      response: ipDatabaseList,
      async handler() {
        const [databases, uses] = [await jurisdiction.ipDatabases(), await jurisdiction.ipDatabaseUses()];
        const accounts = [...databases.map(({ importedBy }) => importedBy), ...uses.map(({ by }) => by)];
        const people = await admins.namesOf(new Set(accounts.filter((account) => account !== null)));
        return { databases, uses, relocating: relocating(), people };
      },
    }),
    route({
      name: 'ip-databases.import',
      method: 'post',
      path: '/ip-databases',
      summary: 'Import an .mmdb file (the raw body); it is read from end to end before it is kept',
      query: ipDatabaseQuery,
      response: ipDatabaseView,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const imported = await jurisdiction.importIpDatabase(query.name, upload, caller.account.id);
        return new Reply(imported, { status: 201 });
      },
    }),
    route({
      name: 'ip-databases.compare',
      method: 'get',
      path: '/ip-databases/:hash/comparison',
      summary: 'What taking this database would do to the fleet; nothing is changed',
      params: ipDatabaseParams,
      response: ipComparisonView,
      async handler({ params }) {
        const { compared, moves, moved } = await jurisdiction.compareIpDatabase(params.hash);
        const all = await jurisdiction.ipDatabases();
        const current = jurisdiction.currentIpDatabase();
        const other = all.find(({ hash }) => hash === params.hash) ?? current;
        const changes = await orders.addressChange(moved);
        return { current, other, at: now(), compared, moved: moved.size, moves, orders: changes };
      },
    }),
    route({
      name: 'ip-databases.activate',
      method: 'post',
      path: '/ip-databases/:hash/activate',
      summary: 'Use this database from now on',
      params: ipDatabaseParams,
      response: ipDatabaseView,
      handler: ({ params, caller }) => jurisdiction.activateIpDatabase(params.hash, caller.account.id),
    }),
    route({
      name: 'ip-databases.rollback',
      method: 'post',
      path: '/ip-databases/rollback',
      summary: 'Use again the database that was in use before the present one was taken first',
      response: ipDatabaseView,
      handler: ({ caller }) => jurisdiction.rollBackIpDatabase(caller.account.id),
    }),
  ];
}
