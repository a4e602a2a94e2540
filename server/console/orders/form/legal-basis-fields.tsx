import { Select, Stack, Textarea, TextInput } from '@mantine/core';
import { languageChoices } from '../languages.ts';
import { LanguageTexts } from './language-texts.tsx';
import { authoritativeIn } from './order-form.ts';
import { type Fields, fieldId } from './use-order-form.ts';

export function LegalBasisFields(fields: Fields) {
  const { form, update, touch, problemAt } = fields;
  const line = (field: 'title' | 'authority' | 'addressee' | 'instrument' | 'appeal', most: number) => ({
    id: fieldId(field),
    value: form[field],
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) => update({ [field]: currentTarget.value }),
    onBlur: () => touch(field),
    error: problemAt(field)?.text,
    maxLength: most,
    dir: 'auto' as const,
    required: true,
  });
  const languages = languageChoices(authoritativeIn(form, null) ?? '');
  return (
    <Stack>
      <TextInput
        label="Title"
        description="Short name for lists, for example “Pakistan: enterprise messaging”"
        {...line('title', 120)}
      />
      <TextInput
        label="Authority"
        description="Body that issued the legal instrument, with the name that the instrument uses"
        {...line('authority', 4000)}
      />
      <TextInput
        label="Addressee"
        description="Person or company to which the legal instrument is addressed. The addressee can differ from your organization."
        {...line('addressee', 4000)}
      />
      <Textarea
        label="Instrument"
        description="The legal instrument, such as a law, court order, decree or letter, with its date and number"
        autosize
        minRows={2}
        {...line('instrument', 4000)}
      />
      <LanguageTexts
        title="Public statement"
        label="Statement"
        texts={form.statements}
        change={(statements) => update({ statements })}
        onBlur={() => touch('statement')}
        id={fieldId('statement')}
        error={problemAt('statement')?.text}
        least={1}
      />
      <Select
        id={fieldId('authoritativeLanguage')}
        label="Authoritative language"
        description="Language of the original legal instrument. All other texts are marked as translations."
        data={[...languages]}
        value={authoritativeIn(form, null) ?? null}
        onChange={(language) => update({ authoritative: language ?? '' })}
        onBlur={() => touch('authoritativeLanguage')}
        error={problemAt('authoritativeLanguage')?.text}
        searchable
        allowDeselect={false}
        nothingFoundMessage="No language found"
      />
      <TextInput
        label="Appeal contact"
        description="Devices show this contact to all affected users"
        {...line('appeal', 4000)}
      />
    </Stack>
  );
}
