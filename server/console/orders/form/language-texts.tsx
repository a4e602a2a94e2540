import { Button, Group, Select, Stack, Textarea, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { directionOf, languageChoices, languageName } from '../languages.ts';
import { isUnnamed } from './problems.ts';

interface Written {
  readonly language: string;
  readonly text: string;
}

export function LanguageTexts({
  title,
  label,
  texts,
  change,
  onBlur,
  id,
  error,
  least,
}: {
  readonly title: string;
  readonly label: string;
  readonly texts: readonly Written[];
  readonly change: (texts: Written[]) => void;
  readonly onBlur: () => void;
  readonly id: string;
  readonly error: string | undefined;
  readonly least: number;
}) {
  /** Number of texts after an addition. When the list has this length, the focus moves to the added text. */
  const added = useRef<number | null>(null);
  const last = useRef<HTMLInputElement>(null);
  // Move the focus to the language field of the added text, because the user selects its language next.
  useEffect(() => {
    if (added.current !== texts.length) return;
    last.current?.focus();
    added.current = null;
  });
  const edit = (at: number, next: Partial<Written>) =>
    change(texts.map((each, index) => (index === at ? { ...each, ...next } : each)));
  const wrong = Math.max(0, texts.findIndex(isUnnamed));
  const used = texts.map(({ language }) => language);
  return (
    <Stack gap="sm">
      <Title order={3} size="h6">
        {title}
      </Title>
      {texts.map(({ language, text }, at) => (
        // The index is the React key, because a text without a selected language has no other identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Group key={at} align="flex-start" gap="xs" wrap="wrap">
          <Select
            {...(at === texts.length - 1 && { ref: last })}
            label="Language"
            data={choices(language, used)}
            value={language === '' ? null : language}
            onChange={(chosen) => edit(at, { language: chosen ?? '' })}
            searchable
            allowDeselect={false}
            nothingFoundMessage="No language found"
            w={180}
          />
          <Textarea
            {...(at === 0 && { id })}
            label={language === '' ? label : `${label} in ${languageName(language)}`}
            value={text}
            onChange={({ currentTarget }) => edit(at, { text: currentTarget.value })}
            onBlur={onBlur}
            error={at === wrong ? error : undefined}
            required={at < least}
            lang={language || undefined}
            dir={directionOf(language)}
            maxLength={4000}
            autosize
            minRows={2}
            style={{ flex: '1 1 16rem' }}
          />
          {texts.length > least && (
            <Button
              variant="default"
              mt={25}
              leftSection={<IconTrash size={16} aria-hidden />}
              aria-label={`Remove ${label.toLowerCase()} in ${language === '' ? 'no language' : languageName(language)}`}
              onClick={() => change(texts.filter((_, index) => index !== at))}
            >
              Remove
            </Button>
          )}
        </Group>
      ))}
      <Group>
        <Button
          {...(texts.length === 0 && { id })}
          variant="default"
          size="xs"
          leftSection={<IconPlus size={16} aria-hidden />}
          aria-label={least > 0 ? 'Add language' : `Add language to: ${title}`}
          onClick={() => {
            added.current = texts.length + 1;
            change([...texts, { language: '', text: '' }]);
          }}
        >
          Add language
        </Button>
      </Group>
    </Stack>
  );
}

function choices(own: string, used: readonly string[]): { value: string; label: string }[] {
  return languageChoices(own).filter(({ value }) => value === own || !used.includes(value));
}
