import { Alert, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { QueryResult } from '../../../shared/look/states.tsx';
import { approversQuery, groupsQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { staticGroups } from '../parts/group-choices.ts';
import { PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { CodeForm } from './code-form.tsx';
import { CodeList } from './code-list.tsx';
import type { CreatedLink } from './created-link.ts';
import { NewLink } from './new-link.tsx';
import { ReassignButton } from './reassign-button.tsx';

const route = getRouteApi('/enroll');

export function EnrollmentPage() {
  const may = useMay();
  const { device, person } = route.useSearch();
  const [made, setMade] = useState<CreatedLink | null>(null);
  const approvers = useQuery(approversQuery);
  const groups = useQuery(groupsQuery);
  const early = approvers.data?.current === null;
  return (
    <Page title={device ? 'Re-enroll device' : 'Enrollment'}>
      <Stack gap="xl">
        {early && (
          <Alert color="yellow" title="No approver set adopted">
            You can manage devices that you enroll now. They cannot exchange messages or accept orders before an
            approver set is adopted. Each device then accepts the first approver set that this server sends.{' '}
            <PageLink to="/people" search={{ tab: 'approvers' as const }} c="inherit" underline="always">
              Choose approvers
            </PageLink>
          </Alert>
        )}
        {made ? (
          <NewLink {...made} another={() => setMade(null)} />
        ) : may('codes.create') ? (
          <QueryResult query={groups}>
            {({ groups: known }) => (
              <CodeForm groups={staticGroups(known)} device={device ?? null} person={person ?? null} made={setMade} />
            )}
          </QueryResult>
        ) : null}
        <Section title="Activation links" {...(may('devices.reassign') && { actions: <ReassignButton /> })}>
          <CodeList />
        </Section>
      </Stack>
    </Page>
  );
}
