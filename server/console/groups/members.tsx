import { Badge, Button, Group, Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { devicePage } from '../../../shared/api/devices.ts';
import { done } from '../../../shared/api/wire.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import type { GroupView } from './queries.ts';

const SHOWN = 25;
const FOUND = 20;

export function Members({ group }: { readonly group: GroupView }) {
  const may = useMay();
  const client = useQueryClient();
  const isStatic = group.expression === null;
  const members = useQuery(
    topicQuery(['devices'], withQuery('/devices', { group: group.id, limit: SHOWN }), devicePage),
  );
  const remove = useMutation({
    mutationFn: (device: string) => call('PATCH', `/groups/${group.id}/members`, done, { remove: [device] }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['devices'] }),
  });
  const mayChange = isStatic && may('groups.change-members');
  return (
    <Stack>
      {mayChange && <AddMember group={group.id} />}
      {remove.isError && <Failure error={remove.error} />}
      <QueryResult query={members}>
        {({ devices, total }) =>
          devices.length === 0 ? (
            <Empty title="No devices">
              {isStatic
                ? 'Add a device above, or choose this group when you enroll a device.'
                : 'No device matches the expression. Change the expression, and check its preview.'}
            </Empty>
          ) : (
            <Stack gap="xs">
              {devices.map(({ id, user, hostname, group: primary, status }) => (
                <Group key={id} gap="sm">
                  <PageLink to="/devices/$id" params={{ id }}>
                    <UserText>{user}</UserText>
                  </PageLink>
                  {hostname !== null && (
                    <Text size="sm" c="dimmed">
                      <UserText>{hostname}</UserText>
                    </Text>
                  )}
                  {status !== 'active' && <Badge color="red">{status === 'revoked' ? 'Revoked' : 'Unenrolled'}</Badge>}
                  {primary.id === group.id ? (
                    <Badge color="gray">Primary group</Badge>
                  ) : (
                    mayChange && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Remove ${hostname ?? user} from the group`}
                        loading={remove.isPending && remove.variables === id}
                        onClick={() => remove.mutate(id)}
                      >
                        Remove
                      </Button>
                    )
                  )}
                </Group>
              ))}
              <PageLink to="/devices" search={{ group: group.id }}>
                {total > devices.length ? `Show all ${total.toLocaleString('en')} devices` : 'Show in the device list'}
              </PageLink>
            </Stack>
          )
        }
      </QueryResult>
    </Stack>
  );
}

function AddMember({ group }: { readonly group: string }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 250);
  const found = useQuery({
    ...topicQuery(['devices'], withQuery('/devices', { text, status: 'active', limit: FOUND }), devicePage),
    placeholderData: keepPreviousData,
  });
  const [chosen, setChosen] = useState<string | null>(null);
  const add = useMutation({
    mutationFn: (device: string) => call('PATCH', `/groups/${group}/members`, done, { add: [device] }),
    onSuccess: async () => {
      setChosen(null);
      setTyped('');
      await client.invalidateQueries({ queryKey: ['devices'] });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen !== null) add.mutate(chosen);
      }}
    >
      <Stack gap="xs" maw={480}>
        <Group align="flex-end" gap="sm">
          <Select
            label="Add a device"
            placeholder="User, host name or device ID"
            data={(found.data?.devices ?? []).map(({ id, user, hostname }) => ({
              value: id,
              label: hostname === null ? user : `${user} (${hostname})`,
            }))}
            value={chosen}
            onChange={setChosen}
            onSearchChange={setTyped}
            // Do not filter the server's results again. The search text may match the device id, which is not part of the label.
            filter={({ options }) => options}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Clear selection' }}
            nothingFoundMessage={found.isFetching ? 'Searching…' : 'No device found'}
            style={{ flex: 1 }}
          />
          <Button type="submit" variant="default" disabled={chosen === null} loading={add.isPending}>
            Add device
          </Button>
        </Group>
        {add.isError && <Failure error={add.error} />}
      </Stack>
    </form>
  );
}
