/** Comparison of names for search. A name never identifies a person; an identifier does. */

/** Form of a name for search and sorting. Never for display, and never for identity. */
export const foldedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();
