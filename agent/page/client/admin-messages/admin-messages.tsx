/**
 * Messages from admins on the device page (the agent's web page). A new message stays at the top until the user closes it, and a dialog
 * lists all messages. The page reports each message to the agent once, when a visible tab displays it.
 */
import { Button, Modal, Stack, Text, Title } from '@mantine/core';
import { IconMessageReport } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { QueryResult } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { AdminMessage } from '../../api.ts';
import { call } from '../client/call.ts';
import { adminMessagesQuery } from '../client/queries.ts';
import { useWhenVisible } from '../client/use-when-visible.ts';
import { WORDS } from '../words/english.ts';
import classes from './admin-messages.module.css';

const words = WORDS.adminMessages;

export function NewAdminMessages() {
  const { data = [] } = useQuery(adminMessagesQuery);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const shown = data.filter(({ id, displayed }) => (!displayed || opened.has(id)) && !closed.has(id));
  useDisplayed(shown, () => setOpened(new Set(shown.map(({ id }) => id))));
  return shown.map((message) => (
    <section key={message.id} className={classes.banner} aria-label={words.one}>
      <IconMessageReport size={20} aria-hidden />
      <div className={classes.body}>
        <Title order={2} size="h6">
          {words.one}
        </Title>
        <MessageText message={message} />
      </div>
      <Button size="compact-xs" variant="default" onClick={() => setClosed(new Set([...closed, message.id]))}>
        {WORDS.close}
      </Button>
    </section>
  ));
}

interface DialogProps {
  readonly opened: boolean;
  readonly close: () => void;
}

export function AdminMessagesDialog({ opened, close }: DialogProps) {
  return (
    <Modal opened={opened} onClose={close} title={words.title} size="lg">
      {opened && <AdminMessageList />}
    </Modal>
  );
}

function AdminMessageList() {
  const query = useQuery(adminMessagesQuery);
  useDisplayed(query.data ?? []);
  return (
    <QueryResult query={query}>
      {(messages) =>
        messages.length === 0 ? (
          <Text c="dimmed">{words.none}</Text>
        ) : (
          <Stack component="ul" className={classes.list} gap="md">
            {messages.toReversed().map((message) => (
              <li key={message.id}>
                <MessageText message={message} />
              </li>
            ))}
          </Stack>
        )
      }
    </QueryResult>
  );
}

function MessageText({ message: { text, at } }: { readonly message: AdminMessage }) {
  return (
    <>
      <Text size="sm" className={classes.text} dir="auto">
        <UserText>{text}</UserText>
      </Text>
      <Text size="xs" c="dimmed">
        {dateTime(at)}
      </Text>
    </>
  );
}

function useDisplayed(messages: readonly AdminMessage[], told: () => void = () => undefined): void {
  const unseen = messages.filter(({ displayed }) => !displayed);
  useWhenVisible(
    unseen.map(({ id }) => id),
    (ids) => {
      told();
      return call('POST', '/admin-messages/displayed', done, { messages: ids });
    },
  );
}
