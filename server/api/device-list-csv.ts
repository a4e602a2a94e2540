import { marksOf } from '../../shared/devices/device-marks.ts';
import { type ListFactValue, type ReportedField, TIME_FIELDS } from '../../shared/inventory/list-fields.ts';
import type { DeviceList } from '../devices/ports.ts';
import { csvBlocks } from './generated-file.ts';

const HEAD = [
  'device',
  'hostname',
  'status',
  'group',
  'home',
  'enrolled',
  'last contact',
  'connected',
  'workspace',
  'agent',
  'name',
  'labels',
  'marks',
];

/**
 * The device list as CSV. The file names devices by id, display name and host name. It contains no names of people and no locations, because a file with
 * all devices of a fleet is easily passed on.
 */
export function deviceListCsv(
  batches: AsyncIterable<Omit<DeviceList, 'total'>>,
  columns: readonly ReportedField[],
): AsyncGenerator<Uint8Array> {
  return csvBlocks([...HEAD, ...columns], rowsOf(batches), ({ device, facts }) => {
    const { presence, ...rest } = device;
    return [
      rest.id,
      rest.hostname,
      rest.status,
      rest.group.name,
      rest.home,
      iso(rest.enrolledAt),
      presence && iso(presence.lastSeenAt),
      presence?.connected ?? false,
      rest.workspace.state,
      presence?.agent ?? null,
      rest.displayName,
      rest.labels.join('; '),
      marksOf(rest).join('; '),
      ...columns.map((fact) => factCell(fact, facts[fact] ?? null)),
    ];
  });
}

async function* rowsOf(batches: AsyncIterable<Omit<DeviceList, 'total'>>) {
  for await (const { devices, facts } of batches) {
    for (const device of devices) yield { device, facts: facts.get(device.id) ?? {} };
  }
}

const iso = (at: number): string => new Date(at).toISOString();

function factCell(field: ReportedField, value: ListFactValue): string | number | boolean | null {
  if (typeof value === 'number' && TIME_FIELDS.includes(field)) return iso(value);
  return typeof value === 'object' ? (value?.join('; ') ?? null) : value;
}
