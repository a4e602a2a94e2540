/** Page of one live query: its progress, and a table with the answers of the devices. */
import { Button, List, Progress, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { type AnswerView, answerPage, type LiveQueryView, liveQueryView } from '../../../shared/api/live-queries.ts';
import { done } from '../../../shared/api/wire.ts';
import { COLUMNS, describeQuery } from '../../../shared/live-query/live-query.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { Empty, Failure, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call, withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { SaveCsv } from '../software/save-csv.tsx';
import { ANSWER_STATE_COLORS, ANSWER_STATE_NAMES, ANSWER_STATE_ORDER, cellText, devicesText } from './query-words.ts';

/** Devices per page, and rows of one device in the table. The CSV file has all rows. */
const DEVICES = 10;
const ROWS = 200;
const POLL_EVERY = 1_000;

export function QueryPage() {
  const { id } = useParams({ from: '/queries/$id' });
  const query = useQuery({
    ...topicQuery([], `/queries/${encodeURIComponent(id)}`, liveQueryView),
    refetchInterval: ({ state: { data } }) => (data !== undefined && isRunning(data) ? POLL_EVERY : false),
  });
  if (query.data !== undefined) return <Loaded key={id} query={query.data} />;
  if (query.error instanceof ApiError && query.error.code === 'not_found') {
    return (
      <Page title="Live query">
        <Empty title="Live query not found" action={<ButtonLink to="/queries">Show live queries</ButtonLink>}>
          The server deletes the answers an hour after the query, and when it restarts. Only the account that asked can
          read them. Ask the query again.
        </Empty>
      </Page>
    );
  }
  return (
    <Page title="Live query">
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

const isRunning = ({ counts }: LiveQueryView): boolean => (counts.waiting ?? 0) > 0;

function Loaded({ query }: { readonly query: LiveQueryView }) {
  const now = useNow(10_000);
  const { id, createdAt, deletedAt, devices } = query;
  return (
    <Page
      title={describeQuery(query.query)}
      lead={
        <Text c="dimmed">
          Live query to {devicesText(devices)}. Asked <Moment at={createdAt} now={now} />. The server deletes the
          answers <Moment at={deletedAt} now={now} />.
        </Text>
      }
      actions={
        <>
          <ButtonLink to="/queries" variant="default">
            Show live queries
          </ButtonLink>
          <Remove id={id} />
        </>
      }
    >
      <Section
        title="Progress"
        actions={
          <SaveCsv path={`/queries/${encodeURIComponent(id)}/answers.csv`} label="Download CSV of the answers" />
        }
      >
        <Counts query={query} />
      </Section>
      <Section title="Answers">
        <Answers query={query} />
      </Section>
    </Page>
  );
}

function Counts({ query: { counts, devices } }: { readonly query: LiveQueryView }) {
  const present = ANSWER_STATE_ORDER.filter((state) => (counts[state] ?? 0) > 0);
  return (
    <Stack gap="xs">
      <Progress.Root size="lg" aria-hidden>
        {present.map((state) => (
          <Progress.Section
            key={state}
            value={((counts[state] ?? 0) / Math.max(1, devices)) * 100}
            color={ANSWER_STATE_COLORS[state] ?? 'orange.8'}
          />
        ))}
      </Progress.Root>
      <List listStyleType="none" size="sm" aria-live="polite" aria-label="Devices by state of the answer">
        {present.map((state) => (
          <List.Item key={state}>
            <Text span fw={600}>
              {(counts[state] ?? 0).toLocaleString('en')}
            </Text>{' '}
            {ANSWER_STATE_NAMES[state].toLowerCase()}
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}

function Answers({ query }: { readonly query: LiveQueryView }) {
  const pages = useCursorPages<string>();
  const path = withQuery(`/queries/${encodeURIComponent(query.id)}/answers`, {
    after: pages.cursor ?? undefined,
    limit: DEVICES,
  });
  const settled = query.devices - (query.counts.waiting ?? 0);
  // The key contains the number of settled devices. Each new answer therefore makes the page load the answers again.
  const answers = useQuery({
    ...topicQuery([], path, answerPage),
    queryKey: ['', `${path} ${settled}`],
    placeholderData: keepPreviousData,
  });
  return (
    <QueryResult query={answers}>
      {({ answers: all, next }) => (
        <Stack gap="sm">
          <AnswerTable query={query} answers={all} />
          <CursorPager pages={pages} next={next} />
        </Stack>
      )}
    </QueryResult>
  );
}

function AnswerTable({ query, answers }: { readonly query: LiveQueryView; readonly answers: readonly AnswerView[] }) {
  const columns = COLUMNS[query.query.kind];
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table aria-label="Answers of the devices">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Device</Table.Th>
            {columns.map(({ name, title }) => (
              <Table.Th key={name}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {answers.map((answer) => (
            <AnswerRows key={answer.device} answer={answer} query={query} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function AnswerRows({ answer, query }: { readonly answer: AnswerView; readonly query: LiveQueryView }) {
  const { device, user, host, state, detail, rows, truncated } = answer;
  const columns = COLUMNS[query.query.kind];
  const shown = rows.slice(0, ROWS);
  const notes = [
    ...(state !== 'answered' ? [ANSWER_STATE_NAMES[state]] : rows.length === 0 ? ['Nothing found'] : []),
    ...(rows.length > ROWS ? [`${(rows.length - ROWS).toLocaleString('en')} more rows in the CSV file`] : []),
    ...(truncated ? ['The device stopped at a limit, so the answer is not complete'] : []),
  ];
  const name = (
    <PageLink to="/devices/$id" params={{ id: device }}>
      <UserText>{host === null ? user : `${user}, ${host}`}</UserText>
    </PageLink>
  );
  return (
    <>
      {shown.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other identity than its position
        <Table.Tr key={index}>
          <Table.Td>{name}</Table.Td>
          {columns.map((column, position) => {
            const text = cellText(row[position], column);
            return (
              <Table.Td key={column.name} style={{ overflowWrap: 'anywhere' }}>
                {text === null ? (
                  <Text span c="dimmed">
                    Unknown
                  </Text>
                ) : (
                  <UserText>{text}</UserText>
                )}
              </Table.Td>
            );
          })}
        </Table.Tr>
      ))}
      {(notes.length > 0 || detail !== '') && (
        <Table.Tr>
          <Table.Td>{name}</Table.Td>
          <Table.Td colSpan={columns.length}>
            <Text size="sm" c="dimmed">
              {notes.map((note) => `${note}. `)}
              {detail !== '' && <UserText>{detail}</UserText>}
            </Text>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function Remove({ id }: { readonly id: string }) {
  const navigate = useNavigate();
  const removing = useMutation({
    mutationFn: () => call('DELETE', `/queries/${encodeURIComponent(id)}`, done),
    onSuccess: () => void navigate({ to: '/queries' }),
  });
  return (
    <>
      <Button variant="default" loading={removing.isPending} onClick={() => removing.mutate()}>
        Delete answers
      </Button>
      {removing.isError && <Failure error={removing.error} />}
    </>
  );
}
