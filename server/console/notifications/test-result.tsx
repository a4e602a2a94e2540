/** Result of a test delivery, beside the button that sent it. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { deliveryList } from '../../../shared/api/notifications.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { PageLink } from '../parts/links.tsx';

const REFRESH_EVERY = 2_000;

export function TestResult({ channel, delivery }: { readonly channel: string; readonly delivery: string }) {
  const path = withQuery('/notifications/deliveries', { channel, limit: 20 });
  const query = useQuery({
    ...topicQuery([], path, deliveryList),
    refetchInterval: ({ state: { data } }) =>
      data?.deliveries.some(({ id, attempts }) => id === delivery && attempts > 0) ? false : REFRESH_EVERY,
  });
  const found = query.data?.deliveries.find(({ id }) => id === delivery);
  return (
    <div role="status">
      {found === undefined || (found.state === 'waiting' && found.failure === null) ? (
        <Text size="sm">The server sends the test.</Text>
      ) : found.state === 'delivered' ? (
        <Text size="sm" fw={500}>
          Test delivered.
        </Text>
      ) : (
        <Text size="sm" c="var(--mantine-color-error)">
          Test failed: <UserText>{found.failure ?? 'unknown reason'}</UserText>.
          {found.state === 'waiting' && ' The server tries again.'}
        </Text>
      )}
      <Text size="sm">
        <PageLink to="/notifications" search={{ tab: 'deliveries' }} underline="always">
          Show delivery history
        </PageLink>
      </Text>
    </div>
  );
}
