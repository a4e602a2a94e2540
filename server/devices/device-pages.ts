import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { DEVICE_SORTS, type Device, type DeviceFilter, type DeviceSort, type DeviceStore } from './ports.ts';
import type { Scope } from './scope.ts';

export const MAX_PAGE = 200;

export interface ListDevices {
  readonly filter?: DeviceFilter;
  readonly scope: Scope;
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

const cursorSchema = z.strictObject({
  sort: z.enum(DEVICE_SORTS),
  descending: z.boolean(),
  value: z.union([z.string(), z.number()]),
  id: z.string(),
});
type Cursor = z.infer<typeof cursorSchema>;

export async function pageOfDevices(
  store: Pick<DeviceStore, 'list'>,
  query: ListDevices,
  now: number,
): Promise<Page<Device>> {
  const { filter = {}, scope, sort = 'user', descending = false, offset = 0 } = query;
  const after = query.cursor ? readCursor(query.cursor, sort, descending) : null;
  const limit = Math.min(Math.max(1, query.limit ?? 50), MAX_PAGE);
  const page = { sort, descending, after, offset, limit: limit + 1 };
  const { devices, total } = await store.list({ filter, scope, now, ...page });
  const items = devices.slice(0, limit);
  const last = items.at(-1);
  const more = devices.length > limit && last;
  return {
    items,
    cursor: more ? writeCursor({ sort, descending, value: sortValue(last, sort), id: last.id }) : null,
    total,
  };
}

function sortValue(device: Device, sort: DeviceSort): string | number {
  switch (sort) {
    case 'id':
      return device.id;
    case 'user':
      return device.user;
    case 'enrolled':
      return device.enrolledAt;
    case 'seen':
      return device.presence?.lastSeenAt ?? 0;
  }
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
  const numeric = sort === 'enrolled' || sort === 'seen';
  const { data } = parsed;
  if (data.sort !== sort || data.descending !== descending || (typeof data.value === 'number') !== numeric)
    throw refuse();
  return data;
}
