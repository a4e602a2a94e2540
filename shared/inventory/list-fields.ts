/**
 * Fields by which the device list filters: facts and lists of the inventory, and fields of the server's own records. A condition compares
 * one field with a value. All conditions of a filter must be true. A condition on an unknown field is false, except `unknown`.
 */
import { z } from 'zod';
import { FACT_NAMES, FACTS, type FactName } from './facts.ts';
import { INVENTORY_LIST_NAMES, INVENTORY_LISTS, type InventoryList } from './inventory-lists.ts';
import { PERSONAL_SECTIONS } from './sections.ts';

export type ListFact = Exclude<FactName, 'software'>;
/** Field that the device reports. */
export type ReportedField = ListFact | InventoryList;

/** All facts except the list of software. The device list can sort by them. */
export const LIST_FACTS = FACT_NAMES.filter((name): name is ListFact => name !== 'software');
export const REPORTED_FIELDS: readonly ReportedField[] = [...LIST_FACTS, ...INVENTORY_LIST_NAMES];

export type FieldType = 'string' | 'int' | 'bool' | 'list';

/**
 * Fields of the server's records, and the software. `software`: the name of a title, or a name and a version such as
 * `openssl < 3.0.15`.
 */
const SERVER_FIELDS = {
  labels: { type: 'list', meaning: 'Labels that admins gave the device' },
  software: { type: 'list', meaning: 'Installed software: a name, or a name and a version such as "openssl < 3.0.15"' },
  user: { type: 'string', meaning: 'Name of the user' },
  seen: { type: 'int', meaning: 'Time of the last contact with the server' },
  enrolled: { type: 'int', meaning: 'Time of the enrollment' },
  lostMode: { type: 'bool', meaning: 'Lost mode is on' },
} as const satisfies Record<string, { readonly type: FieldType; readonly meaning: string }>;
export type ServerField = keyof typeof SERVER_FIELDS;
const SERVER_FIELD_NAMES = Object.keys(SERVER_FIELDS) as ServerField[];

export type ListField = ReportedField | ServerField;
export const LIST_FIELDS: readonly ListField[] = [...REPORTED_FIELDS, ...SERVER_FIELD_NAMES];

const isServerField = (field: ListField): field is ServerField => Object.hasOwn(SERVER_FIELDS, field);
export const isInventoryList = (field: ListField): field is InventoryList => Object.hasOwn(INVENTORY_LISTS, field);

export function typeOfField(field: ListField): FieldType {
  if (isServerField(field)) return SERVER_FIELDS[field].type;
  return isInventoryList(field) ? 'list' : FACTS[field].type;
}

/** Fields whose value is a time in Unix milliseconds. */
export const TIME_FIELDS: readonly ListField[] = [
  'os.bootedAt',
  'os.updatesCheckedAt',
  'certificates.expireAt',
  'seen',
  'enrolled',
];

/** Fields from sections with data about the user (`PERSONAL_SECTIONS`). */
export const PERSONAL_FIELDS: readonly ListField[] = [
  'users.count',
  'users.admins',
  ...INVENTORY_LIST_NAMES.filter((name) => PERSONAL_SECTIONS.some((one) => one === INVENTORY_LISTS[name].section)),
];

export type ListFactValue = string | number | boolean | readonly string[] | null;

/** Operators by the type of the field. Text ignores upper and lower case of ASCII letters. */
export const OPERATORS = {
  string: ['is', 'is-not', 'contains', 'starts-with', 'known', 'unknown'],
  int: ['is', 'is-not', 'at-least', 'at-most', 'known', 'unknown'],
  bool: ['is', 'known', 'unknown'],
  /** `includes`: one entry equals the value. `contains`: the value is a part of one entry. */
  list: ['includes', 'excludes', 'contains', 'known', 'unknown'],
} as const;
export type Operator = (typeof OPERATORS)[keyof typeof OPERATORS][number];
const ALL_OPERATORS = [...new Set(Object.values(OPERATORS).flat())] as [Operator, ...Operator[]];

export const operatorsOf = (field: ListField): readonly Operator[] => OPERATORS[typeOfField(field)];
export const needsValue = (op: Operator): boolean => op !== 'known' && op !== 'unknown';

export const MOST_CONDITIONS = 8;
export const MOST_COLUMNS = 12;

const TYPES = { string: 'string', int: 'number', bool: 'boolean', list: 'string' } as const;

export const reportedFieldSchema = z.enum(REPORTED_FIELDS as [ReportedField, ...ReportedField[]]);
const conditionSchema = z
  .strictObject({
    field: z.enum(LIST_FIELDS as [ListField, ...ListField[]]),
    op: z.enum(ALL_OPERATORS),
    /**
     * Value of a condition: text, a number or true/false, as the type of the field requires. Times are Unix milliseconds. Absent for
     * `known` and `unknown`.
     */
    value: z.union([z.string().min(1).max(120), z.int(), z.boolean()]).optional(),
  })
  .superRefine(({ field, op, value }, context) => {
    const type = TYPES[typeOfField(field)];
    if (!operatorsOf(field).includes(op)) {
      context.addIssue({ code: 'custom', message: `${field} has the operators ${operatorsOf(field).join(', ')}` });
    } else if (needsValue(op) && typeof value !== type) {
      context.addIssue({ code: 'custom', message: `${field} ${op} needs a ${type} as its value` });
    } else if (!needsValue(op) && value !== undefined) {
      context.addIssue({ code: 'custom', message: `${op} takes no value` });
    }
  });
export type Condition = z.infer<typeof conditionSchema>;
export const conditionsSchema = z.array(conditionSchema).min(1).max(MOST_CONDITIONS);

/** Columns with data of the server. The user is always the first column. `marks`: see `DEVICE_MARKS`. */
export const BASE_COLUMNS = ['host', 'group', 'location', 'labels', 'marks', 'seen', 'enrolled'] as const;
export type ListColumn = (typeof BASE_COLUMNS)[number] | ReportedField;

export const columnsSchema = z
  .array(z.enum([...BASE_COLUMNS, ...REPORTED_FIELDS]))
  .max(MOST_COLUMNS)
  .refine((columns) => new Set(columns).size === columns.length, 'names a column twice');

export const reportedAmong = (columns: readonly ListColumn[]): readonly ReportedField[] =>
  columns.flatMap((column) => REPORTED_FIELDS.filter((field) => field === column));

/**
 * Parses a condition such as `os.id is debian`, `labels includes kiosk` or `hardware.serial unknown`. Null if the text is no condition.
 */
export function parseCondition(text: string): Condition | null {
  const [, field = '', op = '', rest = ''] = /^\s*(\S+)\s+(\S+)\s*(.*?)\s*$/s.exec(text) ?? [];
  const known = LIST_FIELDS.find((name) => name === field);
  if (known === undefined) return null;
  const value = parsedValue(known, rest);
  const condition = rest === '' ? { field, op } : { field, op, value };
  return conditionSchema.safeParse(condition).data ?? null;
}

/** Times are RFC 3339 texts or Unix milliseconds. */
function parsedValue(field: ListField, text: string): string | number | boolean {
  const type = typeOfField(field);
  if (type === 'bool') return { true: true, false: false }[text] ?? text;
  if (type !== 'int') return text;
  return TIME_FIELDS.includes(field) && !/^\d+$/.test(text) ? Date.parse(text) : Number(text);
}
