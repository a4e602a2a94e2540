/** Page with all jobs (commands to many devices), newest first. Commands to a single device are on the page of the device. */

import { Checkbox, Group, Paper, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { COMMAND_NAMES } from '../../../shared/api/command-names.ts';
import { JOB_STATES } from '../../../shared/api/job-states.ts';
import { type JobSummary, jobList } from '../../../shared/api/jobs.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { COMMAND_KINDS } from '../../../shared/protocol/command-kinds.ts';
import type { JobSearch } from '../app/searches.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { CursorPager, useCursorPages } from '../parts/cursor-pages.tsx';
import { ButtonLink, PageLink } from '../parts/links.tsx';
import { Page } from '../parts/page.tsx';
import { useSearchText } from '../parts/use-search-text.ts';
import { Moment } from '../parts/words.tsx';
import { commandText } from '../words/commands.ts';
import { JobState } from './job-state.tsx';
import { devicesText, JOB_STATE_NAMES, jobTitle } from './job-words.ts';

const route = getRouteApi('/jobs');

export function JobsPage() {
  const search = route.useSearch();
  return (
    <Page
      title="Jobs"
      lead="Commands to many devices, with their progress. The page of a device lists all commands to that device."
    >
      <Filters search={search} />
      {/* The key restarts the list with the first page when the filter changes. */}
      <Jobs key={JSON.stringify(search)} search={search} />
    </Page>
  );
}

function Filters({ search: { text, state, kind, mine } }: { readonly search: JobSearch }) {
  const navigate = route.useNavigate();
  const narrow = (next: JobSearch) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const [typed, change] = useSearchText(text ?? '', (value) => narrow({ text: value || undefined }));
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label="Search"
        placeholder="Name, command or creator"
        dir="auto"
        miw={240}
        maxLength={120}
        value={typed}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
      <Select
        label="State"
        placeholder="All states"
        clearable
        data={JOB_STATES.map((value) => ({ value, label: JOB_STATE_NAMES[value] }))}
        value={state ?? null}
        onChange={(value) => narrow({ state: JOB_STATES.find((one) => one === value) })}
      />
      <Select
        label="Command"
        placeholder="All commands"
        clearable
        data={COMMAND_KINDS.map((value) => ({ value, label: COMMAND_NAMES[value] }))}
        value={kind ?? null}
        onChange={(value) => narrow({ kind: COMMAND_KINDS.find((one) => one === value) })}
      />
      <Checkbox
        label="Only my jobs"
        mb={8}
        checked={mine ?? false}
        onChange={({ currentTarget }) => narrow({ mine: currentTarget.checked || undefined })}
      />
    </Group>
  );
}

function Jobs({ search: { text, state, kind, mine } }: { readonly search: JobSearch }) {
  const pages = useCursorPages<string>();
  const by = mine ? 'me' : undefined;
  const path = withQuery('/jobs', { text, state, kind, by, cursor: pages.cursor ?? undefined });
  const query = useQuery({ ...topicQuery(['commands'], path, jobList), placeholderData: keepPreviousData });
  const narrowed = text !== undefined || state !== undefined || kind !== undefined || mine === true;
  return (
    <QueryResult query={query}>
      {({ jobs, people, cursor }) =>
        jobs.length === 0 && pages.page === 1 && cursor === null ? (
          narrowed ? (
            <Empty title="No matching jobs">No job meets all filters. Remove a filter to see more jobs.</Empty>
          ) : (
            <Empty title="No jobs" action={<ButtonLink to="/devices">Open devices</ButtonLink>}>
              Select devices in the device list and send a command. The job with its progress then appears here.
            </Empty>
          )
        ) : (
          <Stack>
            {jobs.length === 0 && (
              <Text size="sm">
                {cursor === null
                  ? 'No older job matches.'
                  : 'No job matches in this part of the list. Open the next page to search older jobs.'}
              </Text>
            )}
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Jobs">
              {jobs.map((job) => (
                <Job key={job.id} job={job} by={people[job.createdBy]} />
              ))}
            </Stack>
            <CursorPager pages={pages} next={cursor} />
          </Stack>
        )
      }
    </QueryResult>
  );
}

function Job({ job, by }: { readonly job: JobSummary; readonly by: string | undefined }) {
  const now = useNow(10_000);
  const { id, command, createdAt, state, total, counts, name } = job;
  const text = commandText(command);
  const [done, failed] = [counts.done ?? 0, counts.failed ?? 0];
  const share = (count: number) => (count / Math.max(1, total)) * 100;
  return (
    <Paper component="li" withBorder p="md">
      <Stack gap={4}>
        <Group gap="sm">
          <PageLink to="/jobs/$id" params={{ id }} fw={600}>
            <UserText>{jobTitle(job)}</UserText>
          </PageLink>
          <JobState state={state} />
        </Group>
        {name !== null && (
          <Text size="sm">
            {COMMAND_NAMES[command.kind]}, {devicesText(total)}
          </Text>
        )}
        {text !== null && (
          <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
            <UserText>{text}</UserText>
          </Text>
        )}
        <Text size="sm" c="dimmed">
          Created <Moment at={createdAt} now={now} /> by <UserText>{by ?? 'a deleted account'}</UserText>
        </Text>
        <Text size="sm">
          {done.toLocaleString('en')} of {total.toLocaleString('en')} completed
          {failed > 0 && `, ${failed.toLocaleString('en')} failed`}
        </Text>
        <Progress.Root size="sm" aria-hidden>
          <Progress.Section value={share(done)} color="green.8" />
          <Progress.Section value={share(failed)} color="red.8" />
        </Progress.Root>
      </Stack>
    </Paper>
  );
}
