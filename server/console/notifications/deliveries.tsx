import { Badge, Button, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeliveryView, deliveryList, queuedDelivery } from '../../../shared/api/notifications.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useMay } from '../client/session.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { RealDate } from '../parts/words.tsx';
import { DELIVERY_STATES } from './notification-words.ts';
import { channelsQuery } from './queries.ts';

const PAGE = 50;
const REFRESH_EVERY = 10_000;

export function Deliveries() {
  const [state, setState] = useState('all');
  return (
    <Stack>
      <SegmentedControl
        aria-label="Delivery state"
        data={[
          { value: 'all', label: 'All' },
          { value: 'waiting', label: 'Waiting' },
          { value: 'delivered', label: 'Delivered' },
          { value: 'dead', label: 'Failed' },
        ]}
        value={state}
        onChange={setState}
        style={{ alignSelf: 'flex-start', maxWidth: '100%' }}
      />
      <List key={state} state={state} />
    </Stack>
  );
}

function List({ state }: { readonly state: string }) {
  const pages = useCursorPages<number>();
  const channels = useQuery(channelsQuery).data?.channels ?? [];
  const path = withQuery('/notifications/deliveries', {
    limit: PAGE,
    cursor: pages.cursor,
    ...(state !== 'all' && { state }),
  });
  const query = useQuery({
    ...topicQuery([], path, deliveryList),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_EVERY,
  });
  return (
    <QueryResult query={query}>
      {({ deliveries, next }) =>
        deliveries.length === 0 && pages.page === 1 ? (
          <Empty title="No deliveries">Notifications and tests appear here, with the result of each attempt.</Empty>
        ) : (
          <Stack>
            <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
              {deliveries.map((delivery) => (
                <Row
                  key={delivery.id}
                  delivery={delivery}
                  channel={channels.find(({ id }) => id === delivery.channel)?.name ?? 'a deleted channel'}
                />
              ))}
            </Stack>
            <CursorPager pages={pages} next={next} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Row({ delivery, channel }: { readonly delivery: DeliveryView; readonly channel: string }) {
  const { id, title, test, state, attempts, createdAt, nextAttemptAt, deliveredAt, failure } = delivery;
  const may = useMay();
  const client = useQueryClient();
  const replaying = useMutation({
    mutationFn: () => call('POST', `/notifications/deliveries/${id}/replay`, queuedDelivery, {}),
    onSuccess: () => client.invalidateQueries(),
  });
  const { label, color } = DELIVERY_STATES[state];
  return (
    <Paper component="li" withBorder px="md" py="sm">
      <Group justify="space-between" gap="sm">
        <div style={{ minWidth: 0, flex: '1 1 20rem', overflowWrap: 'anywhere' }}>
          <Group gap="xs">
            <Text fw={500}>{title}</Text>
            <Badge color={color} variant="light">
              {label}
            </Badge>
            {test && title !== 'Test' && <Badge color="gray">Test</Badge>}
          </Group>
          <Text size="sm">
            <UserText>{channel}</UserText> · <RealDate at={createdAt} />
            {attempts > 0 && ` · ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`}
            {deliveredAt !== null && (
              <>
                {', delivered '}
                <RealDate at={deliveredAt} />
              </>
            )}
            {nextAttemptAt !== null && attempts > 0 && (
              <>
                {', next '}
                <RealDate at={nextAttemptAt} />
              </>
            )}
          </Text>
          {failure !== null && (
            <Text size="sm" c="dimmed">
              <UserText>{failure}</UserText>
            </Text>
          )}
          {replaying.isError && <Failure error={replaying.error} />}
        </div>
        {may('notification-deliveries.replay') && state !== 'waiting' && (
          <Button
            size="xs"
            variant="default"
            loading={replaying.isPending}
            aria-label={`Deliver again: ${title}`}
            onClick={() => replaying.mutate()}
          >
            Deliver again
          </Button>
        )}
      </Group>
    </Paper>
  );
}
