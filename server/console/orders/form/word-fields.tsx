/** What the order is called, whose it is, and what is said in public, in any language. */
import { Stack, Textarea, TextInput } from '@mantine/core';
import { LanguageTexts } from './language-texts.tsx';
import { type Fields, fieldId } from './use-order-form.ts';

export function WordFields(fields: Fields) {
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
  return (
    <Stack>
      <TextInput label="Title" description="Short, for lists: Pakistan: enterprise messaging" {...line('title', 120)} />
      <TextInput
        label="By whose authority"
        description="Who demands it, as the instrument names them"
        {...line('authority', 4000)}
      />
      <TextInput
        label="Addressed to"
        description="To whom the demand is addressed, which need not be you"
        {...line('addressee', 4000)}
      />
      <Textarea
        label="Instrument"
        description="The law, letter or directive, with date and number"
        autosize
        minRows={2}
        {...line('instrument', 4000)}
      />
      <LanguageTexts
        title="Public statement"
        what="Statement"
        texts={form.statements}
        change={(statements) => update({ statements })}
        left={() => touch('statement')}
        id={fieldId('statement')}
        error={problemAt('statement')?.text}
        least={1}
      />
      <TextInput
        label="Whom to appeal to"
        description="Shown to everybody whom the order denies something"
        {...line('appeal', 4000)}
      />
    </Stack>
  );
}
