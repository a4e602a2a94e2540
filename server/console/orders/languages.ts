const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

export function languageName(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch (error) {
    if (error instanceof RangeError) return tag;
    throw error;
  }
}

const FROM_RIGHT = ['ar', 'dv', 'fa', 'he', 'ps', 'ur'];

/** Writing direction of a language, so that the cursor in an empty field is on the correct side. */
export function directionOf(tag: string): 'rtl' | 'auto' {
  return FROM_RIGHT.includes(tag.split('-')[0] ?? '') ? 'rtl' : 'auto';
}

/** Language tags from which an admin can select: official languages of states. The admin can also type the tag of another language. */
const TAGS = [
  'am ar az be bg bn bs ca cs da de dv el en es et fa fi fil fr ga he hi hr hu',
  'hy id is it ja ka kk km ko ku ky lo lt lv mk mn ms mt my ne nl no pl ps pt',
  'ro ru rw si sk sl so sq sr sv sw ta te tg th ti tk tr uk ur uz vi zh',
];

interface Choice {
  readonly value: string;
  readonly label: string;
}

const LANGUAGE_CHOICES: readonly Choice[] = TAGS.flatMap((tags) => tags.split(' '))
  .map((value) => ({ value, label: languageName(value) }))
  .sort((a, b) => a.label.localeCompare(b.label, 'en'));

export function languageChoices(chosen: string): readonly Choice[] {
  const known = chosen === '' || LANGUAGE_CHOICES.some(({ value }) => value === chosen);
  return known ? LANGUAGE_CHOICES : [...LANGUAGE_CHOICES, { value: chosen, label: languageName(chosen) }];
}
