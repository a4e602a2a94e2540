/** Groups of devices, such as offices: what a group says of home and seat holds for each device that says nothing else. */
import { Button, Modal, Paper, Group as Row, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { groupView } from '../../../shared/api/groups.ts';
import { done } from '../../../shared/api/wire.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty, Failure } from '../../../shared/look/states.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { PageLink } from '../parts/links.tsx';
import { PlaceSelect } from '../parts/place-select.tsx';

type GroupView = z.output<typeof groupView>;

export function Groups() {
  const groups = useQuery(groupsQuery);
  const may = useMay();
  const client = useQueryClient();
  const [editing, setEditing] = useState<GroupView | 'new' | null>(null);
  const [removing, setRemoving] = useState<GroupView | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: groupsQuery.queryKey });
  const add = may('groups.create') && <Button onClick={() => setEditing('new')}>Add a group</Button>;
  return (
    <Stack>
      <Answer query={groups}>
        {({ groups: all }) =>
          all.length === 0 ? (
            <Empty title="No group yet" action={add}>
              A device belongs to one group. Roles can be limited to a group, and a group can say where its devices are
              at home.
            </Empty>
          ) : (
            <>
              <div>{add}</div>
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                {all.map((group) => (
                  <Paper key={group.id} component="li" withBorder p="md">
                    <Row justify="space-between" gap="sm">
                      <div>
                        <PageLink to="/devices" search={{ group: group.id }} fw={600}>
                          <Given>{group.name}</Given>
                        </PageLink>
                        <Text size="sm" c="dimmed">
                          {group.home ? `At home in ${areaName(group.home)}` : 'Says nothing of home'}
                          {group.seat ? `, seated in ${areaName(group.seat)}` : ''}
                        </Text>
                      </div>
                      {may('groups.update') && (
                        <Row gap="xs">
                          <Button
                            size="xs"
                            variant="default"
                            aria-label={`Change ${group.name}`}
                            onClick={() => setEditing(group)}
                          >
                            Change
                          </Button>
                          <Button
                            size="xs"
                            variant="default"
                            aria-label={`Remove ${group.name}`}
                            onClick={() => setRemoving(group)}
                          >
                            Remove
                          </Button>
                        </Row>
                      )}
                    </Row>
                  </Paper>
                ))}
              </Stack>
            </>
          )
        }
      </Answer>
      <Modal
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === 'new' ? 'Add a group' : 'Change the group'}
      >
        {editing !== null && (
          <Fields
            key={editing === 'new' ? 'new' : editing.id}
            group={editing === 'new' ? null : editing}
            saved={async () => {
              await changed();
              setEditing(null);
            }}
          />
        )}
      </Modal>
      <Confirm
        title="Remove this group?"
        opened={removing !== null}
        close={() => setRemoving(null)}
        verb="Remove the group"
        grave
        act={async () => {
          await call('DELETE', `/groups/${removing?.id}`, done);
          await changed();
        }}
      >
        <Text>
          <Given>{removing?.name ?? ''}</Given> can be removed while no device and no activation link is in it.
        </Text>
      </Confirm>
    </Stack>
  );
}

function Fields({ group, saved }: { readonly group: GroupView | null; readonly saved: () => Promise<void> }) {
  const [name, setName] = useState(group?.name ?? '');
  const [home, setHome] = useState(group?.home ?? null);
  const [seat, setSeat] = useState(group?.seat ?? null);
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), home, seat };
      return group ? call('PATCH', `/groups/${group.id}`, groupView, body) : call('POST', '/groups', groupView, body);
    },
    onSuccess: saved,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        {save.isError && <Failure error={save.error} />}
        <TextInput
          label="Name"
          dir="auto"
          required
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <PlaceSelect
          label="Home"
          description="For devices that have none of their own."
          value={home}
          onChange={setHome}
        />
        <PlaceSelect
          label="Seat"
          description="Where the company that owns them is registered."
          value={seat}
          onChange={setSeat}
        />
        {group && (
          <Text size="sm" c="dimmed">
            A change holds at once for every device of the group that says nothing else, and orders are judged anew for
            them.
          </Text>
        )}
        <Button type="submit" loading={save.isPending}>
          {group ? 'Save' : 'Add the group'}
        </Button>
      </Stack>
    </form>
  );
}
