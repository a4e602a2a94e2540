/** Comparison of names for search. A name never identifies a person; an identifier does. */

/** Normalized form of a name, for search and sorting. It must not be displayed or compared as an identity. */
export const foldedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();
