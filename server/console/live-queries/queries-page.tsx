/** Page with the admin's live queries of the last hour, newest first. */
import { Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type LiveQueryView, liveQueryList } from '../../../shared/api/live-queries.ts';
import { describeQuery } from '../../../shared/live-query/live-query.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { devicesText } from './query-words.ts';

export function QueriesPage() {
  const query = useQuery({ ...topicQuery([], '/queries', liveQueryList), staleTime: 0 });
  return (
    <Page
      title="Live queries"
      lead="Questions that you asked connected devices in the last hour. Only you can read the answers."
    >
      <QueryResult query={query}>
        {({ queries }) =>
          queries.length === 0 ? (
            <Empty title="No live queries" action={<ButtonLink to="/devices">Open devices</ButtonLink>}>
              Select devices in the device list and ask a query, or ask one device on its page.
            </Empty>
          ) : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Live queries">
              {queries.map((each) => (
                <Entry key={each.id} query={each} />
              ))}
            </Stack>
          )
        }
      </QueryResult>
    </Page>
  );
}

function Entry({ query: { id, query, createdAt, devices, counts } }: { readonly query: LiveQueryView }) {
  const now = useNow(10_000);
  return (
    <Paper component="li" withBorder p="md">
      <PageLink to="/queries/$id" params={{ id }} fw={600} style={{ overflowWrap: 'anywhere' }}>
        <UserText>{describeQuery(query)}</UserText>
      </PageLink>
      <Text size="sm">
        {(counts.answered ?? 0).toLocaleString('en')} of {devicesText(devices)} answered
      </Text>
      <Text size="sm" c="dimmed">
        Asked <Moment at={createdAt} now={now} />
      </Text>
    </Paper>
  );
}
