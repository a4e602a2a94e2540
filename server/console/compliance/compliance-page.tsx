import { Badge, Button, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { z } from 'zod';
import type { compliancePage } from '../../../shared/api/compliance.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { COMPLIANCE_STATES, type ComplianceState } from '../../../shared/policy/compliance-states.ts';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { STATE_COLORS, STATE_NAMES, settingTitle } from '../words/compliance.ts';
import { countsQuery, listQuery } from './queries.ts';
import { StateCounts } from './state-counts.tsx';

const route = getRouteApi('/compliance');

export function CompliancePage() {
  const may = useMay();
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const counts = useQuery(countsQuery);
  const saving = useMutation({
    mutationFn: (format: 'csv' | 'json') => saveDownload(`/compliance/report.${format}`, { method: 'GET' }),
  });
  return (
    <Page
      title="Compliance"
      lead={
        <Text c="dimmed" maw={760}>
          Devices check the settings of their policies themselves, and report each change. A check states what the agent
          can read on the device.
        </Text>
      }
      actions={
        may('compliance.report') && (
          <Group gap="xs">
            <Button variant="default" loading={saving.isPending} onClick={() => saving.mutate('csv')}>
              Download CSV
            </Button>
            <Button variant="default" loading={saving.isPending} onClick={() => saving.mutate('json')}>
              Download JSON
            </Button>
          </Group>
        )
      }
    >
      {saving.isError && <Failure error={saving.error} />}
      <QueryResult query={counts} lines={2}>
        {(found) => <StateCounts counts={found} />}
      </QueryResult>
      <Select
        label="State"
        maw={280}
        clearable
        placeholder="All states"
        data={COMPLIANCE_STATES.map((each) => ({ value: each, label: STATE_NAMES[each] }))}
        value={state ?? null}
        onChange={(value) => void navigate({ search: value === null ? {} : { state: value as ComplianceState } })}
      />
      <Devices key={state ?? 'all'} state={state} />
    </Page>
  );
}

function Devices({ state }: { readonly state: ComplianceState | undefined }) {
  const pages = useCursorPages<string>();
  const page = useQuery({ ...listQuery(state, pages.cursor), placeholderData: (previous) => previous });
  const may = useMay();
  return (
    <QueryResult query={page}>
      {({ devices, cursor }) =>
        devices.length === 0 ? (
          <Empty
            title="No devices"
            {...(may('policies.list') && { action: <ButtonLink to="/policies">Open policies</ButtonLink> })}
          >
            {state === undefined
              ? 'Enroll devices, and assign a policy to their group.'
              : `No device is in the state “${STATE_NAMES[state]}”.`}
          </Empty>
        ) : (
          <Stack>
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {devices.map((device) => (
                <Paper key={device.device} component="li" withBorder p="sm">
                  <Row device={device} />
                </Paper>
              ))}
            </Stack>
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Row({ device }: { readonly device: z.output<typeof compliancePage>['devices'][number] }) {
  const { device: id, user, state, failing, reportedAt, nextAt } = device;
  return (
    <Group justify="space-between" gap="sm">
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <PageLink to="/devices/$id" params={{ id }} fw={600}>
          <UserText>{user}</UserText>
        </PageLink>
        <Text size="sm" c="dimmed">
          {failing.length > 0 ? `Not met: ${failing.map(settingTitle).join(', ')}` : 'No failed check'}
          {reportedAt !== null && (
            <>
              , reported <Moment at={reportedAt} />
            </>
          )}
          {nextAt !== null && (
            <>
              , next change <Moment at={nextAt} />
            </>
          )}
        </Text>
      </div>
      <Badge color={STATE_COLORS[state]}>{STATE_NAMES[state]}</Badge>
    </Group>
  );
}
