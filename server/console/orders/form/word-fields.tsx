/** What the order is called, whose it is, and what is said in public, in any language. */
import { Button, Group, Select, Stack, Textarea, TextInput, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { LANGUAGE_CHOICES, languageName } from '../languages.ts';
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
      <Statements {...fields} />
      <TextInput
        label="Whom to appeal to"
        description="Shown to everybody whom the order denies something"
        {...line('appeal', 4000)}
      />
    </Stack>
  );
}

function Statements({ form: { statements }, update, touch, problemAt }: Fields) {
  const added = useRef(false);
  const last = useRef<HTMLInputElement>(null);
  // Whoever adds a language goes on by choosing it.
  useEffect(() => {
    if (added.current) last.current?.focus();
    added.current = false;
  });
  const change = (at: number, next: Partial<(typeof statements)[number]>) =>
    update({ statements: statements.map((each, index) => (index === at ? { ...each, ...next } : each)) });
  const used = statements.map(({ language }) => language);
  return (
    <Stack gap="sm">
      <Title order={3} size="h6">
        Public statement
      </Title>
      {statements.map(({ language, text }, at) => (
        // A statement has no name but its place: the language is being chosen.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Group key={at} align="flex-start" gap="xs" wrap="wrap">
          <Select
            {...(at === statements.length - 1 && { ref: last })}
            label="Language"
            data={choices(language, used)}
            value={language === '' ? null : language}
            onChange={(chosen) => change(at, { language: chosen ?? '' })}
            searchable
            allowDeselect={false}
            nothingFoundMessage="No such language here"
            w={180}
          />
          <Textarea
            {...(at === 0 && { id: fieldId('statement') })}
            label={language === '' ? 'Statement' : `Statement in ${languageName(language)}`}
            value={text}
            onChange={({ currentTarget }) => change(at, { text: currentTarget.value })}
            onBlur={() => touch('statement')}
            error={at === 0 ? problemAt('statement')?.text : undefined}
            required={at === 0}
            lang={language || undefined}
            dir="auto"
            maxLength={4000}
            autosize
            minRows={2}
            style={{ flex: '1 1 16rem' }}
          />
          {statements.length > 1 && (
            <Button
              variant="default"
              mt={25}
              leftSection={<IconTrash size={16} aria-hidden />}
              aria-label={`Remove the statement in ${language === '' ? 'no language' : languageName(language)}`}
              onClick={() => update({ statements: statements.filter((_, index) => index !== at) })}
            >
              Remove
            </Button>
          )}
        </Group>
      ))}
      <Group>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => {
            added.current = true;
            update({ statements: [...statements, { language: '', text: '' }] });
          }}
        >
          Add a language
        </Button>
      </Group>
    </Stack>
  );
}

function choices(own: string, used: readonly string[]): { value: string; label: string }[] {
  const there = LANGUAGE_CHOICES.some(({ value }) => value === own);
  const all = there || own === '' ? LANGUAGE_CHOICES : [...LANGUAGE_CHOICES, { value: own, label: languageName(own) }];
  return all.filter(({ value }) => value === own || !used.includes(value));
}
