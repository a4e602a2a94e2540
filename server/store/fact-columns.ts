/** Conversion between facts of devices and rows of the table `device_facts`. */

import { sql } from 'kysely';
import { FACTS, type Facts, factsOf } from '../../shared/inventory/facts.ts';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import { LIST_FACTS, type ListFact, type ListFactValue } from '../../shared/inventory/list-fields.ts';
import { type Cell, insertOf } from './bulk.ts';
import type { Tx } from './database.ts';
import { factColumn } from './fact-column.ts';

const COLUMNS: Readonly<Record<string, 'text' | 'bigint'>> = {
  device_id: 'text',
  ...Object.fromEntries(
    LIST_FACTS.map((fact) => [factColumn(fact), FACTS[fact].type === 'string' ? 'text' : 'bigint']),
  ),
};
const UPDATES = sql.join(
  LIST_FACTS.map((fact) => sql`${sql.ref(factColumn(fact))} = ${sql.ref(`excluded.${factColumn(fact)}`)}`),
);

/** Stores the facts of devices' inventories. */
export async function storeFacts(
  tx: Tx,
  devices: readonly { readonly device: string; readonly inventory: Inventory }[],
): Promise<void> {
  const rows = devices.map(({ device, inventory }) => [device, ...factCells(factsOf(inventory, null))]);
  await sql`${insertOf('device_facts', COLUMNS as Record<'device_id', 'text'>, rows)}
    on conflict (device_id) do update set ${UPDATES}`.execute(tx);
}

const factCells = (facts: Facts): Cell[] =>
  LIST_FACTS.map((fact) => {
    const value = facts[fact];
    return typeof value === 'boolean' ? Number(value) : value;
  });

/** Converts the value of a column to the value of the fact. */
export function factValue(fact: ListFact, stored: string | number | null): ListFactValue {
  if (stored === null) return null;
  if (FACTS[fact].type === 'string') return String(stored);
  return FACTS[fact].type === 'bool' ? Number(stored) === 1 : Number(stored);
}
