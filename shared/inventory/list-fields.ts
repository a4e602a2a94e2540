/**
 * Inventory facts that the device list shows as columns, filters by and sorts by. A condition compares one fact with a value. All
 * conditions of a filter must be true. A condition on an unknown fact is false, except `unknown`.
 */
import { z } from 'zod';
import { FACT_NAMES, FACTS, type FactName } from './facts.ts';

export type ListFact = Exclude<FactName, 'software'>;

/** All facts except the list of software, which has its own pages. */
export const LIST_FACTS = FACT_NAMES.filter((name): name is ListFact => name !== 'software');

/** Facts from sections with data about the user (`PERSONAL_SECTIONS`). */
export const PERSONAL_FACTS: readonly ListFact[] = ['users.count', 'users.admins'];

export type ListFactValue = string | number | boolean | null;

/** Operators by the type of the fact. Text ignores upper and lower case of ASCII letters. */
export const OPERATORS = {
  string: ['is', 'is-not', 'contains', 'starts-with', 'known', 'unknown'],
  int: ['is', 'is-not', 'at-least', 'at-most', 'known', 'unknown'],
  bool: ['is', 'known', 'unknown'],
} as const;
export type Operator = (typeof OPERATORS)[keyof typeof OPERATORS][number];
const ALL_OPERATORS = [...new Set(Object.values(OPERATORS).flat())] as [Operator, ...Operator[]];

export const operatorsOf = (field: ListFact): readonly Operator[] => OPERATORS[FACTS[field].type];
export const needsValue = (op: Operator): boolean => op !== 'known' && op !== 'unknown';

export const MOST_CONDITIONS = 8;
export const MOST_COLUMNS = 12;

const TYPES = { string: 'string', int: 'number', bool: 'boolean' } as const;

export const listFactSchema = z.enum(LIST_FACTS as [ListFact, ...ListFact[]]);
const conditionSchema = z
  .strictObject({
    field: listFactSchema,
    op: z.enum(ALL_OPERATORS),
    /**
     * Value of a condition: text, a number or true/false, as the type of the fact requires. Times are Unix milliseconds. Absent for `known`
     * and `unknown`.
     */
    value: z.union([z.string().min(1).max(120), z.int(), z.boolean()]).optional(),
  })
  .superRefine(({ field, op, value }, context) => {
    if (!operatorsOf(field).includes(op)) {
      context.addIssue({ code: 'custom', message: `${field} has the operators ${operatorsOf(field).join(', ')}` });
    } else if (needsValue(op) && typeof value !== TYPES[FACTS[field].type]) {
      context.addIssue({ code: 'custom', message: `${field} ${op} needs a ${TYPES[FACTS[field].type]} as its value` });
    } else if (!needsValue(op) && value !== undefined) {
      context.addIssue({ code: 'custom', message: `${op} takes no value` });
    }
  });
export type Condition = z.infer<typeof conditionSchema>;
export const conditionsSchema = z.array(conditionSchema).min(1).max(MOST_CONDITIONS);

/** Columns with data of the server. The user is always the first column. */
export const BASE_COLUMNS = ['host', 'group', 'location', 'labels', 'seen', 'enrolled'] as const;
export type ListColumn = (typeof BASE_COLUMNS)[number] | ListFact;

export const columnsSchema = z
  .array(z.enum([...BASE_COLUMNS, ...LIST_FACTS]))
  .max(MOST_COLUMNS)
  .refine((columns) => new Set(columns).size === columns.length, 'names a column twice');

export const factsAmong = (columns: readonly ListColumn[]): readonly ListFact[] =>
  columns.flatMap((column) => LIST_FACTS.filter((fact) => fact === column));

/** Parses a condition such as `os.id is debian`, `firewall is false` or `hardware.serial unknown`. Null if the text is no condition. */
export function parseCondition(text: string): Condition | null {
  const [, field = '', op = '', rest = ''] = /^\s*(\S+)\s+(\S+)\s*(.*?)\s*$/s.exec(text) ?? [];
  const known = LIST_FACTS.find((name) => name === field);
  if (known === undefined) return null;
  const { type } = FACTS[known];
  const value = type === 'int' ? Number(rest) : type === 'bool' ? ({ true: true, false: false }[rest] ?? rest) : rest;
  const condition = rest === '' ? { field, op } : { field, op, value };
  return conditionSchema.safeParse(condition).data ?? null;
}
