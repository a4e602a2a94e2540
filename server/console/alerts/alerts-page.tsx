import { Badge, Button, Group, Paper, Pill, SegmentedControl, Stack, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type AlertView, alertList } from '../../../shared/api/devices.ts';
import { done } from '../../../shared/api/wire.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import type { AlertSearch } from '../app/searches.ts';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { alertName } from '../words/devices.ts';

const route = getRouteApi('/alerts');
const PAGE = 50;
const ABOUT = ['all', 'installation', 'devices'] as const;
type About = (typeof ABOUT)[number];

const EMPTY: Readonly<Record<About, { readonly title: string; readonly text: string }>> = {
  all: { title: 'No alerts', text: 'Alerts about the server and about devices appear here.' },
  installation: {
    title: 'No server alerts',
    text: 'Alerts about the server appear here, for example a failed backup, a full disk, a restore or a credential reset.',
  },
  devices: {
    title: 'No device alerts',
    text: 'Alerts about devices appear here. Each device page also shows the alerts about its device.',
  },
};

export function AlertsPage() {
  const may = useMay();
  const search = route.useSearch();
  const { about = 'installation', acknowledged = false, since, severity } = search;
  const navigate = route.useNavigate();
  const show = (next: AlertSearch) => void navigate({ search: { ...search, about, acknowledged, ...next } });
  return (
    <Page
      title="Alerts"
      lead="Events that need an admin's attention. An acknowledged alert no longer counts as a health issue. If the event happens again, the alert counts again."
      actions={
        may('notification-rules.list') && (
          <ButtonLink to="/notifications" variant="default">
            Notification rules
          </ButtonLink>
        )
      }
    >
      <Group gap="sm">
        <SegmentedControl
          aria-label="Alert source"
          data={[
            { value: 'all', label: 'All' },
            { value: 'installation', label: 'Server' },
            { value: 'devices', label: 'Devices' },
          ]}
          value={about}
          onChange={(value) => show({ about: ABOUT.find((each) => each === value) })}
        />
        <SegmentedControl
          aria-label="Alert state"
          data={[
            { value: 'open', label: 'Open' },
            { value: 'all', label: 'All' },
          ]}
          value={acknowledged ? 'all' : 'open'}
          onChange={(value) => show({ acknowledged: value === 'all' })}
        />
        {since !== undefined && (
          <Pill withRemoveButton onRemove={() => show({ since: undefined })} size="lg">
            Since {dateTime(since)}
          </Pill>
        )}
        {severity !== undefined && (
          <Pill withRemoveButton onRemove={() => show({ severity: undefined })} size="lg">
            Possible attack
          </Pill>
        )}
      </Group>
      <List key={JSON.stringify(search)} search={search} />
    </Page>
  );
}

function List({ search }: { readonly search: AlertSearch }) {
  const { about = 'installation', acknowledged, since, severity } = search;
  const pages = useCursorPages<number>();
  const path = withQuery('/alerts', {
    about: about === 'all' ? null : about,
    since,
    severity,
    limit: PAGE,
    before: pages.cursor,
    ...(!acknowledged && { acknowledged: 'false' }),
  });
  const query = useQuery({ ...topicQuery(['alerts'], path, alertList), placeholderData: keepPreviousData });
  return (
    <QueryResult query={query}>
      {({ alerts }) =>
        alerts.length === 0 && pages.page === 1 ? (
          <Empty title={EMPTY[about].title}>{EMPTY[about].text}</Empty>
        ) : (
          <Stack>
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {alerts.map((alert) => (
                <AlertEntry key={alert.id} alert={alert} />
              ))}
            </Stack>
            <CursorPager pages={pages} next={alerts.length === PAGE ? (alerts.at(-1)?.id ?? null) : null} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function AlertEntry({ alert }: { readonly alert: AlertView }) {
  const may = useMay();
  const client = useQueryClient();
  const { id, code, count, detail, at, firstAt, severity, device, acknowledged } = alert;
  const acknowledging = useMutation({
    mutationFn: () => call('POST', `/alerts/${id}/acknowledge`, done, {}),
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} style={{ minWidth: 0, flex: '1 1 20rem' }}>
          <Group gap="xs">
            <Text fw={600}>
              {alertName(code)}
              {count > 1 && ` (${count} times)`}
            </Text>
            {severity === 'grave' && (
              <Badge color="red" variant="light">
                Possible attack
              </Badge>
            )}
          </Group>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <UserText>{detail}</UserText>
          </Text>
          <Text size="sm" c="dimmed">
            {count > 1 && (
              <>
                <Moment at={firstAt} /> –{' '}
              </>
            )}
            <Moment at={at} />
            {device !== null && (
              <>
                {' · '}
                <DeviceLink id={device} />
              </>
            )}
          </Text>
          {acknowledged && (
            <Text size="sm" c="dimmed">
              Acknowledged by <UserText>{acknowledged.by}</UserText> <Moment at={acknowledged.at} />
            </Text>
          )}
          {acknowledging.isError && <Failure error={acknowledging.error} />}
        </Stack>
        {!acknowledged && may('alerts.acknowledge') && (
          <Button
            size="xs"
            variant="default"
            loading={acknowledging.isPending}
            aria-label={`Acknowledge alert: ${alertName(code)}`}
            onClick={() => acknowledging.mutate()}
          >
            Acknowledge alert
          </Button>
        )}
      </Group>
    </Paper>
  );
}
