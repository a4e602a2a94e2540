import { Badge, Button, Group, ScrollArea, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type PersonView, personPage } from '../../../shared/api/people.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { groupsQuery, topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { staticGroups } from '../parts/group-choices.ts';
import { PageLink } from '../parts/links.tsx';
import { PersonDialog } from './person-dialog.tsx';

const PAGE = 50;

export function PeopleList() {
  const may = useMay();
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 250);
  const [group, setGroup] = useState<string | null>(null);
  const [before, setBefore] = useState<readonly string[]>([]);
  const [adding, setAdding] = useState(false);
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const cursor = before.at(-1);
  const path = withQuery('/people', {
    limit: PAGE,
    ...(text !== '' && { text }),
    ...(group !== null && { group }),
    ...(cursor !== undefined && { cursor }),
  });
  const found = useQuery({ ...topicQuery(['devices'], path, personPage), placeholderData: keepPreviousData });
  const narrowed = text !== '' || group !== null;
  const add = may('people.create') && <Button onClick={() => setAdding(true)}>Add person</Button>;
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput
          label="Search"
          placeholder="Name, e-mail or ID"
          dir="auto"
          value={typed}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
            setBefore([]);
          }}
        />
        <Select
          label="Group"
          placeholder="All groups"
          data={staticGroups(groups).map(({ id, name }) => ({ value: id, label: name }))}
          value={group}
          onChange={(value) => {
            setGroup(value);
            setBefore([]);
          }}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Clear selection' }}
        />
        {add}
      </Group>
      <QueryResult query={found}>
        {({ people, cursor: next }) =>
          people.length === 0 ? (
            <Empty title={narrowed ? 'No person found' : 'No people'}>
              {narrowed
                ? 'Change the search text, or select another group.'
                : 'A device belongs to a person. Add a person first, then create an activation link.'}
            </Empty>
          ) : (
            <>
              <People people={people} />
              <Group>
                <Button
                  variant="default"
                  size="xs"
                  disabled={before.length === 0}
                  onClick={() => setBefore(before.slice(0, -1))}
                >
                  Previous page
                </Button>
                <Button
                  variant="default"
                  size="xs"
                  disabled={next === null}
                  onClick={() => next !== null && setBefore([...before, next])}
                >
                  Next page
                </Button>
              </Group>
            </>
          )
        }
      </QueryResult>
      <PersonDialog person={null} opened={adding} close={() => setAdding(false)} saved={() => setAdding(false)} />
    </Stack>
  );
}

function People({ people }: { readonly people: readonly PersonView[] }) {
  return (
    <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'People' }}>
      <Table miw={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Name</Table.Th>
            <Table.Th scope="col">E-mail</Table.Th>
            <Table.Th scope="col">Groups</Table.Th>
            <Table.Th scope="col">Devices</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {people.map(({ id, name, email, groups, devices, status, account }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <PageLink to="/people/$id" params={{ id }}>
                  <UserText>{name}</UserText>
                </PageLink>{' '}
                {status === 'disabled' && <Badge color="gray">Disabled</Badge>}
                {account && <Badge variant="light">Account</Badge>}
              </Table.Td>
              <Table.Td>{email === null ? <Text c="dimmed">Not set</Text> : <UserText>{email}</UserText>}</Table.Td>
              <Table.Td>
                <UserText>{groups.map((group) => group.name).join(', ')}</UserText>
              </Table.Td>
              <Table.Td>{devices}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}
