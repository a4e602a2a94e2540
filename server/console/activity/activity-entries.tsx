import { Badge, Group, Paper, Stack, Text } from '@mantine/core';
import type { ActivityEntryView } from '../../../shared/api/activity.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import { UserText } from '../../../shared/look/user-text.tsx';
import { PageLink } from '../parts/links.tsx';
import { actionName, actorName, COMMAND_KIND, outcomeWords, sourceWords } from './activity-words.ts';

const TARGETS = 5;
type Target = ActivityEntryView['targets'][number];

export function ActivityEntries({ entries }: { readonly entries: readonly ActivityEntryView[] }) {
  return (
    <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
      {entries.map((entry) => (
        <Entry key={entry.id} entry={entry} />
      ))}
    </Stack>
  );
}

function Entry({ entry }: { readonly entry: ActivityEntryView }) {
  const { at, until, count, actor, targets, targetCount, outcome } = entry;
  const result = outcomeWords(outcome);
  const source = sourceWords(entry);
  // A device is the actor of its own events, so its name is not repeated as a target.
  const others = targets.filter(({ kind, id }) => id !== actor.id && kind !== COMMAND_KIND);
  const shown = others.slice(0, TARGETS);
  const more = targetCount - (targets.length - others.length) - shown.length;
  return (
    <Paper component="li" withBorder px="md" py="sm">
      <Group justify="space-between" gap="xs">
        <Text fw={500} style={{ overflowWrap: 'anywhere' }}>
          {actionName(entry)}
          {count > 1 && ` (${count.toLocaleString('en')} times)`}
        </Text>
        {result && (
          <Badge color={result.color} variant="light" style={{ maxWidth: '100%' }}>
            {result.label}
          </Badge>
        )}
      </Group>
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        <Text span size="sm" fw={500}>
          {actor.kind === 'device' && actor.id !== null ? (
            <PageLink to="/devices/$id" params={{ id: actor.id }}>
              <Actor entry={entry} />
            </PageLink>
          ) : (
            <Actor entry={entry} />
          )}
        </Text>
        {shown.map((target) => (
          <span key={`${target.kind} ${target.id}`}>
            {' · '}
            <TargetName target={target} isJob={/^(commands\.issue-many|jobs\.)/.test(entry.action)} />
          </span>
        ))}
        {more > 0 && ` · ${more.toLocaleString('en')} more`}
      </Text>
      <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        <time dateTime={new Date(at).toISOString()}>{dateTime(at)}</time>
        {until !== null && ` to ${dateTime(until)}`}
        {source && (
          <>
            {' · '}
            <span data-id-field>
              <UserText>{source}</UserText>
            </span>
          </>
        )}
      </Text>
    </Paper>
  );
}

const Actor = ({ entry }: { readonly entry: ActivityEntryView }) => (
  <span data-id-field={entry.actor.name === null || undefined}>
    <UserText>{actorName(entry)}</UserText>
  </span>
);

function TargetName({
  target: { kind, id, name },
  isJob,
}: {
  readonly target: Target;
  /** Whether the id of a command is the id of a job. */
  readonly isJob: boolean;
}) {
  const label = name === null ? <span data-id-field>{id}</span> : <UserText>{name}</UserText>;
  const words = `${kind.replaceAll('-', ' ')} `;
  switch (kind) {
    case 'device':
      return (
        <>
          {words}
          <PageLink to="/devices/$id" params={{ id }}>
            {label}
          </PageLink>
        </>
      );
    case 'person':
      return (
        <>
          {words}
          <PageLink to="/people/$id" params={{ id }}>
            {label}
          </PageLink>
        </>
      );
    case 'order':
      return (
        <>
          {words}
          <PageLink to="/orders/$number" params={{ number: id }}>
            {label}
          </PageLink>
        </>
      );
    case 'command':
      if (!isJob) break;
      return (
        <>
          {'job '}
          <PageLink to="/jobs/$id" params={{ id }}>
            {label}
          </PageLink>
        </>
      );
    case 'policy':
      return (
        <>
          {words}
          <PageLink to="/policies/$id" params={{ id }}>
            {label}
          </PageLink>
        </>
      );
    case 'script':
      return (
        <>
          {words}
          <PageLink to="/scripts/$id" params={{ id }}>
            {label}
          </PageLink>
        </>
      );
  }
  return (
    <>
      {words}
      {label}
    </>
  );
}
