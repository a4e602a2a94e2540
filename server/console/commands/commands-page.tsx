/** Page with bulk commands and their progress, newest first. Commands to a single device are on the page of the device. */
import { Button, Group, Paper, Progress, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { z } from 'zod';
import { requestList } from '../../../shared/api/commands.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { BulkProgress } from '../devices/bulk/bulk-progress.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { COMMAND_NAMES, commandText } from '../words/commands.ts';

const route = getRouteApi('/commands');
type Requests = z.output<typeof requestList>;

export function CommandsPage() {
  const { command } = route.useSearch();
  const navigate = route.useNavigate();
  const pages = useCursorPages<string>();
  const path = withQuery('/commands', { cursor: pages.cursor });
  const query = useQuery({ ...topicQuery(['commands'], path, requestList), placeholderData: keepPreviousData });
  const show = (id: string | undefined) => void navigate({ search: { command: id } });
  return (
    <Page
      title="Commands"
      lead="Commands that admins sent to several devices at once. The page of a device lists all commands to that device."
    >
      <QueryResult query={query}>
        {({ requests, people, cursor }) =>
          requests.length === 0 && pages.page === 1 ? (
            <Empty title="No bulk commands" action={<ButtonLink to="/devices">Open devices</ButtonLink>}>
              Select devices in the device list and send a command. The progress of the command then appears here.
            </Empty>
          ) : (
            <Stack>
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Commands">
                {requests.map((request) => (
                  <Request key={request.id} request={request} people={people} show={() => show(request.id)} />
                ))}
              </Stack>
              <CursorPager pages={pages} next={cursor} />
            </Stack>
          )
        }
      </QueryResult>
      <BulkProgress id={command} close={() => show(undefined)} />
    </Page>
  );
}

function Request({
  request: { command, createdBy, createdAt, total, counts },
  people,
  show,
}: {
  readonly request: Requests['requests'][number];
  readonly people: Requests['people'];
  readonly show: () => void;
}) {
  const now = useNow(10_000);
  const text = commandText(command);
  const done = counts.done ?? 0;
  return (
    <Paper component="li" withBorder p="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} style={{ minWidth: 0, flex: '1 1 16rem' }}>
          <Text fw={600}>
            {COMMAND_NAMES[command.kind]}, {total.toLocaleString('en')} {total === 1 ? 'device' : 'devices'}
          </Text>
          {text !== null && (
            <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
              <UserText>{text}</UserText>
            </Text>
          )}
          <Text size="sm" c="dimmed">
            Sent <Moment at={createdAt} now={now} /> by <UserText>{people[createdBy] ?? 'a deleted account'}</UserText>
          </Text>
          <Text size="sm">
            {done.toLocaleString('en')} of {total.toLocaleString('en')} completed
          </Text>
          <Progress.Root size="sm" aria-hidden>
            <Progress.Section value={(done / Math.max(1, total)) * 100} color="green.8" />
          </Progress.Root>
        </Stack>
        <Button size="xs" variant="default" onClick={show}>
          Show progress
        </Button>
      </Group>
    </Paper>
  );
}
