/** Errors of a schema beside the fields of a form. Pure. */
import type { z } from 'zod';

type Key = string | number;

export interface FieldErrors {
  /** Error of the field with this path, or of an element below it; undefined without one. */
  at(...path: Key[]): string | undefined;
  /** Error of exactly this path. */
  exactly(...path: Key[]): string | undefined;
  /** Errors of the part with this path. */
  below(...path: Key[]): FieldErrors;
}

/** `all`: true to show the errors of empty fields too. */
export function fieldErrors(schema: z.ZodType, value: unknown, all: boolean): FieldErrors {
  const issues = schema.safeParse(value).error?.issues ?? [];
  const matches = (own: readonly PropertyKey[], path: readonly Key[]) => path.every((key, index) => own[index] === key);
  const of = (start: readonly Key[]): FieldErrors => {
    const find = (path: readonly Key[], isExact: boolean) => {
      const whole = [...start, ...path];
      const issue = issues.find((each) => matches(each.path, whole) && (!isExact || each.path.length === whole.length));
      if (!issue || (!all && isEmpty(valueAt(value, whole)))) return undefined;
      return requirement(issue.message);
    };
    return {
      at: (...path) => find(path, false),
      exactly: (...path) => find(path, true),
      below: (...path) => of([...start, ...path]),
    };
  };
  return of([]);
}

const isEmpty = (value: unknown): boolean =>
  value === '' || value === null || value === undefined || (Array.isArray(value) && value.length === 0);

const valueAt = (value: unknown, path: readonly Key[]): unknown =>
  path.reduce<unknown>(
    (each, key) =>
      typeof each === 'object' && each !== null ? (each as Readonly<Record<Key, unknown>>)[key] : undefined,
    value,
  );

const VERBS: readonly (readonly [RegExp, string])[] = [
  [/^is not empty$/, 'Must not be empty'],
  [/^is /, 'Must be '],
  [/^has no /, 'Must have no '],
  [/^has /, 'Must have '],
  [/^contains /, 'Must contain '],
  [/^names /, 'Must name '],
  [/^does not /, 'Must not '],
];

/** Message of the catalog, such as "is a version", as a sentence for the field. */
export function requirement(message: string): string {
  const [pattern, verb] = VERBS.find(([each]) => each.test(message)) ?? [/^/, ''];
  const text = message.replace(pattern, verb);
  return text.endsWith('.') ? text : `${text}.`;
}
