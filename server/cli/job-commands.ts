import type { Command } from 'commander';
import { type JobSummary, jobDeviceList, jobList, jobView } from '../../shared/api/jobs.ts';
import { plain } from '../../shared/text/visible-text.ts';
import { type Cli, commandOf } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { type Cell, table, when } from './output.ts';

const path = (job: string, rest = ''): string => `/jobs/${encodeURIComponent(job)}${rest}`;

interface ListOptions {
  mine?: true;
  state?: string;
  kind?: string;
  text?: string;
  cursor?: string;
}

export function addJobCommands(program: Command, cli: Cli): void {
  const jobs = commandOf(program, 'jobs');
  jobs
    .command('list')
    .description('List jobs (commands to many devices), newest first')
    .option('--state <state>', 'state: running, paused, stopped, finished, aborted or expired')
    .option('--kind <kind>', 'kind of command')
    .option(
      '--text <words>',
      'words, in any order, of the name of the job, of its command or of the name of its creator',
    )
    .option('--mine', 'list only jobs that you created')
    .option('--cursor <cursor>', 'show the page that starts after this cursor')
    .action(async ({ mine, ...options }: ListOptions) => {
      const query = queryOf({ ...options, ...(mine && { by: 'me' }) });
      const { jobs: all, cursor } = await cli.client().call(jobList, 'GET', `/jobs${query}`);
      const head = ['id', 'command', 'state', 'devices', 'done', 'failed', 'wave', 'created', 'name'];
      cli.out().show({ jobs: all, cursor }, table(head, all.map(rowOf)));
      if (cursor !== null) cli.out().note(`More jobs: --cursor "${cursor}"`);
    });
  jobs
    .command('show')
    .description('Show the progress of a job')
    .argument('<job>')
    .action(async (id: string) => {
      const job = await cli.client().call(jobView, 'GET', path(id));
      const failures = job.failures.map(
        ({ device, user, state, detail }) => `${device} ${plain(user)} ${state} ${plain(detail ?? '')}`,
      );
      cli.out().show(job, [...linesOf(job), ...failures.map((line) => line.trimEnd())]);
    });
  jobs
    .command('devices')
    .description('List the devices of a job with their results')
    .argument('<job>')
    .option('--state <state>', 'state: queued, stored, done, failed, expired or canceled')
    .option('--after <device>', 'show the page that starts after this device')
    .option('--limit <count>')
    .action(async (id: string, options: Record<string, string>) => {
      const { devices, next } = await cli.client().call(jobDeviceList, 'GET', path(id, `/devices${queryOf(options)}`));
      const rows = devices.map(({ device, user, wave, state, attempt, finishedAt, detail }) => [
        device,
        user,
        wave,
        state,
        attempt,
        when(finishedAt),
        detail,
      ]);
      cli
        .out()
        .show({ devices, next }, table(['device', 'user', 'wave', 'state', 'attempt', 'finished', 'detail'], rows));
      if (next !== null) cli.out().note(`More devices: --after ${next}`);
    });
  for (const [name, text] of [
    ['pause', 'Pause a job. Devices that already have the command still run it'],
    ['abort', 'Abort a job: cancel the command on all devices that have not started it'],
  ] as const) {
    jobs
      .command(name)
      .description(text)
      .argument('<job>')
      .option('--reason <text>')
      .action(async (id: string, options: { reason?: string }) => {
        const job = await cli.client().call(jobView, 'POST', path(id, `/${name}`), options);
        cli.out().show(job, linesOf(job));
      });
  }
  jobs
    .command('resume')
    .description('Resume a paused or stopped job. The failure rate counts from here')
    .argument('<job>')
    .option('--reason <text>')
    .option('--stop-at <percent>', 'new failure rate that stops the job', Number)
    .option('--stop-after <results>', 'number of results from which the failure rate counts', Number)
    .option('--never-stop', 'no failure rate stops the job')
    .action(async (id: string, options: { reason?: string; stopAt?: number; stopAfter?: number; neverStop?: true }) => {
      const { reason, stopAt, stopAfter, neverStop } = options;
      const stop = neverStop ? null : stopAt === undefined ? undefined : { percent: stopAt, minimum: stopAfter };
      const job = await cli.client().call(jobView, 'POST', path(id, '/resume'), { reason, stop });
      cli.out().show(job, linesOf(job));
    });
  jobs
    .command('export')
    .description('Download the devices of a job with their results, as a CSV file')
    .argument('<job>')
    .argument('<file>', 'new file for the results')
    .action(async (id: string, file: string) => {
      const response = await cli.client().raw('GET', `/api/v1${path(id, '/devices.csv')}`);
      const bytes = await saveDownload(response, file, 'CSV file');
      cli.out().show({ file, bytes }, [`${file}: ${bytes} bytes`]);
    });
}

function rowOf(job: JobSummary): Cell[] {
  const { id, command, state, total, counts, released, waves, createdAt, name } = job;
  return [
    id,
    command.kind,
    state,
    total,
    counts.done ?? 0,
    counts.failed ?? 0,
    `${released}/${waves.length}`,
    when(createdAt),
    name,
  ];
}

function linesOf(job: JobSummary): string[] {
  const { id, command, state, total, counts, refused, released, waves, changed } = job;
  const by = changed?.by === undefined ? '' : ` by ${plain(changed.by ?? 'the server')} on ${when(changed.at)}`;
  const why = changed?.reason ? `: ${plain(changed.reason)}` : '';
  return [
    `${id} ${command.kind} ${state}${changed ? `${by}${why}` : ''}`,
    `${total} devices, ${Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}, ${refused} refused`,
    ...waves.map(
      ({ devices, done, failed, lost }, index) =>
        `wave ${index + 1}: ${devices} devices, ${done} done, ${failed} failed, ${lost} expired or canceled${
          index < released ? '' : ', not released'
        }`,
    ),
  ];
}
