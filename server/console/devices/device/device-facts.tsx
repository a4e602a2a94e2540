/** Who has the device, and where it belongs. */
import { Badge, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { DeviceView } from '../../../../shared/api/devices.ts';
import { Given } from '../../../../shared/look/given.tsx';
import { duration, relative } from '../../../../shared/look/time-words.ts';
import { healthQuery } from '../../client/queries.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { type Fact, Facts } from '../../parts/facts.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Area, Moment } from '../../parts/words.tsx';
import { STATUS_WORDS } from '../../words/devices.ts';
import { ConnectionMark } from '../connection.tsx';
import classes from './device.module.css';

/** Below the page's title. */
export function DeviceLead({
  device: { hostname, status, presence, endedAt, underHold },
}: {
  readonly device: DeviceView;
}) {
  const now = useServerNow(10_000);
  return (
    <Group gap="xs">
      {hostname !== null && (
        <Text c="dimmed">
          <Given>{hostname}</Given>
        </Text>
      )}
      {status === 'active' ? (
        <Group gap={6} wrap="nowrap" aria-live="polite">
          <ConnectionMark connected={presence?.connected ?? false} />
          <Text>
            {presence === null
              ? 'Never connected'
              : presence.connected
                ? `Connected for ${duration(now - presence.changedAt)}`
                : `Not connected, last seen ${relative(presence.lastSeenAt, now)}`}
          </Text>
        </Group>
      ) : (
        <>
          <Badge color="red">{STATUS_WORDS[status]}</Badge>
          {endedAt !== null && <Text c="dimmed">{relative(endedAt, now)}</Text>}
        </>
      )}
      {underHold && <Badge color="violet">Legal hold</Badge>}
    </Group>
  );
}

export function DeviceFacts({ device }: { readonly device: DeviceView }) {
  const newest = useQuery(healthQuery).data?.list?.version ?? null;
  return <Facts facts={factsOf(device, newest)} />;
}

function factsOf(device: DeviceView, newest: number | null): Fact[] {
  const { id, person, user, group, home, seat, own, statement, enrolledAt, generation, presence } = device;
  const origin = (mine: string | null, stated: boolean) =>
    stated ? ' (as an admin has stated)' : mine === null ? ' (of its group)' : '';
  return [
    {
      label: 'User',
      value: (
        <PageLink to="/people/$id" params={{ id: person }}>
          <Given>{user}</Given>
        </PageLink>
      ),
    },
    { label: 'Group', value: <Given>{group.name}</Given> },
    { label: 'Home', value: placed(home, origin(own.home, statement?.kind === 'home')) },
    { label: 'Seat', value: placed(seat, origin(own.seat, false)) },
    {
      label: 'Enrolled',
      value: (
        <>
          <Moment at={enrolledAt} />
          {generation > 1 && `, enrolment ${generation}`}
        </>
      ),
    },
    ...(presence === null
      ? []
      : [
          {
            label: 'Order list',
            value:
              newest === null || presence.listVersion >= newest
                ? `Version ${presence.listVersion}, the newest`
                : `Version ${presence.listVersion}; the newest is ${newest}. It gets it when it connects.`,
          },
          { label: 'Agent', value: said(presence.agent) },
          { label: 'Internet address', value: said(presence.address) },
        ]),
    { label: 'Device number', value: <span className={classes.mono}>{id}</span> },
  ];
}

const said = (value: string | null) => (value === null ? 'Not known' : <Given>{value}</Given>);

const placed = (code: string | null, origin: string) =>
  code === null ? (
    'Not set'
  ) : (
    <>
      <Area code={code} />
      {origin}
    </>
  );
