/** Languages of public statements, by name. */

const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** `ur` → Urdu. The tag itself where this browser knows no name. */
export function languageName(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch (error) {
    if (error instanceof RangeError) return tag;
    throw error;
  }
}

const FROM_RIGHT = ['ar', 'dv', 'fa', 'he', 'ps', 'ur'];

/** In which direction it is written, where that is known: an empty field begins on that side. */
export function directionOf(tag: string): 'rtl' | 'auto' {
  return FROM_RIGHT.includes(tag.split('-')[0] ?? '') ? 'rtl' : 'auto';
}

/** Languages in which states address their people; any other can be given by its tag. */
const TAGS =
  'am ar az be bg bn bs ca cs da de dv el en es et fa fi fil fr ga he hi hr hu hy id is it ja ka kk km ko ku ky lo lt lv mk mn ms mt my ne nl no pl ps pt ro ru rw si sk sl so sq sr sv sw ta te tg th ti tk tr uk ur uz vi zh';

export const LANGUAGE_CHOICES: readonly { readonly value: string; readonly label: string }[] = TAGS.split(' ')
  .map((value) => ({ value, label: languageName(value) }))
  .sort((a, b) => a.label.localeCompare(b.label, 'en'));
