/** What is imported, compared and then taken, one at a time: an IP database, a policy. Which of them stood when, and the dialog in which one is taken. */
import { Button, Group, List, Modal, Stack, Text, Title } from '@mantine/core';
import { type UseQueryResult, useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Given } from '../../../shared/look/given.tsx';
import { Answer, Failure } from '../../../shared/look/states.tsx';
import { dateTime } from '../../../shared/look/time-words.ts';

const SHOWN = 10;

export function Uses({
  title,
  uses,
  people,
  back,
}: {
  readonly title: string;
  /** Newest first. */
  readonly uses: readonly {
    readonly key: string;
    readonly at: number;
    readonly by: string | null;
    readonly what: ReactNode;
  }[];
  readonly people: Readonly<Record<string, string>>;
  /** Null: there is none before it, or one may not. */
  readonly back: { readonly label: string; readonly ask: () => void } | null;
}) {
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm">
        <Title order={3} size="h6">
          {title}
        </Title>
        {back && (
          <Button size="xs" variant="default" onClick={back.ask}>
            {back.label}
          </Button>
        )}
      </Group>
      <List size="sm" spacing={2}>
        {uses.slice(0, SHOWN).map(({ key, at, by, what }) => (
          <List.Item key={`${at} ${key}`}>
            From {dateTime(at)}: {what}, by {by === null ? 'the server' : <Given>{people[by] ?? by}</Given>}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}

export function TakeDialog<T>({
  title,
  query,
  shown,
  taking,
  close,
}: {
  readonly title: string;
  /** What it would do. */
  readonly query: UseQueryResult<T>;
  readonly shown: (comparison: T) => ReactNode;
  /** Null: one may only look. */
  readonly taking: { readonly verb: string; readonly words: string; readonly take: () => Promise<unknown> } | null;
  readonly close: () => void;
}) {
  const take = useMutation({ mutationFn: async () => await taking?.take(), onSuccess: close });
  return (
    <Modal opened onClose={close} title={title} size="lg">
      <Stack>
        <Answer query={query} lines={5}>
          {shown}
        </Answer>
        {taking && (
          <Text size="sm" c="dimmed">
            {taking.words}
          </Text>
        )}
        {take.isError && <Failure error={take.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {taking ? 'Leave it' : 'Close'}
          </Button>
          {taking && (
            <Button loading={take.isPending} disabled={!query.isSuccess} onClick={() => take.mutate()}>
              {taking.verb}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
