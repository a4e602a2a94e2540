import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { type FoundPerson, madeView } from '../../api.ts';
import { call } from '../client/call.ts';
import { conversationsQuery } from '../client/queries.ts';
import { WORDS } from '../words/english.ts';
import { PeopleField } from './people-field.tsx';

const words = WORDS.start;

export function StartDialog({ opened, close }: { readonly opened: boolean; readonly close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title={words.title}>
      <StartForm close={close} />
    </Modal>
  );
}

function StartForm({ close }: { readonly close: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [people, setPeople] = useState<readonly FoundPerson[]>([]);
  const [title, setTitle] = useState('');
  const [tried, setTried] = useState(false);
  const starting = useMutation({
    mutationFn: async () => {
      const about = title.trim();
      const asked = { people: people.map(({ person }) => person), title: about === '' ? null : about };
      const { id } = await call('POST', '/conversations', madeView, asked);
      await client.refetchQueries(conversationsQuery);
      return id;
    },
    onSuccess(id) {
      close();
      void navigate({ to: '/conversations/$id', params: { id } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (people.length > 0) starting.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <PeopleField
          label={words.people}
          chosen={people}
          choose={setPeople}
          autoFocus
          error={tried && people.length === 0 ? words.missing : undefined}
        />
        <TextInput
          label={words.name}
          description={words.nameHint}
          maxLength={120}
          dir="auto"
          value={title}
          onChange={({ currentTarget }) => setTitle(currentTarget.value)}
        />
        {starting.isError && <Failure error={starting.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {WORDS.cancel}
          </Button>
          <Button type="submit" loading={starting.isPending}>
            {words.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
