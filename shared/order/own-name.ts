/** Names of languages. An unknown tag stays unchanged, because order texts contain any signed tag. Pure. */

/** The name of a language in that language: `ur` → اردو. */
export const ownName = (tag: string): string => languageNameIn(tag, tag);

/** The name of language `tag` in the language `reader`: `de`, `ur` → Urdu. */
export function languageNameIn(reader: string, tag: string): string {
  try {
    return new Intl.DisplayNames(reader, { type: 'language' }).of(tag) ?? tag;
  } catch (error) {
    if (error instanceof RangeError) return tag;
    throw error;
  }
}
