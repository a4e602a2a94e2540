import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { FACTS } from '../../shared/inventory/facts.ts';
import { LIST_FACTS, type ReportedField } from '../../shared/inventory/list-fields.ts';
import {
  DEVICE_SORTS,
  type Device,
  type DeviceFilter,
  type DeviceSort,
  type DeviceStore,
  type FactsOfDevices,
} from './ports.ts';
import type { Scope } from './scope.ts';

export const MAX_PAGE = 200;

export interface ListDevices {
  readonly filter?: DeviceFilter;
  readonly scope: Scope;
  /** Scope in which the search also compares network addresses. By default, the search ignores addresses. */
  readonly addresses?: Scope;
  readonly columns?: readonly ReportedField[];
  readonly sort?: DeviceSort;
  readonly descending?: boolean;
  readonly cursor?: string | null;
  /** Number of devices to skip from the start of the list. Alternative to `cursor`. */
  readonly offset?: number;
  readonly limit?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
  readonly total: number;
}

export interface DevicePage extends Page<Device> {
  readonly facts: FactsOfDevices;
}

const cursorSchema = z.strictObject({
  sort: z.enum([...DEVICE_SORTS, ...LIST_FACTS]),
  descending: z.boolean(),
  value: z.union([z.string(), z.number()]).nullable(),
  id: z.string(),
});
type Cursor = z.infer<typeof cursorSchema>;

export async function pageOfDevices(
  store: Pick<DeviceStore, 'list'>,
  query: ListDevices,
  now: number,
): Promise<DevicePage> {
  const { filter = {}, scope, addresses, columns, sort = 'user', descending = false, offset = 0 } = query;
  const after = query.cursor ? readCursor(query.cursor, sort, descending) : null;
  const limit = Math.min(Math.max(1, query.limit ?? 50), MAX_PAGE);
  const page = { sort, descending, after, offset, limit: limit + 1 };
  const { devices, total, facts } = await store.list({
    filter,
    scope,
    now,
    ...(addresses !== undefined && { addresses }),
    ...(columns && { columns }),
    ...page,
  });
  const items = devices.slice(0, limit);
  const last = items.at(-1);
  const more = devices.length > limit && last;
  return {
    items,
    cursor: more ? writeCursor({ sort, descending, value: sortValue(last, sort, facts), id: last.id }) : null,
    total,
    facts,
  };
}

function sortValue(device: Device, sort: DeviceSort, facts: FactsOfDevices): string | number | null {
  switch (sort) {
    case 'id':
      return device.id;
    case 'user':
      return device.user;
    case 'enrolled':
      return device.enrolledAt;
    case 'seen':
      return device.presence?.lastSeenAt ?? 0;
    default: {
      const value = facts.get(device.id)?.[sort] ?? null;
      return typeof value === 'string' || value === null ? value : Number(value);
    }
  }
}

function isNumeric(sort: DeviceSort): boolean {
  const fact = LIST_FACTS.find((name) => name === sort);
  return fact === undefined ? sort === 'enrolled' || sort === 'seen' : FACTS[fact].type !== 'string';
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor), 'utf8').toString('base64url');
}

function readCursor(text: string, sort: DeviceSort, descending: boolean): Cursor {
  const refuse = (cause?: unknown) =>
    new CordonError(
      'invalid_input',
      'The cursor belongs to another list. Start without a cursor.',
      { field: 'cursor' },
      cause,
    );
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw refuse(error);
  }
  const parsed = cursorSchema.safeParse(json);
  if (!parsed.success) throw refuse(parsed.error);
  const { data } = parsed;
  const unknown = data.value === null && !DEVICE_SORTS.some((one) => one === sort);
  const typed = (typeof data.value === 'number') === isNumeric(sort) || unknown;
  if (data.sort !== sort || data.descending !== descending || !typed) throw refuse();
  return data;
}
