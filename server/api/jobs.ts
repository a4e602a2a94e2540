/** Routes for jobs: list, progress, control and export. `POST /commands` creates a job. */
import { commandParams } from '../../shared/api/commands.ts';
import {
  type JobSummary,
  type JobView,
  jobAbort,
  jobDeviceList,
  jobDeviceQuery,
  jobList,
  jobPause,
  jobQuery,
  jobResume,
  jobView,
} from '../../shared/api/jobs.ts';
import { nothing } from '../../shared/api/wire.ts';
import { csvLine } from '../../shared/csv.ts';
import { CordonError } from '../../shared/errors.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { Admins } from '../admins/admins.ts';
import { commandIdFor } from '../commands/command-id-for.ts';
import { totalOf } from '../commands/command-issue.ts';
import type { Commands } from '../commands/commands.ts';
import type { CommandScope, JobDevice, RequestProgress } from '../commands/ports.ts';
import { FURTHER_RIGHTS } from './commands.ts';
import { generatedFile } from './generated-file.ts';
import { type Route, route } from './route.ts';

export interface JobsPorts {
  readonly commands: Pick<Commands, 'progress' | 'requests' | 'devicesOf' | 'jobDevices' | 'control'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function jobRoutes(ports: JobsPorts): Route[] {
  return [...jobReadRoutes(ports), ...jobControlRoutes(ports)];
}

function jobReadRoutes({ commands, admins }: JobsPorts): Route[] {
  return [
    route({
      name: 'jobs.list',
      method: 'get',
      path: '/jobs',
      summary: 'List jobs (commands to many devices), newest first',
      query: jobQuery,
      response: jobList,
      async handler({ query: { state, kind, by, text, cursor = null }, scope, caller }) {
        const createdBy = by === 'me' ? caller.account.id : undefined;
        const filter = { states: state && [state], kind, createdBy, text };
        const found = await commands.requests(scope.devices, filter, cursor);
        const people = await admins.namesOf(new Set(found.requests.map((job) => job.createdBy)));
        return { jobs: found.requests.map(summaryOf), people, cursor: found.cursor };
      },
    }),
    route({
      name: 'jobs.show',
      method: 'get',
      path: '/jobs/:id',
      summary: 'Show the progress of a job',
      params: commandParams,
      response: jobView,
      handler: async ({ params, scope }) => viewOf(await commands.progress(params.id, scope.devices), admins),
    }),
    route({
      name: 'jobs.devices',
      method: 'get',
      path: '/jobs/:id/devices',
      summary: 'List the devices of a job with their results',
      params: commandParams,
      query: jobDeviceQuery,
      response: jobDeviceList,
      async handler({ params, query: { state = null, after = null, limit }, scope }) {
        const job = await commands.progress(params.id, scope.devices);
        const devices = await commands.devicesOf(job, scope.devices, { state, after, limit });
        const next = devices.length < limit ? null : (devices.at(-1)?.device ?? null);
        return {
          devices: devices.map((row) => ({ ...row, command: commandIdFor(params.id, row.device, row.attempt) })),
          next,
        };
      },
    }),
    route({
      name: 'jobs.export',
      method: 'get',
      path: '/jobs/:id/devices.csv',
      summary: 'Download the devices of a job with their results, as a CSV file',
      params: commandParams,
      response: nothing,
      raw: 'download',
      async handler({ params, scope }) {
        const job = await commands.progress(params.id, scope.devices);
        const pages = commands.jobDevices(job, scope.devices);
        return generatedFile(`${params.id}.csv`, 'text/csv; charset=utf-8', jobCsv(pages));
      },
    }),
  ];
}

function jobControlRoutes({ commands, admins }: JobsPorts): Route[] {
  /** Job that the caller may control: all of its devices are in the caller's scope. */
  async function controllable(id: CommandId, scope: CommandScope): Promise<RequestProgress> {
    const job = await commands.progress(id, scope);
    const total = totalOf(job);
    if (total === job.devices) return job;
    const detail = `Your role includes ${total} of the ${job.devices} devices of this job. Ask an admin whose role includes all of them.`;
    throw new CordonError('out_of_scope', detail, { id });
  }
  return [
    route({
      name: 'jobs.pause',
      method: 'post',
      path: '/jobs/:id/pause',
      summary: 'Pause a job. Devices that already have the command still run it',
      params: commandParams,
      body: jobPause,
      response: jobView,
      async handler({ params: { id }, body: { reason = null }, scope, caller }) {
        await controllable(id, scope.devices);
        await commands.control(id, 'pause', { by: caller.account.name, reason });
        return viewOf(await commands.progress(id, scope.devices), admins);
      },
    }),
    route({
      name: 'jobs.resume',
      method: 'post',
      path: '/jobs/:id/resume',
      summary: 'Resume a paused or stopped job. The failure rate counts from here',
      params: commandParams,
      body: jobResume,
      response: jobView,
      async handler({ params: { id }, body: { reason = null, stop }, scope, demand, authorize, caller }) {
        const { command } = await controllable(id, scope.devices);
        const further = FURTHER_RIGHTS[command.kind];
        if (further) {
          await controllable(id, demand(further).devices);
          // The devices were confirmed when the job was created, so they do not count again.
          await authorize('job.resume', []);
        }
        await commands.control(id, 'resume', { by: caller.account.name, reason, stop });
        return viewOf(await commands.progress(id, scope.devices), admins);
      },
    }),
    route({
      name: 'jobs.abort',
      method: 'post',
      path: '/jobs/:id/abort',
      summary: 'Abort a job: cancel the command on all devices that have not started it',
      params: commandParams,
      body: jobAbort,
      response: jobView,
      async handler({ params: { id }, body: { reason = null }, scope, caller }) {
        await controllable(id, scope.devices);
        await commands.control(id, 'abort', { by: caller.account.name, reason });
        return viewOf(await commands.progress(id, scope.devices), admins);
      },
    }),
  ];
}

async function viewOf(job: RequestProgress, admins: JobsPorts['admins']): Promise<JobView> {
  const { displayed, failures, createdBy } = job;
  return { ...summaryOf(job), displayed, failures: [...failures], people: await admins.namesOf(new Set([createdBy])) };
}

function summaryOf(job: RequestProgress): JobSummary {
  const { id, name, command, createdBy, createdAt, expiresAt, plan, progress, counts, refused, changed } = job;
  const { window, priority, supersedes, after } = job;
  return {
    id,
    name,
    command,
    createdBy,
    createdAt,
    expiresAt,
    state: progress.state,
    total: totalOf(job),
    counts: { ...counts },
    refused,
    released: progress.released,
    waves: progress.waves.map((wave) => ({ ...wave })),
    gate: plan.gate,
    stop: plan.stop,
    retry: plan.retry,
    window,
    priority,
    supersedes,
    after,
    joiners: plan.joins,
    changed,
  };
}

const COLUMNS = ['device', 'user', 'host', 'wave', 'released', 'state', 'attempt', 'delivered', 'finished', 'detail'];
const timeOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

async function* jobCsv(pages: AsyncIterable<readonly JobDevice[]>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(csvLine(COLUMNS));
  for await (const page of pages) {
    const lines = page.map(({ device, user, host, wave, released, state, attempt, storedAt, finishedAt, detail }) =>
      csvLine([device, user, host, wave, released, state, attempt, timeOf(storedAt), timeOf(finishedAt), detail]),
    );
    yield Buffer.from(lines.join(''));
  }
}
