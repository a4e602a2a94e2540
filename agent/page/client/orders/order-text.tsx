import { Group, Text, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { nativeLanguageName } from '../../../../shared/order/language-name.ts';
import { localizedText } from '../../../../shared/order/localized-text.ts';
import { authorityIn, dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import type { Notice } from '../../api.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';
import classes from './orders.module.css';

export function OrderText({ statement, authoritative }: Pick<Notice, 'statement' | 'authoritative'>) {
  const [chosen, setChosen] = useState<string | null>(null);
  const mine = localizedText(chosen === null ? navigator.languages : [chosen], statement);
  if (mine === null) return null;
  const tags = Object.keys(statement);
  const authority = authorityIn(mine.tag, authoritative, navigator.languages);
  return (
    <div>
      <blockquote className={classes.statement} lang={mine.tag} dir="auto" aria-label={NOTICE_WORDS.statement}>
        {mine.text.split(/\n+/).map((paragraph, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text does not change; its paragraphs have no other name
          <p key={at}>{paragraph}</p>
        ))}
      </blockquote>
      {authority && (
        <Text size="sm" c="dimmed" lang={authority.words.tag} dir={authority.words.direction}>
          {authority.text}
        </Text>
      )}
      {tags.length > 1 && (
        <Group gap="xs" role="group" aria-label={NOTICE_WORDS.language} mt={4}>
          {tags.map((tag) => (
            <UnstyledButton
              key={tag}
              lang={tag}
              className={classes.language}
              aria-pressed={tag === mine.tag}
              onClick={() => setChosen(tag)}
            >
              <bdi>{nativeLanguageName(tag)}</bdi>
            </UnstyledButton>
          ))}
        </Group>
      )}
    </div>
  );
}

/** The consequences of an order's exit (the wipe of work data) for the data on this device. */
export function ExitFact({ exit }: { readonly exit: NonNullable<Notice['exit']> }) {
  const words = NOTICE_WORDS.exit;
  return (
    <>
      <dt>{words.label}</dt>
      <dd>
        {exit.wiped !== null
          ? words.wiped(dateTimeIn(NOTICE_WORDS, exit.wiped))
          : exit.approved
            ? words.approved
            : words.exportBy(dateTimeIn(NOTICE_WORDS, exit.exportsUntil))}
      </dd>
    </>
  );
}

export function Words({ children }: { readonly children: string }) {
  return (
    <Text component="span" inherit dir="auto" className={classes.words}>
      {children}
    </Text>
  );
}
