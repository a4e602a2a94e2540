/** Names of languages. An unknown language tag stays unchanged. */

/** Name of a language in the language itself: `ur` → اردو. */
export const nativeLanguageName = (tag: string): string => languageNameIn(tag, tag);

/** Name of the language `tag` in the language `reader`. For `ur` and `de`: Urdu. */
export function languageNameIn(reader: string, tag: string): string {
  try {
    return new Intl.DisplayNames(reader, { type: 'language' }).of(tag) ?? tag;
  } catch (error) {
    if (error instanceof RangeError) return tag;
    throw error;
  }
}
