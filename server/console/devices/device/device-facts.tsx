import { Badge, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DeviceView, deviceDetail } from '../../../../shared/api/devices.ts';
import { duration, relative } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { healthQuery } from '../../client/queries.ts';
import { useServerNow } from '../../client/server-time.tsx';
import { type Fact, Facts } from '../../parts/facts.tsx';
import { PageLink } from '../../parts/links.tsx';
import { Area, Moment } from '../../parts/words.tsx';
import { STATUS_WORDS } from '../../words/devices.ts';
import { LIFE_CYCLE_BADGES } from '../../words/record-actions.ts';
import { ConnectionMark } from '../connection-mark.tsx';
import { WorkspaceBadge } from '../workspace-badge.tsx';
import { WORKSPACE_BADGES } from '../workspace-words.ts';
import classes from './device.module.css';

export function DeviceLead({
  device: { hostname, displayName, status, presence, endedAt, underLegalHold, mailConnector, workspace, lifeCycle },
}: {
  readonly device: DeviceView;
}) {
  const now = useServerNow(10_000);
  const mark = LIFE_CYCLE_BADGES[lifeCycle];
  return (
    <Group gap="xs">
      {displayName !== null && (
        <Text fw={600}>
          <UserText>{displayName}</UserText>
        </Text>
      )}
      {hostname !== null && (
        <Text c="dimmed">
          <UserText>{hostname}</UserText>
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
                : `Offline, last seen ${relative(presence.lastSeenAt, now)}`}
          </Text>
        </Group>
      ) : (
        <>
          <Badge color="red">{STATUS_WORDS[status]}</Badge>
          {endedAt !== null && <Text c="dimmed">{relative(endedAt, now)}</Text>}
        </>
      )}
      {mark && <Badge color={mark.color}>{mark.label}</Badge>}
      <WorkspaceBadge state={workspace.state} />
      {underLegalHold && <Badge color="violet">Legal hold</Badge>}
      {mailConnector && <Badge color="indigo">Mail connector</Badge>}
    </Group>
  );
}

type DeviceDetail = z.output<typeof deviceDetail>;

export function DeviceFacts({ device }: { readonly device: DeviceDetail }) {
  const newest = useQuery(healthQuery).data?.list?.version ?? null;
  return <Facts facts={factsOf(device, newest)} />;
}

function factsOf(device: DeviceDetail, newest: number | null): Fact[] {
  const { id, person, user, groups, home, seat, own, statement, enrolledAt, generation, presence, workspace } = device;
  const origin = (ownArea: string | null, stated: boolean) =>
    stated ? " (admin's statement)" : ownArea === null ? ' (from its primary group)' : '';
  return [
    {
      label: 'User',
      value: (
        <PageLink to="/people/$id" params={{ id: person }}>
          <UserText>{user}</UserText>
        </PageLink>
      ),
    },
    { label: 'Groups', value: <Memberships groups={groups} /> },
    { label: 'Home area', value: placed(home, origin(own.home, statement?.kind === 'home')) },
    { label: 'Legal seat', value: placed(seat, origin(own.seat, false)) },
    {
      label: 'Enrolled',
      value: (
        <>
          <Moment at={enrolledAt} />
          {generation > 1 && `, enrollment ${generation}`}
        </>
      ),
    },
    ...workspaceFact(workspace),
    ...lifeCycleFacts(device),
    { label: 'Labels', value: <Labels labels={device.labels} /> },
    ...(presence === null
      ? []
      : [
          {
            label: 'Order list',
            value:
              newest === null || presence.listVersion >= newest
                ? `Version ${presence.listVersion}, the latest`
                : `Version ${presence.listVersion}. The latest is ${newest}. The device receives it when it connects.`,
          },
          { label: 'Agent', value: textOrUnknown(presence.agent) },
          { label: 'IP address', value: textOrUnknown(presence.address) },
        ]),
    {
      label: 'Device ID',
      value: (
        <span className={classes.mono} data-id-field>
          {id}
        </span>
      ),
    },
  ];
}

const REASONS = {
  primary: 'primary group',
  static: 'added by an admin',
  dynamic: 'matches the expression',
} as const;

function Memberships({ groups }: Pick<DeviceDetail, 'groups'>) {
  return groups.map(({ id, name, kind }) => (
    <div key={id}>
      <PageLink to="/groups/$id" params={{ id }}>
        <UserText>{name}</UserText>
      </PageLink>{' '}
      ({REASONS[kind]})
    </div>
  ));
}

function workspaceFact({ state, since }: DeviceView['workspace']): Fact[] {
  if (state === 'open' || since === null) return [];
  const value = (
    <>
      {WORKSPACE_BADGES[state].fact}, reported <Moment at={since} />
    </>
  );
  return [{ label: 'Workspace', value }];
}

function lifeCycleFacts({ missingSince, retiredAt, deletedAfter, underLegalHold }: DeviceView): Fact[] {
  const facts: Fact[] = [];
  if (missingSince !== null) facts.push({ label: 'Missing', value: <Moment at={missingSince} /> });
  if (retiredAt === null || deletedAfter === null) return facts;
  const kept = underLegalHold ? (
    'The legal hold keeps the record.'
  ) : (
    <>
      The server deletes the record <Moment at={deletedAfter} />.
    </>
  );
  return [
    ...facts,
    {
      label: 'Retired',
      value: (
        <>
          <Moment at={retiredAt} />. {kept}
        </>
      ),
    },
  ];
}

const Labels = ({ labels }: Pick<DeviceView, 'labels'>) =>
  labels.length === 0 ? (
    'None'
  ) : (
    <Group gap={4}>
      {labels.map((label) => (
        <Badge key={label} variant="light" tt="none">
          <UserText>{label}</UserText>
        </Badge>
      ))}
    </Group>
  );

const textOrUnknown = (value: string | null) => (value === null ? 'Unknown' : <UserText>{value}</UserText>);

const placed = (code: string | null, origin: string) =>
  code === null ? (
    'Not set'
  ) : (
    <>
      <Area code={code} />
      {origin}
    </>
  );
