/** Routes for live queries to connected devices. The answers are personal data, so an account reads only those to its own queries. */
import {
  answerPage,
  answerQuery,
  liveQueryList,
  liveQueryParams,
  liveQueryRequest,
  liveQueryView,
} from '../../shared/api/live-queries.ts';
import { DONE, done, nothing } from '../../shared/api/wire.ts';
import { type CsvCell, csvLine } from '../../shared/csv.ts';
import { isCordonError } from '../../shared/errors.ts';
import { COLUMNS, type Column } from '../../shared/live-query/live-query.ts';
import type { DeviceId, QueryId } from '../../shared/protocol/ids.ts';
import type { AccessScope } from '../admins/roles.ts';
import type { Devices } from '../devices/devices.ts';
import type { DeviceAnswer, LiveQueries } from '../live-queries/live-queries.ts';
import { definedFields } from './defined-fields.ts';
import type { FilterRights } from './filter-rights.ts';
import { CSV, generatedFile } from './generated-file.ts';
import { locatedBy, Reply, type Route, route } from './route.ts';

export interface LiveQueriesPorts {
  readonly liveQueries: Pick<LiveQueries, 'ask' | 'get' | 'list' | 'answers' | 'remove'>;
  readonly devices: Pick<Devices, 'get' | 'select'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
}

/** Number of devices on one page of an export. */
const EXPORTED = 50;

interface NamedAnswer extends DeviceAnswer {
  readonly user: string;
  readonly host: string | null;
}

export function liveQueryRoutes({ liveQueries, devices, filterRights }: LiveQueriesPorts): Route[] {
  /** Adds the names of user and host to answers. Leaves out a device that has left the caller's scope since the query. */
  async function named(answers: readonly DeviceAnswer[], scope: AccessScope): Promise<NamedAnswer[]> {
    const found = await Promise.all(
      answers.map(async (answer) => {
        try {
          const { user, hostname } = await devices.get(answer.device, scope.devices);
          return [{ ...answer, user, host: hostname }];
        } catch (error) {
          if (isCordonError(error, 'out_of_scope') || isCordonError(error, 'not_found')) return [];
          throw error;
        }
      }),
    );
    return found.flat();
  }

  async function* lines(id: QueryId, by: string, scope: AccessScope): AsyncGenerator<Uint8Array> {
    const columns = COLUMNS[liveQueries.get(id, by).query.kind];
    const head = ['device', 'user', 'host', 'state', 'detail', ...columns.map(({ name }) => name)];
    yield Buffer.from(csvLine(head));
    for (let after: DeviceId | null = null; ; ) {
      const page: DeviceAnswer[] = liveQueries.answers(id, by, after, EXPORTED);
      const rows = (await named(page, scope)).flatMap((answer) => csvRows(answer, columns));
      if (rows.length > 0) yield Buffer.from(rows.map(csvLine).join(''));
      after = page.at(-1)?.device ?? null;
      if (after === null || page.length < EXPORTED) return;
    }
  }

  return [
    route({
      name: 'live-queries.ask',
      method: 'post',
      path: '/queries',
      summary: 'Ask connected devices about processes, services, open ports or files. Only you can read the answers',
      body: liveQueryRequest,
      response: liveQueryView,
      statuses: [201],
      async handler({ body: { query, devices: listed, filter, seconds }, scope, demand, concern, caller }) {
        await filterRights.require(filter ?? {}, scope.devices, demand);
        const selection = listed ?? definedFields(filter ?? {});
        const to = await devices.select(selection, scope.devices, { addresses: locatedBy(demand) });
        concern(to);
        return new Reply(liveQueries.ask({ query, devices: to, seconds, by: caller.account.id }), { status: 201 });
      },
    }),
    route({
      name: 'live-queries.list',
      method: 'get',
      path: '/queries',
      summary: 'List your live queries of the last hour, newest first',
      response: liveQueryList,
      handler: async ({ caller }) => ({ queries: liveQueries.list(caller.account.id) }),
    }),
    route({
      name: 'live-queries.show',
      method: 'get',
      path: '/queries/:id',
      summary: 'Show the progress of a live query',
      params: liveQueryParams,
      response: liveQueryView,
      handler: async ({ params, caller }) => liveQueries.get(params.id, caller.account.id),
    }),
    route({
      name: 'live-queries.answers',
      method: 'get',
      path: '/queries/:id/answers',
      summary: 'List the answers of the devices to a live query',
      params: liveQueryParams,
      query: answerQuery,
      response: answerPage,
      async handler({ params, query: { after = null, limit }, scope, caller }) {
        const page = liveQueries.answers(params.id, caller.account.id, after, limit);
        const next = page.length < limit ? null : (page.at(-1)?.device ?? null);
        return { answers: await named(page, scope), next };
      },
    }),
    route({
      name: 'live-queries.export',
      method: 'get',
      path: '/queries/:id/answers.csv',
      summary: 'Download the answers to a live query as a CSV file',
      params: liveQueryParams,
      response: nothing,
      raw: 'download',
      async handler({ params: { id }, scope, caller }) {
        liveQueries.get(id, caller.account.id);
        return generatedFile(`${id}.csv`, CSV, lines(id, caller.account.id, scope));
      },
    }),
    route({
      name: 'live-queries.remove',
      method: 'delete',
      path: '/queries/:id',
      summary: 'Delete a live query with its answers',
      params: liveQueryParams,
      response: done,
      async handler({ params, caller }) {
        liveQueries.remove(params.id, caller.account.id);
        return DONE;
      },
    }),
  ];
}

/** Lines of the CSV export for one device: one line per row of its answer. A device without rows has one line. */
function csvRows({ device, user, host, state, detail, rows }: NamedAnswer, columns: readonly Column[]): CsvCell[][] {
  const head = [device, user, host, state, detail];
  if (rows.length === 0) return [[...head, ...columns.map(() => null)]];
  return rows.map((row) => [...head, ...row.map((cell, index) => csvCell(cell, columns[index]))]);
}

const csvCell = (cell: string | number | null, column: Column | undefined): CsvCell =>
  column?.type === 'time' && typeof cell === 'number' ? new Date(cell).toISOString() : cell;
