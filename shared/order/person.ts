/** Comparison of names for search. Only a person id identifies a person, never a name. */

/** Normalized form of a name for search and sorting. It must not be displayed or compared as an identity. */
export const foldedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();
