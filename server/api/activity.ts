import type { z } from 'zod';
import {
  type ActivityEntryView,
  type activityExportQuery,
  activityList,
  activityQuery,
  activityExportQuery as exportQuery,
} from '../../shared/api/activity.ts';
import { csvLine } from '../../shared/csv.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Activity, ActivityFilter, ListedActivity, Readable } from '../activity/activity.ts';
import type { RightName } from '../admins/rights.ts';
import { type AccessScope, isAllowed } from '../admins/roles.ts';
import { generatedFile } from './generated-file.ts';
import { type Route, route } from './route.ts';

export type ActivityLogPort = Pick<Activity, 'list' | 'pages' | 'sealedExport' | 'days'>;

export interface ActivityPorts {
  readonly activity: ActivityLogPort;
  readonly now: () => number;
  /** Summary of a route in the API description; null for other actions. */
  readonly titleOf: (action: string) => string | null;
}

type Names = ReadonlyMap<string, string>;
type Query = Partial<Omit<z.output<typeof activityExportQuery>, 'format'>>;

const filterOf = (query: Query): ActivityFilter => ({
  from: query.from ?? null,
  to: query.to ?? null,
  admin: query.admin ?? null,
  device: query.device ?? null,
  person: query.person ?? null,
  kind: query.kind ?? null,
  action: query.action ?? null,
  outcome: query.outcome ?? null,
  text: query.text ?? null,
});

function readableBy(scope: AccessScope, demand: (right: RightName) => AccessScope): Readable {
  return isAllowed(() => demand('activity.read-all')) ? 'all' : { devices: scope.devices };
}

export function activityRoutes({ activity, now, titleOf }: ActivityPorts): Route[] {
  const view = (entry: ListedActivity, names: Names) => viewOf(entry, { names, title: titleOf(entry.action) });
  return [
    route({
      name: 'activity.list',
      method: 'get',
      path: '/activity',
      summary: 'List entries of the activity log, newest first',
      query: activityQuery,
      response: activityList,
      async handler({ query: { cursor = null, limit, ...query }, scope, demand }) {
        const readable = readableBy(scope, demand);
        const { entries, next, names } = await activity.list(filterOf(query), { readable, cursor, limit });
        const limited = readable !== 'all';
        return { entries: entries.map((entry) => view(entry, names)), next, limited, days: activity.days };
      },
    }),
    route({
      name: 'activity.export',
      method: 'get',
      path: '/activity/export',
      summary: 'Download entries of the activity log as CSV, as JSON lines, or sealed for verification',
      query: exportQuery,
      response: activityList,
      raw: 'download',
      async handler({ query: { format, ...query }, scope, demand }) {
        const day = new Date(now()).toISOString().slice(0, 10);
        const { from = null, to = null, ...filters } = query;
        if (format === 'sealed') {
          demand('activity.read-all');
          if (Object.values(filters).some((value) => value !== undefined)) {
            throw new CordonError(
              'invalid_input',
              'A sealed export has no filter but the time range, because only whole batches can be verified. Remove the other filters, or choose the format json.',
              { path: 'query' },
            );
          }
          const parts = activity.sealedExport({ from, to });
          return generatedFile(`activity-${day}.sealed.jsonl`, 'application/jsonl', bytesOf(parts));
        }
        const pages = (await activity.pages(filterOf(query), readableBy(scope, demand)))();
        if (format === 'csv')
          return generatedFile(`activity-${day}.csv`, 'text/csv; charset=utf-8', bytesOf(csvOf(pages, view)));
        return generatedFile(`activity-${day}.jsonl`, 'application/jsonl', bytesOf(jsonOf(pages, view)));
      },
    }),
  ];
}

interface Page {
  readonly entries: readonly ListedActivity[];
  readonly names: Names;
}

async function* bytesOf(parts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) yield Buffer.from(part);
}

type View = (entry: ListedActivity, names: Names) => ActivityEntryView;

async function* jsonOf(pages: AsyncIterable<Page>, view: View): AsyncGenerator<string> {
  for await (const { entries, names } of pages)
    yield entries.map((entry) => `${JSON.stringify(view(entry, names))}\n`).join('');
}

const COLUMNS = [
  ...['id', 'at', 'until', 'count', 'kind', 'actor', 'actor name', 'via', 'credential', 'address', 'agent'],
  ...['action', 'outcome', 'targets', 'target names', 'number of targets', 'batch'],
];

async function* csvOf(pages: AsyncIterable<Page>, view: View): AsyncGenerator<string> {
  yield csvLine(COLUMNS);
  for await (const { entries, names } of pages) {
    yield entries
      .map((entry) => view(entry, names))
      .map(({ actor, targets, ...entry }) =>
        csvLine([
          entry.id,
          new Date(entry.at).toISOString(),
          entry.until === null ? null : new Date(entry.until).toISOString(),
          entry.count,
          entry.kind,
          actor.id ?? actor.kind,
          actor.name,
          entry.via,
          entry.credential,
          entry.address,
          entry.agent,
          entry.action,
          entry.outcome,
          targets.map(({ kind, id }) => `${kind} ${id}`).join('; '),
          targets.map(({ name }) => name ?? '').join('; '),
          entry.targetCount,
          entry.batch,
        ]),
      )
      .join('');
  }
}

function viewOf(
  { actor, targets, ...entry }: ListedActivity,
  { names, title }: { readonly names: Names; readonly title: string | null },
): ActivityEntryView {
  const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? null));
  return {
    ...entry,
    title,
    actor: { ...actor, name: nameOf(actor.id) },
    targets: targets.map(({ kind, id }) => ({ kind, id, name: nameOf(id) })),
  };
}
