/** A language by its own name: `ur` → اردو. What is no tag stays as it is: order texts carry whatever was signed. Pure. */
export function ownName(tag: string): string {
  try {
    return new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
  } catch (error) {
    if (error instanceof RangeError) return tag;
    throw error;
  }
}
