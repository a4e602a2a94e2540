import { Badge, Button, Group, Paper, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { z } from 'zod';
import type { compliancePage } from '../../../shared/api/compliance.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { CATALOG, isSettingId, SETTING_IDS } from '../../../shared/policy/catalog.ts';
import { COMPLIANCE_STATES } from '../../../shared/policy/compliance-states.ts';
import type { ComplianceSearch } from '../app/searches.ts';
import { saveDownload } from '../client/save-download.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { policiesQuery } from '../policies/queries.ts';
import { FAILING_NAME, STATE_COLORS, STATE_NAMES, settingTitle } from '../words/compliance.ts';
import { countsQuery, listQuery } from './queries.ts';
import { StateCounts } from './state-counts.tsx';

const route = getRouteApi('/compliance');

export function CompliancePage() {
  const may = useMay();
  const { setting, ...others } = route.useSearch();
  // An unknown setting in the page address selects nothing.
  const filter = setting !== undefined && isSettingId(setting) ? { ...others, setting } : others;
  const counts = useQuery(countsQuery(filter.policy));
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
        {(found) => <StateCounts counts={found} policy={filter.policy} />}
      </QueryResult>
      <Filters filter={filter} />
      <Devices key={JSON.stringify(filter)} filter={filter} />
    </Page>
  );
}

const STATES: readonly { value: string; label: string; search: ComplianceSearch['state'] }[] = [
  { value: 'failing', label: FAILING_NAME, search: undefined },
  ...COMPLIANCE_STATES.map((each) => ({ value: each, label: STATE_NAMES[each], search: each })),
  { value: 'all', label: 'All states', search: 'all' },
];
const SETTINGS = SETTING_IDS.map((id) => ({ value: id, label: CATALOG[id].title }));

interface Filtered {
  readonly filter: ComplianceSearch;
}

function Filters({ filter }: Filtered) {
  const navigate = route.useNavigate();
  const may = useMay();
  const policies = useQuery({ ...policiesQuery, enabled: may('policies.list') });
  const change = (part: ComplianceSearch) => void navigate({ search: { ...filter, ...part } });
  const isWhole = filter.state === 'all' && filter.setting === undefined && filter.policy === undefined;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <Select
          label="State"
          allowDeselect={false}
          data={STATES.map(({ value, label }) => ({ value, label }))}
          value={filter.state ?? 'failing'}
          onChange={(value) => change({ state: STATES.find((each) => each.value === value)?.search })}
        />
        <Select
          label="Failed setting"
          placeholder="All settings"
          clearable
          searchable
          data={SETTINGS}
          value={filter.setting ?? null}
          onChange={(value) => change({ setting: value ?? undefined })}
        />
        {may('policies.list') && (
          <Select
            label="Policy"
            placeholder="All policies"
            clearable
            searchable
            data={(policies.data?.policies ?? []).map(({ id, name }) => ({ value: id, label: name }))}
            value={filter.policy ?? null}
            onChange={(value) => change({ policy: value ?? undefined })}
          />
        )}
      </SimpleGrid>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          The policy filter selects the devices of the policy’s groups. Their state then covers only this policy.
        </Text>
        {!isWhole && (
          <ButtonLink to="/compliance" search={{ state: 'all' }} variant="default" size="xs">
            Show all devices
          </ButtonLink>
        )}
      </Group>
    </Stack>
  );
}

function Devices({ filter }: Filtered) {
  const pages = useCursorPages<string>();
  const page = useQuery({ ...listQuery(filter, pages.cursor), placeholderData: (previous) => previous });
  const may = useMay();
  return (
    <QueryResult query={page}>
      {({ devices, cursor }) =>
        devices.length === 0 ? (
          <Empty
            title="No devices"
            {...(may('policies.list') && { action: <ButtonLink to="/policies">Open policies</ButtonLink> })}
          >
            {emptyText(filter)}
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

function emptyText({ state, setting, policy }: ComplianceSearch): string {
  if (setting !== undefined || policy !== undefined) return 'No device matches the filters.';
  if (state === 'all') return 'Enroll devices, and assign a policy to their group.';
  if (state === undefined) return 'No device failed a check of its policies.';
  return `No device is in the state “${STATE_NAMES[state]}”.`;
}

function Row({ device }: { readonly device: z.output<typeof compliancePage>['devices'][number] }) {
  const { device: id, user, name, state, failing, reportedAt, nextAt } = device;
  return (
    <Group justify="space-between" gap="sm">
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <PageLink to="/devices/$id" params={{ id }} fw={600}>
          <UserText>{user}</UserText>
        </PageLink>
        {name !== null && (
          <Text span size="sm" c="dimmed">
            {' '}
            <UserText>{name}</UserText>
          </Text>
        )}
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
