/** Returns an object without its undefined fields, as the compiler option `exactOptionalPropertyTypes` requires. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

export function definedFields<T extends object>(fields: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>;
}
