import { Alert, Button, Divider, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Conversation, FoundPerson } from '../../api.ts';
import { call } from '../client/call.ts';
import { PeopleField } from '../conversations/people-field.tsx';
import { isVerified, VerifiedBadge } from '../conversations/verified-mark.tsx';
import { WORDS } from '../words/english.ts';
import classes from './conversation.module.css';

const words = WORDS.details;

export function DetailsDialog({
  conversation,
  opened,
  close,
}: {
  readonly conversation: Conversation;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  const [leaving, setLeaving] = useState(false);
  const client = useQueryClient();
  const { id, people, state } = conversation;
  const verified = isVerified(conversation);
  return (
    <>
      <Modal opened={opened && !leaving} onClose={close} title={words.title} size="lg">
        <Stack>
          <Title order={3} size="h6">
            {words.people}
          </Title>
          <ul className={classes.people}>
            {people.map((each) => (
              <li key={each.person}>
                <UserText>{each.name}</UserText> {verified !== null && <VerifiedBadge verified={each.verified} />}
              </li>
            ))}
          </ul>
          {verified === true && (
            <Text size="sm" c="dimmed">
              {WORDS.verified.all}
            </Text>
          )}
          {verified === false && <Alert color="red">{WORDS.verified.notText}</Alert>}
          {state === 'ready' && (
            <>
              <Divider />
              <AddPeople conversation={conversation} />
              <Divider />
              <Rename conversation={conversation} />
            </>
          )}
          {state !== 'left' && (
            <>
              <Divider />
              <Group>
                <Button color="red" variant="light" onClick={() => setLeaving(true)}>
                  {words.leave}
                </Button>
              </Group>
            </>
          )}
        </Stack>
      </Modal>
      <Confirm
        title={words.leaveTitle}
        opened={leaving}
        close={() => setLeaving(false)}
        verb={words.leaveSubmit}
        grave
        act={async () => {
          await call('DELETE', `/conversations/${id}`, done);
          close();
          await client.invalidateQueries();
        }}
      >
        <Text>{words.leaveText}</Text>
      </Confirm>
    </>
  );
}

function AddPeople({ conversation: { id, people } }: { readonly conversation: Conversation }) {
  const [chosen, setChosen] = useState<readonly FoundPerson[]>([]);
  const adding = useMutation({
    mutationFn: () => call('POST', `/conversations/${id}/people`, done, { people: chosen.map(({ person }) => person) }),
    onSuccess: () => setChosen([]),
  });
  return (
    <form onSubmit={submitting(() => chosen.length > 0 && adding.mutate())}>
      <Stack gap="xs">
        <PeopleField
          label={words.add}
          description={words.addHint}
          chosen={chosen}
          choose={setChosen}
          except={people.map(({ person }) => person)}
        />
        {adding.isError && <Failure error={adding.error} />}
        <Group>
          <Button type="submit" variant="default" disabled={chosen.length === 0} loading={adding.isPending}>
            {words.addSubmit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Rename({ conversation: { id, title } }: { readonly conversation: Conversation }) {
  const [text, setText] = useState(title ?? '');
  const about = text.trim() === '' ? null : text.trim();
  const renaming = useMutation({ mutationFn: () => call('PATCH', `/conversations/${id}`, done, { title: about }) });
  return (
    <form onSubmit={submitting(() => about !== title && renaming.mutate())}>
      <Stack gap="xs">
        <TextInput
          label={words.rename}
          description={WORDS.start.nameHint}
          maxLength={120}
          dir="auto"
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        {renaming.isError && <Failure error={renaming.error} />}
        <Group>
          <Button type="submit" variant="default" disabled={about === title} loading={renaming.isPending}>
            {words.renameSubmit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const submitting = (act: () => void) => (event: FormEvent) => {
  event.preventDefault();
  act();
};
