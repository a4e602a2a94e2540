/** How names are compared for search. A name never decides which person is meant: an identifier does. */

/** One form for all spellings of a name: for search and order, never for display and never for identity. */
export const foldedName = (name: string): string =>
  name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();
