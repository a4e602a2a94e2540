import type { ENGLISH } from './english.ts';

/** The same texts in any language. */
type Texts<T> = {
  readonly [Key in keyof T]: T[Key] extends string
    ? string
    : T[Key] extends (...values: infer Values) => string
      ? (...values: Values) => string
      : Texts<T[Key]>;
};

export type MailWords = Texts<typeof ENGLISH>;
