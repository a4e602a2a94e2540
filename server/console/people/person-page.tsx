import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { devicePage } from '../../../shared/api/devices.ts';
import { type PersonView, personView } from '../../../shared/api/people.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { ActivitySection } from '../activity/activity-section.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { Facts } from '../parts/facts.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { PersonDialog } from './person-dialog.tsx';

const route = getRouteApi('/people/$id');
const MOST_DEVICES = 200;

export function PersonPage() {
  const may = useMay();
  const { id } = route.useParams();
  const known = useQuery(topicQuery(['devices'], `/people/${encodeURIComponent(id)}`, personView));
  return (
    <QueryResult query={known}>
      {(person) => (
        <Page title={person.name}>
          <Stack gap="xl">
            <Record person={person} />
            <Section title="Devices">
              <Devices person={person.id} />
            </Section>
            {may('activity.list') && <ActivitySection about={{ person: person.id }} />}
          </Stack>
        </Page>
      )}
    </QueryResult>
  );
}

function Record({ person }: { readonly person: PersonView }) {
  const may = useMay();
  const [changing, setChanging] = useState(false);
  const { id, email, groups, directoryId, status, createdAt, account, inScope } = person;
  return (
    <Stack>
      <Facts
        facts={[
          { label: 'Status', value: status === 'active' ? 'Active' : <Badge color="gray">Disabled</Badge> },
          { label: 'E-mail', value: email === null ? 'Not set' : <UserText>{email}</UserText> },
          { label: 'Groups', value: <UserText>{groups.map(({ name }) => name).join(', ') || 'None'}</UserText> },
          ...(directoryId === null ? [] : [{ label: 'Directory ID', value: <UserText>{directoryId}</UserText> }]),
          { label: 'Admin account', value: account ? 'Yes' : 'No' },
          { label: 'Added', value: <Moment at={createdAt} /> },
          { label: 'Person ID', value: <span data-id-field>{id}</span> },
        ]}
      />
      {inScope ? (
        <Group>
          {may('people.update') && (
            <Button variant="default" onClick={() => setChanging(true)}>
              Edit person
            </Button>
          )}
          {may('codes.create') && status === 'active' && groups.length > 0 && (
            <ButtonLink to="/enroll" search={{ person: id }}>
              Enroll device
            </ButtonLink>
          )}
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          This person also belongs to groups outside your role. You cannot edit the person or enroll devices for the
          person.
        </Text>
      )}
      <PersonDialog
        person={person}
        opened={changing}
        close={() => setChanging(false)}
        saved={() => setChanging(false)}
      />
    </Stack>
  );
}

function Devices({ person }: { readonly person: string }) {
  const found = useQuery(topicQuery(['devices'], withQuery('/devices', { person, limit: MOST_DEVICES }), devicePage));
  return (
    <QueryResult query={found}>
      {({ devices, total }) =>
        devices.length === 0 ? (
          <Empty title="No devices">Create an activation link to enroll the first device of this person.</Empty>
        ) : (
          <Stack gap="xs">
            {devices.map(({ id, hostname, displayName, group, status, enrolledAt }) => (
              <Group key={id} gap="sm">
                <PageLink to="/devices/$id" params={{ id }}>
                  {displayName === null && hostname === null ? (
                    'Host name unknown'
                  ) : (
                    <UserText>{displayName ?? hostname ?? ''}</UserText>
                  )}
                </PageLink>
                <Text size="sm" c="dimmed">
                  <UserText>{group.name}</UserText>, enrolled <Moment at={enrolledAt} />
                </Text>
                {status !== 'active' && <Badge color="red">{status === 'revoked' ? 'Revoked' : 'Unenrolled'}</Badge>}
              </Group>
            ))}
            {total > devices.length && <Text size="sm">{total - devices.length} more devices are not shown.</Text>}
          </Stack>
        )
      }
    </QueryResult>
  );
}
