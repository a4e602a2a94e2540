/** A device joins by an activation link: made here, used once, on the machine itself. */
import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { z } from 'zod';
import type { createdCode } from '../../../shared/api/codes.ts';
import { Answer, Empty } from '../../../shared/look/states.tsx';
import { approversQuery, groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { CodeForm } from './code-form.tsx';
import { CodeList } from './code-list.tsx';
import { Waiting } from './waiting.tsx';

export interface Enrolling {
  readonly code: z.output<typeof createdCode>;
  readonly user: string;
  /** The generation of the device's last enrolment; 0 for a new device. */
  readonly after: number;
}

const route = getRouteApi('/enrol');

export function EnrolPage() {
  const may = useMay();
  const { device, person } = route.useSearch();
  const [made, setMade] = useState<Enrolling | null>(null);
  const approvers = useQuery(approversQuery);
  const groups = useQuery(groupsQuery);
  // Devices pin the approvers when they enrol, so there is nothing to enrol into before.
  const early = approvers.data?.current === null;
  return (
    <Page title={device ? 'Enrol a device again' : 'Enrol a device'}>
      <Stack gap="xl">
        {early ? (
          <Empty
            title="Approvers come first"
            action={
              <ButtonLink to="/people" search={{ tab: 'approvers' }}>
                Choose the approvers
              </ButtonLink>
            }
          >
            A device remembers from its first minute whose approval an order needs. Let two people make their keys and
            adopt the list of approvers; then devices can join.
          </Empty>
        ) : made ? (
          <Waiting {...made} another={() => setMade(null)} />
        ) : may('codes.create') ? (
          <Answer query={groups}>
            {({ groups: known }) => (
              <CodeForm groups={known} device={device ?? null} person={person ?? null} made={setMade} />
            )}
          </Answer>
        ) : null}
        <Section title="Activation links">
          <CodeList />
        </Section>
      </Stack>
    </Page>
  );
}
