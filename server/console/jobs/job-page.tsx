/** Page of one job: progress of each wave, devices by state, failures, and the controls of the job. */

import { Alert, Group, List, Paper, Progress, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { COMMAND_NAMES } from '../../../shared/api/command-names.ts';
import { type JobSummary, type JobView, jobView } from '../../../shared/api/jobs.ts';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { topicQuery } from '../client/queries.ts';
import { useNow } from '../client/server-time.tsx';
import { useMay } from '../client/session.tsx';
import { DownloadButton } from '../parts/download-button.tsx';
import { PageLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { COMMAND_STATE_NAMES, commandText } from '../words/commands.ts';
import { JobActions } from './job-actions.tsx';
import { JobDevices } from './job-devices.tsx';
import { JobState } from './job-state.tsx';
import {
  COMMAND_STATE_COLORS,
  COMMAND_STATE_ORDER,
  devicesText,
  failureCauses,
  jobTitle,
  ruleTexts,
} from './job-words.ts';

const jobQuery = (id: string) => topicQuery(['commands'], `/jobs/${encodeURIComponent(id)}`, jobView);

export function JobPage() {
  const { id } = useParams({ from: '/jobs/$id' });
  const query = useQuery(jobQuery(id));
  if (query.data !== undefined) return <Loaded key={id} job={query.data} />;
  return (
    <Page title={`Job ${id}`}>
      <QueryResult query={query} lines={8}>
        {() => null}
      </QueryResult>
    </Page>
  );
}

function Loaded({ job }: { readonly job: JobView }) {
  const rules = ruleTexts(job);
  return (
    <Page title={jobTitle(job)} lead={<Lead job={job} />} actions={<JobActions job={job} />}>
      <StateNotice job={job} />
      <Section title="Progress" actions={<Export id={job.id} />}>
        <Counts job={job} />
        {job.waves.length > 1 && <Waves job={job} />}
      </Section>
      {rules.length > 0 && (
        <Section title="Rules">
          <List size="sm">
            {rules.map((rule) => (
              <List.Item key={rule}>{rule}</List.Item>
            ))}
          </List>
        </Section>
      )}
      {job.failures.length > 0 && <Failures job={job} />}
      <Section title="Devices">
        <JobDevices id={job.id} isScript={job.command.kind === 'run-script'} />
      </Section>
    </Page>
  );
}

function Lead({
  job: { command, createdAt, createdBy, people, total, state, expiresAt, after },
}: {
  readonly job: JobView;
}) {
  const now = useNow(10_000);
  const text = commandText(command);
  const open = state === 'running' || state === 'paused' || state === 'stopped';
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <JobState state={state} />
        <Text>
          {COMMAND_NAMES[command.kind]}, {devicesText(total)}
        </Text>
      </Group>
      {text !== null && (
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          <UserText>{text}</UserText>
        </Text>
      )}
      <Text size="sm" c="dimmed">
        Created <Moment at={createdAt} now={now} /> by <UserText>{people[createdBy] ?? 'a deleted account'}</UserText>.{' '}
        {open && (
          <>
            The job expires <Moment at={expiresAt} now={now} />.
          </>
        )}
      </Text>
      {after !== null && (
        <Text size="sm">
          Devices get the command after they have completed{' '}
          <PageLink to="/jobs/$id" params={{ id: after }} underline="always">
            another job
          </PageLink>
          .
        </Text>
      )}
    </Stack>
  );
}

function StateNotice({ job: { state, changed, stop } }: { readonly job: JobView }) {
  const now = useNow(10_000);
  const titles = { stopped: 'The server stopped the job', paused: 'The job is paused', aborted: 'The job was aborted' };
  if (state !== 'stopped' && state !== 'paused' && state !== 'aborted') return null;
  return (
    <Alert color={state === 'stopped' ? 'red' : 'yellow'} title={titles[state]} role="status">
      <Text size="sm">
        {state === 'stopped' &&
          `The failure rate reached ${stop?.percent ?? 0} %. The server sends the command to no further device. Look at the failures, then resume or abort the job. `}
        {state === 'paused' && 'The server sends the command to no further device. '}
        {state === 'aborted' && 'Devices that had already started the command still report their results. '}
        {changed && (
          <>
            {state === 'stopped' ? 'Stopped ' : state === 'paused' ? 'Paused ' : 'Aborted '}
            <Moment at={changed.at} now={now} />
            {changed.by !== null && (
              <>
                {' by '}
                <UserText>{changed.by}</UserText>
              </>
            )}
            {changed.reason === null ? (
              '.'
            ) : (
              <>
                {': '}
                <UserText>{changed.reason}</UserText>
              </>
            )}
          </>
        )}
      </Text>
    </Alert>
  );
}

function Counts({ job: { counts, total, command, displayed, refused } }: { readonly job: JobView }) {
  const present = COMMAND_STATE_ORDER.filter((state) => (counts[state] ?? 0) > 0);
  return (
    <Stack gap="xs">
      <Progress.Root size="lg" aria-hidden>
        {present.map((state) => (
          <Progress.Section
            key={state}
            value={((counts[state] ?? 0) / Math.max(1, total)) * 100}
            color={COMMAND_STATE_COLORS[state]}
          />
        ))}
      </Progress.Root>
      <List listStyleType="none" size="sm" aria-live="polite" aria-label="Devices by command state">
        {present.map((state) => (
          <List.Item key={state}>
            <Text span fw={600}>
              {(counts[state] ?? 0).toLocaleString('en')}
            </Text>{' '}
            {COMMAND_STATE_NAMES[state].toLowerCase()}
          </List.Item>
        ))}
        {command.kind === 'message' && (
          <List.Item>
            <Text span fw={600}>
              {displayed.toLocaleString('en')}
            </Text>{' '}
            displayed to the user
          </List.Item>
        )}
        {refused > 0 && (
          <List.Item>
            <Text span fw={600}>
              {refused.toLocaleString('en')}
            </Text>{' '}
            skipped when the job was created, because they were not active or under a legal hold
          </List.Item>
        )}
      </List>
    </Stack>
  );
}

function Waves({ job: { waves, released } }: { readonly job: JobSummary }) {
  return (
    <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Waves">
      {waves.map(({ devices, done, failed, lost }, index) => {
        const share = (count: number) => (count / Math.max(1, devices)) * 100;
        const numbers = [
          `${done.toLocaleString('en')} completed`,
          ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
          ...(lost > 0 ? [`${lost.toLocaleString('en')} expired or canceled`] : []),
        ];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a wave has no other identity than its position
          <Paper component="li" withBorder p="sm" key={index}>
            <Text size="sm" fw={600}>
              Wave {index + 1}, {devicesText(devices)}
            </Text>
            <Text size="sm" {...(index >= released && { c: 'dimmed' })}>
              {index < released ? numbers.join(', ') : 'Waits for the previous wave'}
            </Text>
            <Progress.Root size="sm" aria-hidden>
              <Progress.Section value={share(done)} color="green.8" />
              <Progress.Section value={share(failed)} color="red.8" />
              <Progress.Section value={share(lost)} color="orange.8" />
            </Progress.Root>
          </Paper>
        );
      })}
    </Stack>
  );
}

