/** Labels of devices in queries that read `devices`. */
import { type RawBuilder, sql } from 'kysely';
import { normalizedLabel } from '../../shared/devices/labels.ts';
import type { Operator } from '../../shared/inventory/list-fields.ts';
import { lowered, positionIn } from './column-text.ts';
import { andInRange, type Lookup } from './device-range.ts';
import type { DialectName } from './dialect.ts';

/** Separator between the labels of a device. No label contains this character. */
const SEPARATOR = '\n';

/** All labels of a device in one column. */
export const LABELS = sql<
  string | null
>`(select string_agg(l.label, ${sql.lit(SEPARATOR)}) from device_labels l where l.device_id = devices.id)`;

export const labelsOf = (column: string | null): readonly string[] =>
  column === null ? [] : column.split(SEPARATOR).sort();

/** SQL condition: the device has the label. `label`: in the form that `normalizedLabel` returns. */
export const hasLabel = (label: string, lookup: Lookup): RawBuilder<boolean> =>
  sql<boolean>`(devices.id in (select device_id from device_labels
    where label = ${label}${andInRange(lookup, 'device_id')}))`;

/** SQL condition on the labels of a device. A device without labels is `unknown`, and excludes every label. */
export function labelMeets(
  dialect: DialectName,
  lookup: Lookup,
  { op, value }: { readonly op: Operator; readonly value: string },
): RawBuilder<boolean> {
  const has = (which: RawBuilder<unknown>) =>
    sql<boolean>`exists (select 1 from device_labels l
      where l.device_id = devices.id${andInRange(lookup, 'l.device_id')} and ${which})`;
  const text = normalizedLabel(value);
  switch (op) {
    case 'includes':
      return has(sql`l.label = ${text}`);
    case 'excludes':
      return sql<boolean>`not ${has(sql`l.label = ${text}`)}`;
    case 'contains':
      return has(sql`${positionIn(dialect, 'l.label', lowered(text))} > 0`);
    case 'unknown':
      return sql<boolean>`not ${has(sql`1 = 1`)}`;
    default:
      return has(sql`1 = 1`);
  }
}
