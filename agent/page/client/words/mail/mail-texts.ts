import type { ENGLISH } from './english.ts';

/** Type of the same texts in another language: each text is any string. */
type Texts<T> = {
  readonly [Key in keyof T]: T[Key] extends string
    ? string
    : T[Key] extends (...values: infer Values) => string
      ? (...values: Values) => string
      : Texts<T[Key]>;
};

export type MailWords = Texts<typeof ENGLISH>;
