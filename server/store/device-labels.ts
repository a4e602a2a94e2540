/** Labels of devices in queries that read `devices`. */
import { type RawBuilder, sql } from 'kysely';

/** Separator between the labels of a device. No label contains this character. */
const SEPARATOR = '\n';

/** All labels of a device in one column. */
export const LABELS = sql<
  string | null
>`(select string_agg(l.label, ${sql.lit(SEPARATOR)}) from device_labels l where l.device_id = devices.id)`;

export const labelsOf = (column: string | null): readonly string[] =>
  column === null ? [] : column.split(SEPARATOR).sort();

/** SQL condition: the device has the label. `label`: in the form that `normalizedLabel` returns. */
export const hasLabel = (label: string): RawBuilder<boolean> =>
  sql<boolean>`(devices.id in (select device_id from device_labels where label = ${label}))`;
