/** Editor for the expression of a dynamic group, with completions, the position of an error, and a preview of the matching devices. */
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react';
import type { z } from 'zod';
import { groupFacts, groupPreview } from '../../../shared/api/groups.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { PageLink } from '../parts/links.tsx';
import { type Completion, completionsAt } from './completions.ts';
import classes from './expression-editor.module.css';

type Preview = z.output<typeof groupPreview>;

const NOTHING = { facts: [], functions: [] };

export function ExpressionEditor({
  value,
  change,
}: {
  readonly value: string;
  readonly change: (expression: string) => void;
}) {
  const vocabulary = useQuery(topicQuery([], '/group-facts', groupFacts)).data ?? NOTHING;
  const [expression] = useDebouncedValue(value.trim(), 400);
  const preview = useQuery({
    queryKey: ['group-preview', expression],
    queryFn: ({ signal }) => call('POST', '/group-preview', groupPreview, { expression }, signal),
    enabled: expression !== '',
    placeholderData: keepPreviousData,
  });
  const current = expression === '' ? null : (preview.data ?? null);
  // The error is removed after an edit, because its position belongs to the previous text.
  const error = expression === value.trim() && !preview.isPlaceholderData ? (current?.error ?? null) : null;
  const area = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const resultId = useId();
  const [caret, setCaret] = useState<number | null>(null);
  const [all, setAll] = useState(false);
  const [active, setActive] = useState(-1);
  const { from, options } = caret === null ? { from: 0, options: [] } : completionsAt(value, caret, vocabulary, all);
  const opened = options.length > 0;

  /** Position of the caret, restored after rendering. Otherwise React would move the caret to the end of a changed text. */
  const target = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (target.current === null) return;
    area.current?.setSelectionRange(target.current, target.current);
    target.current = null;
  });

  function close() {
    setCaret(null);
    setAll(false);
    setActive(-1);
  }

  function accept({ insert }: Completion) {
    target.current = from + insert.length;
    change(value.slice(0, from) + insert + value.slice(caret ?? value.length));
    close();
    area.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      setCaret(event.currentTarget.selectionStart);
      setAll(true);
      return;
    }
    if (!opened) return;
    const chosen = options[active];
    if (event.key === 'ArrowDown') setActive((active + 1) % options.length);
    else if (event.key === 'ArrowUp') setActive((active + options.length - (active < 0 ? 0 : 1)) % options.length);
    else if (event.key === 'Escape') close();
    // If no completion is marked, these keys keep their usual effect.
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) accept(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <Stack gap="sm">
      <div className={classes.anchor}>
        <Textarea
          ref={area}
          label="Expression"
          description="Condition in CEL, such as os.platform == &quot;linux&quot;. Type a name for suggestions, or press Ctrl and Space for the list of facts and functions."
          autosize
          minRows={3}
          maxRows={12}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          dir="ltr"
          classNames={{ input: classes.code }}
          value={value}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-describedby={resultId}
          aria-invalid={error !== null}
          {...(opened && { 'aria-controls': listId })}
          {...(active >= 0 && opened && { 'aria-activedescendant': `${listId}-${active}` })}
          onChange={({ currentTarget }) => {
            change(currentTarget.value);
            setCaret(currentTarget.selectionStart);
            setAll(false);
            setActive(-1);
          }}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
        {opened && (
          <div id={listId} role="listbox" aria-label="Suggestions" className={classes.options}>
            {options.map((option, index) => (
              <div
                key={option.label}
                id={`${listId}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                className={classes.option}
                // The click must not take the focus away from the text, because the list would close before the click takes effect.
                onMouseDown={(event) => {
                  event.preventDefault();
                  accept(option);
                }}
              >
                <span className={classes.name}>{option.label}</span>
                <span className={classes.meaning}>{option.meaning}</span>
              </div>
            ))}
          </div>
        )}
      </div>
      <div id={resultId} role="status">
        {preview.isError ? (
          <Failure error={preview.error} retry={() => void preview.refetch()} />
        ) : error ? (
          <Problem
            text={expression}
            error={error}
            select={() => {
              const offset = value.length - value.trimStart().length;
              area.current?.focus();
              area.current?.setSelectionRange(error.start + offset, Math.max(error.end, error.start + 1) + offset);
            }}
          />
        ) : (
          <Result preview={current} />
        )}
      </div>
    </Stack>
  );
}

function Problem({
  text,
  error,
  select,
}: {
  readonly text: string;
  readonly error: NonNullable<Preview['error']>;
  readonly select: () => void;
}) {
  const line = text.split('\n')[error.line - 1] ?? '';
  const start = error.column - 1;
  const end = Math.min(line.length, start + Math.max(1, error.end - error.start));
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm" className={classes.error}>
        Line {error.line}, column {error.column}: {error.message}
      </Text>
      <code className={classes.line} dir="ltr">
        {line.slice(0, start)}
        <mark className={classes.mark}>{line.slice(start, end) || '␣'}</mark>
        {line.slice(end)}
      </code>
      <Button size="xs" variant="default" onClick={select}>
        Select the error
      </Button>
    </Stack>
  );
}

const number = (count: number) => count.toLocaleString('en');

function Result({ preview }: { readonly preview: Preview | null }) {
  if (preview === null || preview.error) {
    return (
      <Text size="sm" c="dimmed">
        The preview counts the matching devices.
      </Text>
    );
  }
  const { matching, unknown, examined, complete, examples } = preview;
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {number(matching)} of {number(examined)} {examined === 1 ? 'device matches' : 'devices match'}.
      </Text>
      {!complete && (
        <Text size="sm">The fleet is too large for a complete preview. The counts are of the first devices by ID.</Text>
      )}
      {unknown > 0 && (
        <Text size="sm">
          {number(unknown)} {unknown === 1 ? 'device depends' : 'devices depend'} on an unknown fact and{' '}
          {unknown === 1 ? 'is no member' : 'are no members'}. Use known() to decide these cases.
        </Text>
      )}
      {examples.map(({ id, user, hostname }) => (
        <Group key={id} gap="sm">
          <PageLink to="/devices/$id" params={{ id }}>
            <UserText>{user}</UserText>
          </PageLink>
          {hostname !== null && (
            <Text size="sm" c="dimmed">
              <UserText>{hostname}</UserText>
            </Text>
          )}
        </Group>
      ))}
    </Stack>
  );
}
