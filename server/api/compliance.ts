import {
  complianceCounts,
  complianceHistory,
  complianceHistoryQuery,
  compliancePage,
  complianceParams,
  complianceQuery,
  complianceStatementEnvelope,
  deviceComplianceView,
} from '../../shared/api/compliance.ts';
import { nothing } from '../../shared/api/wire.ts';
import { csvLine } from '../../shared/csv.ts';
import { COMPLIANCE_ACTIONS } from '../../shared/policy/policy-document.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Compliance } from '../compliance/compliance.ts';
import type { Devices } from '../devices/devices.ts';
import type { Scope } from '../devices/scope.ts';
import { generatedFile } from './generated-file.ts';
import { type Route, route } from './route.ts';

export interface ComplianceRoutesPorts {
  readonly compliance: Pick<Compliance, 'state' | 'counts' | 'list' | 'events' | 'statement'>;
  readonly devices: Pick<Devices, 'get'>;
}

const ROWS_PER_READ = 200;

export function complianceRoutes({ compliance, devices }: ComplianceRoutesPorts): Route[] {
  return [
    route({
      name: 'compliance.counts',
      method: 'get',
      path: '/compliance/counts',
      summary: 'Count the active devices by their compliance',
      response: complianceCounts,
      handler: ({ scope }) => compliance.counts(scope.devices),
    }),
    route({
      name: 'compliance.list',
      method: 'get',
      path: '/compliance',
      summary: 'List active devices with their compliance, page by page',
      query: complianceQuery,
      response: compliancePage,
      async handler({ query: { state = null, cursor = null, limit }, scope }) {
        const listed = await compliance.list({ scope: scope.devices, state, after: cursor, limit });
        return { devices: listed, cursor: listed.length < limit ? null : (listed.at(-1)?.device ?? null) };
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
        generatedFile('compliance.csv', 'text/csv; charset=utf-8', reportOf(compliance, scope.devices)),
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
            return { ...effective, status: result?.status ?? null, detail: result?.detail ?? '', failingSince };
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

/** Reads the devices in pages while the client receives the file, so that neither server nor client holds all of them. */
async function* reportOf(compliance: Pick<Compliance, 'list'>, scope: Scope): AsyncGenerator<Uint8Array> {
  yield Buffer.from(csvLine(['device', 'user', 'state', 'failed settings', 'reported', 'since', 'next change']));
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  for (let after: DeviceId | null = null; ; ) {
    const rows: Awaited<ReturnType<Compliance['list']>> = await compliance.list({
      scope,
      state: null,
      after,
      limit: ROWS_PER_READ,
    });
    const lines = rows.map(({ device, user, state, failing, reportedAt, changedAt, nextAt }) =>
      csvLine([device, user, state, failing.join(' '), time(reportedAt), time(changedAt), time(nextAt)]),
    );
    yield Buffer.from(lines.join(''));
    if (rows.length < ROWS_PER_READ) return;
    after = rows.at(-1)?.device ?? null;
  }
}
