/** Languages as those who speak them call them. */

/** A language by its own name: `ur` → اردو. What is no tag stays as it is. */
export function ownName(tag: string): string {
  try {
    return new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
