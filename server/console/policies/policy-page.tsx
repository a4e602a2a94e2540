import { Button, Group, Modal, MultiSelect, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type PolicyView, policyView } from '../../../shared/api/policies.ts';
import { done } from '../../../shared/api/wire.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { countsQuery } from '../compliance/queries.ts';
import { StateCounts } from '../compliance/state-counts.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { RolloutBadge } from './policies-page.tsx';
import { policyQuery } from './queries.ts';
import { RehearsalResult } from './rehearsal-result.tsx';
import { RolloutDialog } from './rollout-dialog.tsx';
import { Versions } from './versions.tsx';

const route = getRouteApi('/policies/$id');

export function PolicyPage() {
  const { id } = route.useParams();
  const policy = useQuery(policyQuery(id));
  if (policy.data !== undefined) return <Loaded policy={policy.data} />;
  return (
    <Page title="Policy">
      <QueryResult query={policy}>{() => null}</QueryResult>
    </Page>
  );
}

function Loaded({ policy }: { readonly policy: PolicyView }) {
  const may = useMay();
  const [assigning, assign] = useDisclosure(false);
  const [rolling, roll] = useDisclosure(false);
  const [renaming, rename] = useDisclosure(false);
  const [deleting, remove] = useDisclosure(false);
  return (
    <Page
      title={policy.name}
      lead={<RolloutBadge policy={policy} />}
      actions={
        <>
          {may('policies.add-version') && (
            <ButtonLink to="/policies/$id/edit" params={{ id: policy.id }}>
              Create version
            </ButtonLink>
          )}
          {may('policies.rename') && (
            <Button variant="default" onClick={rename.open}>
              Rename policy…
            </Button>
          )}
          {may('policies.delete') && (
            <Button variant="default" onClick={remove.open}>
              Delete policy…
            </Button>
          )}
        </>
      }
    >
      <Section
        title="Rollout"
        actions={
          may('policies.roll-out') && (
            <Button size="xs" variant="default" onClick={roll.open}>
              Roll out version…
            </Button>
          )
        }
      >
        <Text>{rolloutText(policy)}</Text>
      </Section>
      <Section
        title="Groups"
        actions={
          may('policies.assign') && (
            <Button size="xs" variant="default" onClick={assign.open}>
              Assign to groups…
            </Button>
          )
        }
      >
        <Groups policy={policy} />
      </Section>
      {may('compliance.counts') && <Compliance policy={policy} />}
      <Section title="Versions">
        <Versions policy={policy} />
      </Section>
      <RolloutDialog policy={policy} opened={rolling} close={roll.close} />
      <Modal opened={assigning} onClose={assign.close} title="Assign policy to groups">
        <AssignForm policy={policy} close={assign.close} />
      </Modal>
      <Modal opened={renaming} onClose={rename.close} title="Rename policy">
        <RenameForm policy={policy} close={rename.close} />
      </Modal>
      <DeletePolicy policy={policy} opened={deleting} close={remove.close} />
    </Page>
  );
}

function rolloutText({ current, next, newestVersion }: PolicyView): string {
  const newest = `The newest version is ${newestVersion}.`;
  if (next) {
    const rest = current === null ? 'The other devices have no version.' : `The other devices have version ${current}.`;
    return `Version ${next.version} applies to ${next.percent} % of the devices. ${rest} ${newest}`;
  }
  if (current === null) return `No version applies yet. Roll out a version to make the policy effective. ${newest}`;
  return `Version ${current} applies to all devices of the groups. ${newest}`;
}

function Groups({ policy }: { readonly policy: PolicyView }) {
  const groups = useQuery(groupsQuery);
  return (
    <QueryResult query={groups} lines={2}>
      {({ groups: all }) =>
        policy.groups.length === 0 ? (
          <Empty title="No groups">The policy applies to no device until you assign it to a group.</Empty>
        ) : (
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
            {policy.groups.map((id) => (
              <Paper key={id} component="li" withBorder p="sm">
                <PageLink to="/devices" search={{ group: id }}>
                  <UserText>{all.find((group) => group.id === id)?.name ?? 'A group outside your role'}</UserText>
                </PageLink>
              </Paper>
            ))}
          </Stack>
        )
      }
    </QueryResult>
  );
}

/** Compliance of the devices in the policy's groups. Absent while the policy applies to no device. */
function Compliance({ policy: { id, groups, current, next } }: { readonly policy: PolicyView }) {
  const applies = groups.length > 0 && (current !== null || next !== null);
  const counts = useQuery({ ...countsQuery(id), enabled: applies });
  if (!applies) return null;
  return (
    <Section title="Compliance">
      <QueryResult query={counts} lines={2}>
        {(found) => (
          <Stack gap="sm">
            <Text size="sm" c="dimmed">
              Devices of the policy’s groups by state. Only settings whose value comes from this policy count. Settings
              that a device does not support count neither for nor against the device.
            </Text>
            <StateCounts counts={found} policy={id} />
          </Stack>
        )}
      </QueryResult>
    </Section>
  );
}

interface DialogProps {
  readonly policy: PolicyView;
  readonly close: () => void;
}

function usePolicyChange({ policy, close }: DialogProps, path: string, method: 'POST' | 'PATCH' = 'POST') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: unknown) => call(method, `/policies/${policy.id}${path}`, policyView, body),
    onSuccess: async () => {
      await client.invalidateQueries();
      close();
    },
  });
}

function AssignForm({ policy, close }: DialogProps) {
  const may = useMay();
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const [chosen, setChosen] = useState<string[]>(policy.groups);
  const saving = usePolicyChange({ policy, close }, '/groups');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate({ groups: chosen });
      }}
    >
      <Stack>
        <MultiSelect
          label="Groups"
          description="The policy applies to all devices of these groups."
          data={groups.map(({ id, name }) => ({ value: id, label: name }))}
          searchable
          data-autofocus
          value={chosen}
          onChange={setChosen}
        />
        {may('policies.rehearse') && <RehearsalResult id={policy.id} change={{ groups: chosen }} />}
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending}>
            Assign policy
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function RenameForm({ policy, close }: DialogProps) {
  const [name, setName] = useState(policy.name);
  const saving = usePolicyChange({ policy, close }, '', 'PATCH');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate({ name: name.trim() });
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          dir="auto"
          required
          maxLength={120}
          data-autofocus
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        {saving.isError && <Failure error={saving.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={saving.isPending} disabled={name.trim() === ''}>
            Rename policy
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function DeletePolicy({ policy, opened, close }: DialogProps & { readonly opened: boolean }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <Confirm
      title="Delete policy"
      opened={opened}
      close={close}
      verb="Delete policy"
      grave
      ready={policy.groups.length === 0}
      act={async () => {
        await call('DELETE', `/policies/${policy.id}`, done);
        await client.invalidateQueries({ queryKey: ['policies'] });
        await navigate({ to: '/policies' });
      }}
    >
      <Text>
        {policy.groups.length > 0
          ? 'The policy is assigned to groups. Remove all its groups first.'
          : 'The server deletes the policy with all its versions. The public ledger keeps their digests.'}
      </Text>
    </Confirm>
  );
}
