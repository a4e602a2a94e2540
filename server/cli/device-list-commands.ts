import type { Command } from 'commander';
import { deviceViewList, newDeviceView, type SavedDeviceView, savedDeviceView } from '../../shared/api/device-views.ts';
import { devicePage, type ListedDevice } from '../../shared/api/devices.ts';
import { done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import {
  type Condition,
  columnsSchema,
  type ListFactValue,
  parseCondition,
  reportedAmong,
} from '../../shared/inventory/list-fields.ts';
import type { Cli } from './cli.ts';
import { queryOf } from './client.ts';
import { saveDownload } from './download.ts';
import { type Cell, table } from './output.ts';

/** Columns of the table that lists devices. */
interface DeviceTable {
  readonly head: readonly string[];
  readonly row: (device: ListedDevice) => readonly Cell[];
}

interface FilterOptions {
  readonly where?: readonly string[];
  readonly columns?: string;
  readonly view?: string;
  readonly sort?: string;
  readonly descending?: boolean;
  readonly [name: string]: string | boolean | readonly string[] | undefined;
}

export function addDeviceListCommands(devices: Command, cli: Cli, shown: DeviceTable): void {
  withFilter(devices.command('list'))
    .description('List devices. --cursor shows the next page')
    .option('--view <name>', 'saved view, by name or id. Other options change it for this list')
    .option('--limit <count>')
    .option('--cursor <cursor>')
    .option('--csv <file>', 'write the whole list to a new CSV file, without names of people')
    .action(async ({ csv, limit, cursor, ...options }: FilterOptions & Record<'csv' | 'limit' | 'cursor', string>) => {
      const list = await queryFrom(cli, options);
      if (csv !== undefined) {
        const bytes = await saveDownload(
          await cli.client().raw('GET', `/api/v1/devices.csv${queryOf(list)}`),
          csv,
          'CSV file',
        );
        cli.out().show({ file: csv, bytes }, [`${csv}: ${bytes} bytes`]);
        return;
      }
      const page = { ...(limit && { limit }), ...(cursor && { cursor }) };
      const found = await cli.client().call(devicePage, 'GET', `/devices${queryOf({ ...list, ...page })}`);
      const columns = reportedAmong(columnsSchema.parse(list['columns']?.split(',') ?? []));
      const rows = found.devices.map((device) => {
        return [...shown.row(device), ...columns.map((column) => cellOf(device.facts?.[column] ?? null))];
      });
      const more = found.cursor === null ? [] : [`more: --cursor ${found.cursor}`];
      cli.out().show(found, [...table([...shown.head, ...columns], rows), ...more]);
    });
  addViews(devices, cli);
}

function addViews(devices: Command, cli: Cli): void {
  devices
    .command('views')
    .description('List the saved views of the device list: your own and the shared ones')
    .action(async () => {
      const { views, columns } = await cli.client().call(deviceViewList, 'GET', '/device-views');
      const rows = views.map((view) => [
        view.name,
        view.id,
        view.owner.name,
        view.shared,
        JSON.stringify(view.filter),
        view.columns.join(','),
        `${view.sort}${view.descending ? ' descending' : ''}`,
      ]);
      cli.out().show({ views, columns }, table(['name', 'id', 'owner', 'shared', 'filter', 'columns', 'sort'], rows));
    });
  withFilter(devices.command('save-view'))
    .description('Save a filter, columns and a sort order under a name. A view of yours with this name is replaced')
    .argument('<name>')
    .option('--shared', 'share the view with all admins. Each admin sees only the devices of the own scope', false)
    .action(async (name: string, { shared, ...options }: FilterOptions & { shared: boolean }) => {
      const { where, columns, sort, descending, ...filter } = await queryFrom(cli, options);
      const conditions: unknown = where === undefined ? undefined : JSON.parse(where);
      const body = newDeviceView.parse({
        name,
        shared,
        filter: {
          ...Object.fromEntries(Object.entries(filter).map(typed)),
          ...(conditions !== undefined && { where: conditions }),
        },
        columns: columns === undefined ? [] : columnsSchema.parse(columns.split(',')),
        ...(sort !== undefined && { sort }),
        descending: descending === 'true',
      });
      const { views } = await cli.client().call(deviceViewList, 'GET', '/device-views');
      const known = views.find((view) => view.name === name && view.mine);
      const saved = known
        ? await cli.client().call(savedDeviceView, 'PATCH', `/device-views/${known.id}`, body)
        : await cli.client().call(savedDeviceView, 'POST', '/device-views', body);
      cli.out().show(saved, [`Saved the view ${saved.name} (${saved.id}).`]);
    });
  devices
    .command('delete-view')
    .description('Delete a saved view. The devices stay as they are')
    .argument('<view>', 'name or id')
    .action(async (name: string) => {
      const view = await viewCalled(cli, name);
      await cli.client().call(done, 'DELETE', `/device-views/${view.id}`);
      cli.out().show({ id: view.id }, [`Deleted the view ${view.name}.`]);
    });
}

function withFilter(command: Command): Command {
  return command
    .option('--text <text>', 'words in user name, host name, serial number, network address or the start of the id')
    .option(
      '--where <condition>',
      'condition such as "os.id is debian" or "labels includes kiosk"; repeat it for more conditions',
      collect,
    )
    .option('--person <person>', 'user of the devices')
    .option('--group <group>')
    .option('--area <area>', 'current or possible location of the device')
    .option('--label <label>', 'label of the devices')
    .option('--life-cycle <state>', 'state: active, locked, wiped, missing, ended or retired')
    .option('--status <status>', 'status: active, revoked or unenrolled')
    .option('--compliance <state>', 'compliance: compliant, in-grace, not-compliant, unknown or no-policy')
    .option('--connected <true|false>')
    .option('--workspace <state>', 'workspace state: open, passcode (waits for the user), locked or wiped')
    .option('--columns <facts>', 'fields of the inventory, separated by commas, such as os.version,hardware.serial')
    .option('--sort <sort>', 'sort by id, user, enrolled, seen or a fact of the inventory')
    .option('--descending', 'last value first');
}

const cellOf = (value: ListFactValue): Cell => (typeof value === 'object' ? (value?.join(', ') ?? null) : value);

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function conditionOf(text: string): Condition {
  const condition = parseCondition(text);
  if (condition) return condition;
  const detail = `"${text}" is not a condition. Write a field, an operator and a value, such as "os.id is debian", "hardware.memory at-least 8000000000" or "firewall unknown".`;
  throw new CordonError('invalid_input', detail, { field: 'where' });
}

/** Query of the list: the filter of the saved view, with the changes of the other options. */
async function queryFrom(
  cli: Cli,
  { view, where, descending, ...options }: FilterOptions,
): Promise<Record<string, string>> {
  const saved = view === undefined ? null : await viewCalled(cli, view);
  const conditions = where?.map(conditionOf) ?? saved?.filter.where;
  const given = {
    ...saved?.filter,
    ...(saved && { sort: saved.sort, descending: saved.descending }),
    ...(saved && saved.columns.length > 0 && { columns: saved.columns.join(',') }),
    ...options,
    ...(descending && { descending }),
    where: conditions && JSON.stringify(conditions),
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

async function viewCalled(cli: Cli, name: string): Promise<SavedDeviceView> {
  const { views } = await cli.client().call(deviceViewList, 'GET', '/device-views');
  const found = views.find(({ id }) => id === name) ?? views.find((view) => view.name === name);
  if (found) return found;
  throw new CordonError('not_found', `There is no view ${name}. "cordon devices views" lists the views.`);
}

const FLAGS = ['connected', 'everConnected', 'located', 'countersigned'];
const NUMBERS = ['seenBefore', 'listBelow'];
/** Converts flags and numbers, which a saved view does not store as text. */
const typed = ([name, value]: [string, string]): [string, unknown] => {
  if (FLAGS.includes(name)) return [name, value === 'true'];
  return [name, NUMBERS.includes(name) ? Number(value) : value];
};
