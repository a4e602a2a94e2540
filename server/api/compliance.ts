import {
  complianceCounts,
  complianceCountsQuery,
  complianceHistory,
  complianceHistoryQuery,
  compliancePage,
  complianceParams,
  complianceQuery,
  complianceStatementEnvelope,
  deviceComplianceView,
} from '../../shared/api/compliance.ts';
import { DONE, done, nothing } from '../../shared/api/wire.ts';
import type { CsvCell } from '../../shared/csv.ts';
import { CordonError } from '../../shared/errors.ts';
import { STATEMENT_HEADER } from '../../shared/policy/compliance-statement.ts';
import { COMPLIANCE_ACTIONS } from '../../shared/policy/policy-document.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { isAllowed } from '../admins/roles.ts';
import type { Compliance } from '../compliance/compliance.ts';
import type { Devices } from '../devices/devices.ts';
import type { Scope } from '../devices/scope.ts';
import { visibleNames } from '../devices/visibility.ts';
import { CSV, csvBlocks, generatedFile } from './generated-file.ts';
import { Reply, type Route, route } from './route.ts';

export interface ComplianceRoutesPorts {
  readonly compliance: Pick<Compliance, 'state' | 'counts' | 'list' | 'events' | 'statement'>;
  readonly devices: Pick<Devices, 'get' | 'names'>;
}

const ROWS_PER_READ = 200;

export function complianceRoutes({ compliance, devices }: ComplianceRoutesPorts): Route[] {
  return [
    route({
      name: 'compliance.counts',
      method: 'get',
      path: '/compliance/counts',
      summary: 'Count the active devices by their compliance, of the whole scope or of one policy',
      query: complianceCountsQuery,
      response: complianceCounts,
      handler: ({ query, scope }) => compliance.counts(scope.devices, query.policy ?? null),
    }),
    route({
      name: 'compliance.list',
      method: 'get',
      path: '/compliance',
      summary: 'List active devices with their compliance, by state, failed setting and policy, page by page',
      query: complianceQuery,
      response: compliancePage,
      async handler({ query, scope, demand }) {
        const { state = null, setting = null, policy = null, cursor = null, limit } = query;
        const listed = await compliance.list({ scope: scope.devices, state, setting, policy, after: cursor, limit });
        const named = isAllowed(() => demand('devices.list')) ? demand('devices.list').devices : [];
        const names = visibleNames(await devices.names(listed.map(({ device }) => device)), named);
        const rows = listed.map((each) => {
          const { displayName, hostname } = names[each.device] ?? { displayName: null, hostname: null };
          return { ...each, name: displayName ?? hostname };
        });
        return { devices: rows, cursor: listed.length < limit ? null : (listed.at(-1)?.device ?? null) };
      },
    }),
    route({
      name: 'compliance.report',
      method: 'get',
      path: '/compliance/report.csv',
      summary: 'Download the compliance of all devices as CSV',
      response: nothing,
      raw: 'download',
      handler: async ({ scope }) =>
        generatedFile('compliance.csv', CSV, csvBlocks(HEAD, devicesOf(compliance, scope.devices), cellsOf)),
    }),
    route({
      name: 'compliance.report-json',
      method: 'get',
      path: '/compliance/report.json',
      summary: 'Download the compliance of all devices as a JSON array',
      response: nothing,
      raw: 'download',
      handler: async ({ scope }) =>
        generatedFile('compliance.json', 'application/json', jsonOf(devicesOf(compliance, scope.devices))),
    }),
    route({
      name: 'compliance.show',
      method: 'get',
      path: '/devices/:id/compliance',
      summary: "Show a device's effective settings, their reasons, and the device's compliance",
      params: complianceParams,
      response: deviceComplianceView,
      async handler({ params, scope }) {
        await devices.get(params.id, scope.devices);
        const { state, reportedAt, changedAt, countdown, taken, settings, results, since } = await compliance.state(
          params.id,
        );
        return {
          state,
          reportedAt,
          changedAt,
          countdown,
          settings: settings.map(({ compliance: _rules, ...effective }) => {
            const result = results.find(({ setting }) => setting === effective.setting);
            const failingSince = since[effective.setting] ?? null;
            return {
              ...effective,
              status: result?.status ?? null,
              detail: result?.detail ?? '',
              applied: result?.applied ?? false,
              failingSince,
            };
          }),
          taken: COMPLIANCE_ACTIONS.flatMap((action) => {
            const at = taken[action];
            return at === undefined ? [] : [{ action, at }];
          }),
        };
      },
    }),
    route({
      name: 'compliance.statement',
      method: 'get',
      path: '/devices/:id/compliance-statement',
      summary: "Get a signed statement about a device's compliance, valid for ten minutes",
      params: complianceParams,
      response: complianceStatementEnvelope,
      async handler({ params, scope }) {
        await devices.get(params.id, scope.devices);
        return compliance.statement(params.id);
      },
    }),
    route({
      name: 'compliance.admission',
      method: 'get',
      path: '/devices/:id/compliance-admission',
      summary: 'Decide for a proxy whether a device may connect: success if it complies or is in its grace period',
      params: complianceParams,
      response: done,
      async handler({ params: { id: device }, scope }) {
        const { status } = await devices.get(device, scope.devices);
        if (status !== 'active') throw new CordonError('not_compliant', 'The enrollment has ended.', { device });
        const { state } = await compliance.state(device);
        if (state !== 'compliant' && state !== 'in-grace') {
          const detail = `The compliance of the device is “${state}”. Open the device in the console to see the reason.`;
          throw new CordonError('not_compliant', detail, { device, state });
        }
        const statement = Buffer.from(JSON.stringify(await compliance.statement(device))).toString('base64');
        return new Reply(DONE, { headers: { [STATEMENT_HEADER]: statement } });
      },
    }),
    route({
      name: 'compliance.history',
      method: 'get',
      path: '/devices/:id/compliance-history',
      summary: "List changes of a device's compliance, newest first",
      params: complianceParams,
      query: complianceHistoryQuery,
      response: complianceHistory,
      async handler({ params, query, scope }) {
        await devices.get(params.id, scope.devices);
        return { events: await compliance.events(params.id, query.before ?? null) };
      },
    }),
  ];
}

