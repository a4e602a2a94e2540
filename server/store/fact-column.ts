/** Names of the columns of the table `device_facts`. */
import type { ListFact } from '../../shared/inventory/list-fields.ts';

type Snake<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? First extends '.'
    ? `_${Snake<Rest>}`
    : First extends Lowercase<First>
      ? `${First}${Snake<Rest>}`
      : `_${Lowercase<First>}${Snake<Rest>}`
  : '';
/** Column of a fact: `os.bootedAt` has the column `os_booted_at`. */
export type FactColumn = Snake<ListFact>;

export const factColumn = (fact: ListFact): FactColumn =>
  fact.replaceAll('.', '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as FactColumn;
