import { Button, Modal, MultiSelect, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type PersonView, personView } from '../../../shared/api/people.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { staticGroups } from '../parts/group-choices.ts';

export function PersonDialog({
  person,
  name = '',
  opened,
  close,
  saved,
}: {
  readonly person: PersonView | null;
  readonly name?: string;
  readonly opened: boolean;
  readonly close: () => void;
  readonly saved: (person: PersonView) => void;
}) {
  return (
    <Modal opened={opened} onClose={close} title={person ? 'Edit person' : 'Add person'}>
      <Form person={person} initialName={name} saved={saved} />
    </Modal>
  );
}

function Form({
  person,
  initialName,
  saved,
}: {
  readonly person: PersonView | null;
  readonly initialName: string;
  readonly saved: (person: PersonView) => void;
}) {
  const client = useQueryClient();
  const known = staticGroups(useQuery(groupsQuery).data?.groups ?? []);
  const only = known.length === 1 ? known.map(({ id }) => id) : [];
  const [name, setName] = useState(person?.name ?? initialName);
  const [email, setEmail] = useState(person?.email ?? '');
  const [chosen, setGroups] = useState<readonly string[] | null>(person ? person.groups.map(({ id }) => id) : null);
  const [status, setStatus] = useState(person?.status ?? 'active');
  const groups = chosen ?? only;
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), email: email.trim() || null, groups };
      return person
        ? call('PATCH', `/people/${person.id}`, personView, { ...body, status })
        : call('POST', '/people', personView, body);
    },
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['devices'] });
      saved(made);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        // The dialog can be inside another form, which must not be submitted too.
        event.stopPropagation();
        save.mutate();
      }}
    >
      <Stack>
        {save.isError && <Failure error={save.error} />}
        <TextInput
          label="Name"
          description="In the person’s own alphabet. Two people may have the same name."
          dir="auto"
          autoComplete="off"
          required
          maxLength={120}
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label="E-mail"
          description="Optional. The address distinguishes people with the same name. Only an admin whose role covers all devices can enter it."
          type="email"
          autoComplete="off"
          value={email}
          onChange={({ currentTarget }) => setEmail(currentTarget.value)}
        />
        <MultiSelect
          label="Groups"
          description="Devices of this person can belong to these groups."
          data={known.map(({ id, name: label }) => ({ value: id, label }))}
          value={[...groups]}
          onChange={setGroups}
          searchable
          required
          nothingFoundMessage="No group found"
        />
        {person && (
          <Select
            label="Status"
            description="A disabled person cannot enroll devices. The server cancels pending activation links of the person. Enrolled devices do not change."
            data={[
              { value: 'active', label: 'Active' },
              { value: 'disabled', label: 'Disabled' },
            ]}
            allowDeselect={false}
            value={status}
            onChange={(value) => setStatus(value === 'disabled' ? 'disabled' : 'active')}
          />
        )}
        <div>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || groups.length === 0}>
            {person ? 'Save person' : 'Add person'}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