type Listed = Awaited<ReturnType<Compliance['list']>>[number];

/** Reads the devices in pages while the client receives the file, so that neither server nor client holds all of them. */
async function* devicesOf(compliance: Pick<Compliance, 'list'>, scope: Scope): AsyncGenerator<Listed> {
  for (let after: DeviceId | null = null; ; ) {
    const query = { scope, state: null, setting: null, policy: null, after, limit: ROWS_PER_READ };
    const rows: Listed[] = await compliance.list(query);
    yield* rows;
    if (rows.length < ROWS_PER_READ) return;
    after = rows.at(-1)?.device ?? null;
  }
}

const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const HEAD = ['device', 'user', 'state', 'failed settings', 'reported', 'since', 'next change'];
const cellsOf = ({ device, user, state, failing, reportedAt, changedAt, nextAt }: Listed): CsvCell[] => [
  ...[device, user, state, failing.join(' ')],
  ...[time(reportedAt), time(changedAt), time(nextAt)],
];

/** JSON array with one device per line. Times are ISO 8601. */
async function* jsonOf(devices: AsyncIterable<Listed>): AsyncGenerator<Uint8Array> {
  let lines: string[] = [];
  let separator = '[\n';
  for await (const { reportedAt, changedAt, nextAt, ...rest } of devices) {
    const device = { ...rest, reportedAt: time(reportedAt), changedAt: time(changedAt), nextAt: time(nextAt) };
    lines.push(separator, JSON.stringify(device));
    separator = ',\n';
    if (lines.length < ROWS_PER_READ) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
  }
  yield Buffer.from(`${lines.join('')}${separator === '[\n' ? '[' : ''}\n]\n`);
}
