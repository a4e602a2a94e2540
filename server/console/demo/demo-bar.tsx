/** Controls of the demo, which advance the clock and send a message between two devices. A released server has no such controls. */
import { Alert, Button, Group, Paper, Text } from '@mantine/core';
import { IconClockPlay, IconSend } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { type demoJump, demoJumped, demoMessage, demoView } from '../../../shared/api/demo.ts';
import { Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useServerNow } from '../client/server-time.tsx';
import { PageLink } from '../parts/links.tsx';
import classes from './demo-bar.module.css';

const HOUR = 3_600_000;
const demoQuery = topicQuery(['orders', 'clock'], '/demo', demoView);

interface Ahead {
  readonly label: string;
  readonly jump: z.input<typeof demoJump>;
}

export function DemoBar() {
  const { data: demo } = useQuery(demoQuery);
  const now = useServerNow();
  const client = useQueryClient();
  const jump = useMutation({
    mutationFn: ({ jump }: Ahead) => call('POST', '/demo/clock', demoJumped, jump),
    onSuccess: () => client.invalidateQueries(),
  });
  const send = useMutation({ mutationFn: () => call('POST', '/demo/message', demoMessage, {}) });
  if (!demo) return null;
  const [mark] = demo.marks;
  const ahead: Ahead[] = [
    { label: '+1 hour', jump: { by: HOUR } },
    { label: '+1 day', jump: { by: 24 * HOUR } },
    ...(mark ? [{ label: mark.label, jump: { to: mark.at } }] : []),
  ];
  return (
    <Paper component="section" aria-label="Demo" className={classes.bar} p="sm" mb="lg">
      <Group gap="sm" justify="space-between">
        <Group gap="xs">
          <IconClockPlay size={18} aria-hidden />
          <Text size="sm">
            <strong>Demo</strong> clock: <time dateTime={new Date(now).toISOString()}>{dateTime(now)}</time>
          </Text>
          {ahead.map((one) => (
            <Button
              key={one.label}
              size="compact-sm"
              variant="default"
              disabled={jump.isPending && jump.variables.label !== one.label}
              loading={jump.isPending && jump.variables.label === one.label}
              onClick={() => jump.mutate(one)}
            >
              {one.label}
            </Button>
          ))}
        </Group>
        <Button
          size="compact-sm"
          variant="default"
          classNames={{ root: classes.send, label: classes.label }}
          leftSection={<IconSend size={14} aria-hidden />}
          loading={send.isPending}
          onClick={() => send.mutate()}
        >
          <span>
            Send message: <UserText>{demo.message.from.user}</UserText> to <UserText>{demo.message.to.user}</UserText>
          </span>
        </Button>
      </Group>
      <div aria-live="polite" className={classes.said}>
        {jump.isError && <Failure error={jump.error} />}
        {send.isError && <Failure error={send.error} />}
        {send.data && (
          <Alert
            color={send.data.outcome === 'delivered' ? 'green' : 'red'}
            title={send.data.outcome === 'delivered' ? 'Message delivered' : 'Message blocked'}
            withCloseButton
            closeButtonLabel="Close"
            onClose={() => send.reset()}
          >
            {send.data.detail}
            {send.data.order !== null && (
              <>
                {' '}
                <PageLink to="/orders/$number" params={{ number: send.data.order }}>
                  Order {send.data.order}
                </PageLink>
              </>
            )}
          </Alert>
        )}
      </div>
    </Paper>
  );
}
