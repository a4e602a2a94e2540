/** Page of one group: kind, expression, members, and the records that use the group. */
import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { groupView } from '../../../shared/api/groups.ts';
import { areaName } from '../../../shared/areas/area-words.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { Facts } from '../parts/facts.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { ExpressionEditor } from './expression-editor.tsx';
import { Members } from './members.tsx';
import { type GroupDetail, groupQuery } from './queries.ts';

const route = getRouteApi('/groups/$id');

export function GroupPage() {
  const { id } = route.useParams();
  const query = useQuery(groupQuery(id));
  if (query.data === undefined) {
    return (
      <Page title="Group">
        <QueryResult query={query}>{() => null}</QueryResult>
      </Page>
    );
  }
  return <Loaded key={id} group={query.data} />;
}

function Loaded({ group }: { readonly group: GroupDetail }) {
  const { id, name, home, seat, createdAt, mailPrograms, expression, trusted, complete, uses } = group;
  return (
    <Page
      title={name}
      lead={
        <Group gap="xs">
          <Badge color={expression === null ? 'gray' : 'blue'}>{expression === null ? 'Static' : 'Dynamic'}</Badge>
          {expression !== null && trusted && <Badge color="yellow">Trusted</Badge>}
          {!complete && <Text c="dimmed">The server is evaluating the expression for all devices.</Text>}
        </Group>
      }
    >
      <Stack gap="xl">
        <Facts
          facts={[
            ...(expression === null
              ? [
                  { label: 'Home area', value: home === null ? 'Not set' : areaName(home) },
                  { label: 'Legal seat', value: seat === null ? 'Not set' : areaName(seat) },
                  { label: 'Other mail programs', value: mailPrograms ? 'Allowed' : 'Not allowed' },
                ]
              : []),
            { label: 'Created', value: <Moment at={createdAt} /> },
            { label: 'Group ID', value: <span data-id-field>{id}</span> },
          ]}
        />
        {expression !== null && <ExpressionSection key={expression} group={group} expression={expression} />}
        <Section title="Members">
          <Members group={group} />
        </Section>
        <Section title="Uses">
          {uses.length === 0 ? (
            <Text c="dimmed">Nothing uses this group.</Text>
          ) : (
            <Stack gap={4}>
              <Text size="sm" c="dimmed">
                The group can be deleted after these uses end.
              </Text>
              {uses.map(({ kind, count, names }) => (
                <Text key={kind} size="sm">
                  {count.toLocaleString('en')} {kind}
                  {names.length > 0 && ': '}
                  <UserText>{names.join(', ')}</UserText>
                  {names.length > 0 && names.length < count && ', …'}
                </Text>
              ))}
            </Stack>
          )}
        </Section>
        {expression !== null && <TrustSection group={group} />}
      </Stack>
    </Page>
  );
}

function ExpressionSection({ group, expression }: { readonly group: GroupDetail; readonly expression: string }) {
  const may = useMay();
  const client = useQueryClient();
  const [text, setText] = useState(expression);
  const save = useMutation({
    mutationFn: () => call('PATCH', `/groups/${group.id}`, groupView, { expression: text.trim() }),
    onSuccess: () => client.invalidateQueries({ queryKey: groupQuery(group.id).queryKey }),
  });
  if (!may('groups.update') || group.trusted) {
    return (
      <Section title="Expression">
        <code style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{expression}</code>
        {group.trusted && (
          <Text size="sm" c="dimmed">
            The expression of a trusted group cannot change. An owner must first withdraw the trust.
          </Text>
        )}
      </Section>
    );
  }
  return (
    <Section title="Expression">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack maw={720}>
          <ExpressionEditor value={text} change={setText} />
          {save.isError && <Failure error={save.error} />}
          <Group>
            <Button type="submit" loading={save.isPending} disabled={text.trim() === '' || text.trim() === expression}>
              Save expression
            </Button>
            {text !== expression && (
              <Button variant="default" onClick={() => setText(expression)}>
                Discard changes
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function TrustSection({ group }: { readonly group: GroupDetail }) {
  const may = useMay();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { trusted } = group;
  const verb = trusted ? 'Withdraw trust' : 'Trust group';
  return (
    <Section title="Roles and order exemptions">
      <Text size="sm" maw={720}>
        {trusted
          ? 'Roles and order exemptions may use this group.'
          : 'Roles and order exemptions may not use this group, because devices report some facts themselves. The admin of a device could change these facts.'}
      </Text>
      {may('groups.trust') && (
        <div>
          <Button variant="default" onClick={() => setAsking(true)}>
            {verb}
          </Button>
        </div>
      )}
      <Confirm
        title={verb}
        opened={asking}
        close={() => setAsking(false)}
        verb={verb}
        grave={!trusted}
        act={async () => {
          await call('POST', `/groups/${group.id}/trust`, groupView, { trusted: !trusted });
          await client.invalidateQueries({ queryKey: groupQuery(group.id).queryKey });
        }}
      >
        {trusted ? (
          <Text>Roles can no longer use this group. The server refuses this while a role uses it.</Text>
        ) : (
          <Alert color="yellow" title="Devices can enter this group by a false report">
            A device that reports false facts then enters the scope of roles with this group, or leaves it. A new order
            that exempts this group then exempts the device. Its expression can no longer change.
          </Alert>
        )}
      </Confirm>
    </Section>
  );
}
