/** Groups of devices, such as offices. The home area and legal seat of a group apply to its devices that have no value of their own. */
import { Alert, Button, Checkbox, Modal, Paper, Group as Row, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { groupView } from '../../../shared/api/groups.ts';
import { done } from '../../../shared/api/wire.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { AreaSelect } from '../parts/area-select.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';

type GroupView = z.output<typeof groupView>;

export function Groups() {
  const groups = useQuery(groupsQuery);
  const may = useMay();
  const client = useQueryClient();
  const [editing, setEditing] = useState<GroupView | 'new' | null>(null);
  const [removing, setRemoving] = useState<GroupView | null>(null);
  const changed = () => client.invalidateQueries({ queryKey: groupsQuery.queryKey });
  const add = may('groups.create') && (
    <Row gap="xs">
      <Button onClick={() => setEditing('new')}>Add group</Button>
      <ButtonLink to="/groups/new" variant="default">
        Add dynamic group
      </ButtonLink>
    </Row>
  );
  return (
    <Stack>
      <QueryResult query={groups}>
        {({ groups: all }) =>
          all.length === 0 ? (
            <Empty title="No groups" action={add}>
              Each device has a primary group, which gives it a home area, and can belong to more groups. You can limit
              a role to the devices of a group. A dynamic group selects its devices by a condition.
            </Empty>
          ) : (
            <>
              <div>{add}</div>
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
                {all.map((group) => (
                  <Paper key={group.id} component="li" withBorder p="md">
                    <Row justify="space-between" gap="sm">
                      <div>
                        <PageLink to="/groups/$id" params={{ id: group.id }} fw={600}>
                          <UserText>{group.name}</UserText>
                        </PageLink>
                        <Text size="sm" c="dimmed" {...(group.expression !== null && { ff: 'monospace' })}>
                          {group.expression ?? describe(group)}
                        </Text>
                      </div>
                      {may('groups.update') && (
                        <Row gap="xs">
                          <Button
                            size="xs"
                            variant="default"
                            aria-label={`Edit group ${group.name}`}
                            onClick={() => setEditing(group)}
                          >
                            Edit group
                          </Button>
                          <Button
                            size="xs"
                            variant="default"
                            aria-label={`Remove group ${group.name}`}
                            onClick={() => setRemoving(group)}
                          >
                            Remove group
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
      </QueryResult>
      <Modal
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing === 'new' ? 'Add group' : 'Edit group'}
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
        title="Remove group"
        opened={removing !== null}
        close={() => setRemoving(null)}
        verb="Remove group"
        grave
        act={async () => {
          await call('DELETE', `/groups/${removing?.id}`, done);
          await changed();
        }}
      >
        <Text>
          The server removes the group <UserText>{removing?.name ?? ''}</UserText> only if nothing uses it. Its page
          lists the uses.
        </Text>
      </Confirm>
    </Stack>
  );
}

const describe = ({ home, seat, mailPrograms }: GroupView): string =>
  [
    home ? `Home area ${areaName(home)}` : 'No home area',
    ...(seat ? [`legal seat ${areaName(seat)}`] : []),
    ...(mailPrograms ? ['other mail programs allowed'] : []),
  ].join(', ');

function Fields({ group, saved }: { readonly group: GroupView | null; readonly saved: () => Promise<void> }) {
  const [name, setName] = useState(group?.name ?? '');
  const [home, setHome] = useState(group?.home ?? null);
  const [seat, setSeat] = useState(group?.seat ?? null);
  const [mailPrograms, setMailPrograms] = useState(group?.mailPrograms ?? false);
  // For a dynamic group, this dialog changes only the name. The group's own page changes its expression.
  const dynamic = group !== null && group.expression !== null;
  const save = useMutation({
    mutationFn: () => {
      const body = dynamic ? { name: name.trim() } : { name: name.trim(), home, seat, mailPrograms };
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
        {!dynamic && (
          <>
            <AreaSelect
              label="Home area"
              description="The home area applies to devices of the group without a home area of their own."
              value={home}
              onChange={setHome}
            />
            <AreaSelect
              label="Legal seat"
              description="Area where the organization that owns the devices is registered."
              value={seat}
              onChange={setSeat}
            />
            <Checkbox
              label="Allow other mail programs"
              description="Users can read and send mail in a mail program of their choice, beside the device page."
              checked={mailPrograms}
              onChange={({ currentTarget }) => setMailPrograms(currentTarget.checked)}
            />
            {mailPrograms && (
              <Alert color="yellow" title="Mail in plain text on disk">
                The device then also keeps its mail in plain text on its disk, outside the encrypted workspace. A lock
                or wipe of the workspace deletes this copy. Before that, anyone who can read the disk can read the mail.
              </Alert>
            )}
          </>
        )}
        {group && !dynamic && (
          <Text size="sm" c="dimmed">
            A change of the home area or legal seat applies at once to all devices of the group, except devices with
            their own value. Orders then use the new value.
          </Text>
        )}
        <Button type="submit" loading={save.isPending}>
          {group ? 'Save group' : 'Add group'}
        </Button>
      </Stack>
    </form>
  );
}
