/** What happened to an order, the newest first: what was proposed and by whom, who approved, when it was carried out. */
import { Badge, Group, Stack, Text, Timeline } from '@mantine/core';
import { IconBan, IconCircleCheck, IconFileText } from '@tabler/icons-react';
import type { OrderView } from '../../../shared/api/orders.ts';
import { Given } from '../../../shared/look/given.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';
import { ACT_NAMES } from '../words/orders.ts';
import { DifferenceList } from './difference-list.tsx';
import type { RevisionTexts } from './use-revision-texts.ts';

const STATES = {
  waiting: { text: 'Waiting for approval', color: 'yellow' },
  adopted: { text: 'Approved', color: 'cordon' },
  superseded: { text: 'Set aside', color: 'gray' },
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
    <Timeline bulletSize={26} lineWidth={2} active={events.length} role="list" aria-label="History, the newest first">
      {events.map((event) =>
        'revision' in event ? (
          <Timeline.Item
            key={`revision ${event.revision.revision}`}
            role="listitem"
            bullet={<IconFileText size={14} aria-hidden />}
            title={
              <Group gap="xs">
                <Text fw={600}>
                  {ACT_NAMES[event.revision.act]} (revision {event.revision.revision})
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
            color={event.execution.state === 'entered' ? 'red' : 'cordon'}
            bullet={
              event.execution.state === 'entered' ? (
                <IconBan size={14} aria-hidden />
              ) : (
                <IconCircleCheck size={14} aria-hidden />
              )
            }
            title={<Text fw={600}>{event.execution.state === 'entered' ? 'In force' : 'No longer in force'}</Text>}
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
  revision: { revision, proposer, proposedAt, adoptedAt, approvals },
  texts,
  nameOf,
}: {
  readonly revision: OrderView['revisions'][number];
  readonly texts: RevisionTexts;
  readonly nameOf: (person: string) => string;
}) {
  const changes = texts.changes(revision);
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        Proposed by <Given>{nameOf(proposer)}</Given>, <At at={proposedAt} />
      </Text>
      {approvals.map(({ keyid, person, approvedAt }) => (
        <Text key={keyid} size="sm" c="dimmed">
          Approved by <Given>{nameOf(person)}</Given>, <At at={approvedAt} />
        </Text>
      ))}
      {adoptedAt !== null && (
        <Text size="sm" c="dimmed">
          Took its place in the order list, <At at={adoptedAt} />
        </Text>
      )}
      {changes && <DifferenceList differences={changes} />}
    </Stack>
  );
}
