import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type PolicyView, policyList } from '../../../shared/api/policies.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { policiesQuery } from './queries.ts';

export function PoliciesPage() {
  const may = useMay();
  const policies = useQuery(policiesQuery);
  const create = may('policies.create') && <ButtonLink to="/policies/new">Create policy</ButtonLink>;
  return (
    <Page
      title="Policies"
      lead={
        <Text c="dimmed" maw={760}>
          A policy states the settings that devices must have. If two policies of a device have the same setting, the
          policy nearer the top of this list has precedence.
        </Text>
      }
      actions={create}
    >
      <QueryResult query={policies}>
        {({ policies: all }) =>
          all.length === 0 ? (
            <Empty title="No policies" action={create}>
              Create a policy, roll out its first version, and assign it to a group. Its devices then report whether
              they meet it.
            </Empty>
          ) : (
            <PolicyList policies={all} />
          )
        }
      </QueryResult>
    </Page>
  );
}

function PolicyList({ policies }: { readonly policies: readonly PolicyView[] }) {
  const may = useMay();
  const client = useQueryClient();
  const ordering = useMutation({
    mutationFn: (ids: readonly string[]) => call('POST', '/policy-order', policyList, { policies: ids }),
    onSuccess: () => client.invalidateQueries({ queryKey: policiesQuery.queryKey }),
  });
  const move = (from: number, to: number) => {
    const ids = policies.map(({ id }) => id);
    const [moved] = ids.splice(from, 1);
    if (moved !== undefined) ordering.mutate(ids.toSpliced(to, 0, moved));
  };
  return (
    <Stack>
      {ordering.isError && <Failure error={ordering.error} />}
      <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
        {policies.map((policy, index) => (
          <Paper key={policy.id} component="li" withBorder p="md">
            <Group justify="space-between" gap="sm">
              <Row policy={policy} place={index + 1} />
              {may('policies.order') && policies.length > 1 && (
                <Group gap="xs">
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={`Move policy ${policy.name} up`}
                    disabled={index === 0 || ordering.isPending}
                    onClick={() => move(index, index - 1)}
                  >
                    Move up
                  </Button>
                  <Button
                    size="xs"
                    variant="default"
                    aria-label={`Move policy ${policy.name} down`}
                    disabled={index === policies.length - 1 || ordering.isPending}
                    onClick={() => move(index, index + 1)}
                  >
                    Move down
                  </Button>
                </Group>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
    </Stack>
  );
}

function Row({ policy, place }: { readonly policy: PolicyView; readonly place: number }) {
  const groups = useQuery(groupsQuery).data?.groups ?? [];
  const names = policy.groups.map((id) => groups.find((group) => group.id === id)?.name ?? 'a group outside your role');
  return (
    <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
      <Group gap="xs">
        <Text span c="dimmed">
          {place}.
        </Text>
        <PageLink to="/policies/$id" params={{ id: policy.id }} fw={600}>
          <UserText>{policy.name}</UserText>
        </PageLink>
        <RolloutBadge policy={policy} />
      </Group>
      <Text size="sm" c="dimmed">
        {names.length === 0 ? 'Assigned to no group' : `Assigned to ${names.join(', ')}`}
      </Text>
    </div>
  );
}

export function RolloutBadge({ policy: { current, next } }: { readonly policy: PolicyView }) {
  if (next) {
    return (
      <Badge color="yellow">
        Version {next.version} for {next.percent} %
      </Badge>
    );
  }
  return current === null ? <Badge color="gray">Not rolled out</Badge> : <Badge color="green">Version {current}</Badge>;
}
