import { Badge, Group, Stack, Text, Timeline } from '@mantine/core';
import { IconBan, IconCircleCheck, IconFileText } from '@tabler/icons-react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useMay } from '../client/session.tsx';
import { ACTION_NAMES } from '../words/orders.ts';
import { BasisFacts } from './basis-facts.tsx';
import { DifferenceList } from './difference-list.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';

const STATES = {
  requested: { text: 'Pending confirmation', color: 'yellow' },
  waiting: { text: 'Pending approval', color: 'yellow' },
  adopted: { text: 'Approved', color: 'cordon' },
  superseded: { text: 'Replaced', color: 'gray' },
  expired: { text: 'Expired', color: 'gray' },
  retracted: { text: 'Retracted', color: 'gray' },
  declined: { text: 'Declined', color: 'red' },
} as const;

const At = ({ at }: { readonly at: number }) => <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>;

export function OrderTimeline({
  order,
  texts,
  nameOf,
}: {
  readonly order: OrderView;
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
}) {
  const events = [
    ...order.revisions.map((revision) => ({ at: revision.proposedAt, revision })),
    ...order.executions.map((execution) => ({ at: execution.at, execution })),
  ].sort((a, b) => b.at - a.at);
  return (
    <Timeline bulletSize={26} lineWidth={2} active={events.length} role="list" aria-label="History, newest first">
      {events.map((event) =>
        'revision' in event ? (
          <Timeline.Item
            key={`revision ${event.revision.revision}`}
            role="listitem"
            bullet={<IconFileText size={14} aria-hidden />}
            title={
              <Group gap="xs">
                <Text fw={600}>
                  {ACTION_NAMES[event.revision.action]} (revision {event.revision.revision})
                </Text>
                <Badge color={STATES[event.revision.state].color}>{STATES[event.revision.state].text}</Badge>
              </Group>
            }
          >
            <RevisionItem revision={event.revision} texts={texts} nameOf={nameOf} />
          </Timeline.Item>
        ) : (
          <Timeline.Item
            key={`execution ${event.execution.at} ${event.execution.state}`}
            role="listitem"
            color={event.execution.state === 'active' ? 'red' : 'cordon'}
            bullet={
              event.execution.state === 'active' ? (
                <IconBan size={14} aria-hidden />
              ) : (
                <IconCircleCheck size={14} aria-hidden />
              )
            }
            title={
              <Text fw={600}>
                {event.execution.state === 'active' ? 'Order took effect' : 'Order no longer active'}
              </Text>
            }
          >
            <Text size="sm" c="dimmed">
              <At at={event.at} />, revision {event.execution.revision}
            </Text>
          </Timeline.Item>
        ),
      )}
    </Timeline>
  );
}

function RevisionItem({
  revision: { revision, state, proposer, proposedAt, adoptedAt, endedAt, endedBy, endReason, approvals },
  texts,
  nameOf,
}: {
  readonly revision: OrderView['revisions'][number];
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
}) {
  const may = useMay();
  const documentsOf = may('order-documents.read') ? texts.documents.get(revision)?.order : undefined;
  const basis = texts.documents.get(revision)?.basis;
  const changes = texts.changes(revision);
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        {proposer === null ? (
          'Proposed'
        ) : (
          <>
            Proposed by <UserText>{nameOf(proposer)}</UserText>
          </>
        )}
        , <At at={proposedAt} />
      </Text>
      {approvals.map(({ keyid, person, approvedAt }) => (
        <Text key={keyid} size="sm" c="dimmed">
          Approved by <UserText>{nameOf(person)}</UserText>, <At at={approvedAt} />
        </Text>
      ))}
      {endedAt !== null && (
        <Text size="sm" c="dimmed">
          {STATES[state].text}
          {endedBy !== null && (
            <>
              {' '}
              by <UserText>{nameOf(endedBy)}</UserText>
            </>
          )}
          , <At at={endedAt} />
        </Text>
      )}
      {basis && <BasisFacts basis={basis} documentsOf={documentsOf} />}
      {endReason !== null && (
        <Text size="sm">
          Reason for declining: <UserText>{endReason}</UserText>
        </Text>
      )}
      {adoptedAt !== null && (
        <Text size="sm" c="dimmed">
          Added to the order list, <At at={adoptedAt} />
        </Text>
      )}
      {changes && <DifferenceList differences={changes} />}
    </Stack>
  );
}
