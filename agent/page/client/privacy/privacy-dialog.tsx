/**
 * Data that this device reports to the organization, on the device page (the agent's web page). A change that reports more stays at the top
 * until the user closes it. The agent reports the new section only after a visible tab has displayed the change.
 */
import { Button, Modal, Stack, Text, Title } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { scriptWordsIn } from '../../../../shared/scripts/notice-words/script-words.ts';
import type { Collection } from '../../api.ts';
import classes from '../admin-messages/admin-messages.module.css';
import { call } from '../client/call.ts';
import { privacyQuery } from '../client/queries.ts';
import { useWhenVisible } from '../client/use-when-visible.ts';
import { PASSCODE_WORDS } from '../passcode/passcode-words.ts';
import { WORDS } from '../words/english.ts';
import { inReadersLanguage } from '../words/notice-words.ts';

const words = WORDS.privacy;
const SCRIPT_WORDS = scriptWordsIn(navigator.languages);
type Section = Collection['sections'][number];

export function NewCollection() {
  const { data } = useQuery(privacyQuery);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const fresh = (data?.sections ?? []).filter(
    ({ section, state }) => (state === 'not-displayed' || opened.has(section)) && !closed.has(section),
  );
  useDisplayed(fresh, () => setOpened(new Set(fresh.map(({ section }) => section))));
  if (fresh.length === 0) return null;
  return (
    <section className={classes.banner} aria-label={words.more}>
      <IconEye size={20} aria-hidden />
      <div className={classes.body}>
        <Title order={2} size="h6">
          {words.more}
        </Title>
        {fresh.map(({ section, title, meaning, widenedAt }) => (
          <Text key={section} size="sm">
            {title}: {meaning}. {widenedAt !== null && words.since(dateTime(widenedAt))}
          </Text>
        ))}
      </div>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => setClosed(new Set([...closed, ...fresh.map(({ section }) => section)]))}
      >
        {WORDS.close}
      </Button>
    </section>
  );
}

export function PrivacyDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title={words.title} size="lg">
      {opened && <List />}
    </Modal>
  );
}

function List() {
  const query = useQuery(privacyQuery);
  useDisplayed(query.data?.sections ?? []);
  return (
    <QueryResult query={query}>
      {({ sections, changedAt, scripts }) => (
        <Stack gap="md">
          <Text size="sm">{words.lead}</Text>
          <Stack component="ul" className={classes.list} gap="md">
            {sections.map((section) => (
              <li key={section.section}>
                <Entry section={section} />
              </li>
            ))}
          </Stack>
          <Text size="sm">{words.lostMode}</Text>
          <Text size="sm" {...inReadersLanguage}>
            {PASSCODE_WORDS.title}: {PASSCODE_WORDS.privacy}
          </Text>
          <Text size="xs" c="dimmed">
            {changedAt === null ? words.unchanged : words.changed(dateTime(changedAt))}
          </Text>
          <Scripts {...scripts} />
        </Stack>
      )}
    </QueryResult>
  );
}

/** Scripts that ran on this device, in the reader's language. */
function Scripts({ setting, scripts }: Collection['scripts']) {
  return (
    <Stack gap="xs" component="section" aria-label={SCRIPT_WORDS.title} {...inReadersLanguage}>
      <Title order={3} size="h6">
        {SCRIPT_WORDS.title}
      </Title>
      <Text size="sm">{setting === 'off' ? SCRIPT_WORDS.off : SCRIPT_WORDS.lead}</Text>
      {setting === 'unconfined' && <Text size="sm">{SCRIPT_WORDS.unconfined}</Text>}
      {scripts.length === 0 && <Text size="sm">{SCRIPT_WORDS.none}</Text>}
      <Stack component="ul" className={classes.list} gap="xs">
        {scripts.map(({ id, name, version, purpose, reviewers, startedAt, outcome }) => (
          <li key={id}>
            <Text size="sm" fw={600}>
              <UserText>{name}</UserText> ({SCRIPT_WORDS.version(version)}): {SCRIPT_WORDS.outcome[outcome]}
            </Text>
            <Text size="sm">
              <UserText>{purpose}</UserText>
            </Text>
            <Text size="xs" c="dimmed">
              {dateTime(startedAt)}. <UserText>{SCRIPT_WORDS.reviewedBy(reviewers.join(', '))}</UserText>
            </Text>
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

function Entry({ section: { title, meaning, state, widenedAt, values } }: { readonly section: Section }) {
  return (
    <>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Text size="sm">
        {meaning}. {words.states[state]} {widenedAt !== null && words.since(dateTime(widenedAt))}
      </Text>
      {values !== null && (
        <Text size="xs" c="dimmed" className={classes.text} dir="auto">
          <UserText>{values}</UserText>
        </Text>
      )}
    </>
  );
}

function useDisplayed(sections: readonly Section[], told: () => void = () => undefined): void {
  const fresh = sections.filter(({ state }) => state === 'not-displayed');
  useWhenVisible(
    fresh.map(({ section }) => section),
    () => {
      told();
      return call('POST', '/privacy/displayed', done, {});
    },
  );
}
