/**
 * Encoding of the store's rows as JSON lines: one line names table and columns, and each further line is a row. Bytes are `{"base64": …}`.
 */
import { z } from 'zod';
import type { TableRows, Value } from './ports.ts';
import { damaged } from './tar.ts';

const headSchema = z.strictObject({
  table: z.string().max(120),
  columns: z.array(z.string().max(120)).min(1).max(200),
});
const valueSchema = z.union([z.string(), z.number(), z.null(), z.strictObject({ base64: z.base64() })]);

const encoded = (value: Value) => (Buffer.isBuffer(value) ? { base64: value.toString('base64') } : value);

export function encodeRows({ table, columns, rows }: TableRows): Buffer {
  const lines = [{ table, columns }, ...rows.map((row) => row.map(encoded))].map((line) => JSON.stringify(line));
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}

/** Decodes rows of the store from the JSON lines of a backup. Throws `backup_damaged` for malformed rows. */
export function decodeRows(body: Buffer): TableRows {
  try {
    const [head, ...lines] = body.toString('utf8').trimEnd().split('\n');
    const { table, columns } = headSchema.parse(JSON.parse(head ?? ''));
    const schema = z.array(valueSchema).length(columns.length);
    const rows = lines.map((line) =>
      schema
        .parse(JSON.parse(line))
        .map(
          (value): Value => (value !== null && typeof value === 'object' ? Buffer.from(value.base64, 'base64') : value),
        ),
    );
    return { table, columns, rows };
  } catch (error) {
    throw damaged('rows of the store are malformed', error);
  }
}