/** Number of devices whose names appear for each cause. The list of devices below has all of them. */
const NAMED = 5;

function Failures({ job: { failures, counts } }: { readonly job: JobView }) {
  const all = (counts.failed ?? 0) + (counts.expired ?? 0) + (counts.canceled ?? 0);
  return (
    <Section title={failures.length < all ? `First ${failures.length} failed devices` : 'Failed devices'}>
      <List listStyleType="none" size="sm" spacing="xs" aria-label="Failed devices by cause">
        {failureCauses(failures).map(({ state, detail, devices }) => (
          <List.Item key={`${state} ${detail}`}>
            <Text span inherit fw={600}>
              {devicesText(devices.length)} {COMMAND_STATE_NAMES[state].toLowerCase()}
              {detail && ': '}
            </Text>
            {detail && <UserText>{detail}</UserText>}
            <Text size="sm" c="dimmed">
              {devices.slice(0, NAMED).map(({ device, user }, index) => (
                <span key={device}>
                  {index > 0 && ', '}
                  <PageLink to="/devices/$id" params={{ id: device }} underline="always">
                    <UserText>{user}</UserText>
                  </PageLink>
                </span>
              ))}
              {devices.length > NAMED && ` and ${(devices.length - NAMED).toLocaleString('en')} more`}
            </Text>
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

function Export({ id }: { readonly id: string }) {
  const may = useMay();
  if (!may('jobs.export')) return null;
  return (
    <DownloadButton
      size="xs"
      leftSection={<IconDownload size={16} aria-hidden />}
      path={`/jobs/${encodeURIComponent(id)}/devices.csv`}
    >
      Download CSV
    </DownloadButton>
  );
}
