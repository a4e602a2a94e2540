/** One person: the record and the person's devices. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { devicePage } from '../../../shared/api/devices.ts';
import { type PersonView, personView } from '../../../shared/api/people.ts';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { Facts } from '../parts/facts.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { PersonDialog } from './person-dialog.tsx';

const route = getRouteApi('/people/$id');
const MOST_DEVICES = 200;

export function PersonPage() {
  const { id } = route.useParams();
  const known = useQuery(question(['devices'], `/people/${encodeURIComponent(id)}`, personView));
  return (
    <Answer query={known}>
      {(person) => (
        <Page title={person.name}>
          <Stack gap="xl">
            <Record person={person} />
            <Section title="Devices">
              <Devices person={person.id} />
            </Section>
          </Stack>
        </Page>
      )}
    </Answer>
  );
}

function Record({ person }: { readonly person: PersonView }) {
  const may = useMay();
  const [changing, setChanging] = useState(false);
  const { id, email, groups, directoryId, status, createdAt, account, reached } = person;
  return (
    <Stack>
      <Facts
        facts={[
          { label: 'Status', value: status === 'active' ? 'Active' : <Badge color="gray">Disabled</Badge> },
          { label: 'E-mail', value: email === null ? 'Not set' : <Given>{email}</Given> },
          { label: 'Groups', value: <Given>{groups.map(({ name }) => name).join(', ') || 'None'}</Given> },
          ...(directoryId === null ? [] : [{ label: 'Directory id', value: <Given>{directoryId}</Given> }]),
          { label: 'Admin account', value: account ? 'Yes' : 'No' },
          { label: 'Added', value: <Moment at={createdAt} /> },
          { label: 'Identifier', value: id },
        ]}
      />
      {reached ? (
        <Group>
          {may('people.update') && (
            <Button variant="default" onClick={() => setChanging(true)}>
              Change the person
            </Button>
          )}
          {may('codes.create') && status === 'active' && groups.length > 0 && (
            <ButtonLink to="/enrol" search={{ person: id }}>
              Enroll a device
            </ButtonLink>
          )}
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          This person also belongs to groups that your role does not reach. You cannot enroll or change the person.
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
  const found = useQuery(question(['devices'], withQuery('/devices', { person, limit: MOST_DEVICES }), devicePage));
  return (
    <Answer query={found}>
      {({ devices, total }) =>
        devices.length === 0 ? (
          <Empty title="No device">An activation link enrolls the first device of this person.</Empty>
        ) : (
          <Stack gap="xs">
            {devices.map(({ id, hostname, group, status, enrolledAt }) => (
              <Group key={id} gap="sm">
                <PageLink to="/devices/$id" params={{ id }}>
                  <Given>{hostname ?? id}</Given>
                </PageLink>
                <Text size="sm" c="dimmed">
                  <Given>{group.name}</Given>, enrolled <Moment at={enrolledAt} />
                </Text>
                {status !== 'active' && <Badge color="red">{status === 'revoked' ? 'Revoked' : 'Unenrolled'}</Badge>}
              </Group>
            ))}
            {total > devices.length && <Text size="sm">{total - devices.length} more are not shown.</Text>}
          </Stack>
        )
      }
    </Answer>
  );
}
