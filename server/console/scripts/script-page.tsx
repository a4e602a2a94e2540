/** Page of one script: its versions with their reviews, and the dialogs to review, run and withdraw a version. */
import { Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { type ScriptVersionView, type ScriptView, scriptVersionView } from '../../../shared/api/scripts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { call } from '../client/call.ts';
import { useMay } from '../client/session.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { scriptQuery, scriptsQuery, settingsQuery, versionsQuery } from './queries.ts';
import { ReviewDialog } from './review-dialog.tsx';
import { RunDialog } from './run-dialog.tsx';
import { VersionState } from './version-state.tsx';
import { VersionText } from './version-text.tsx';

const route = getRouteApi('/scripts/$id');

export function ScriptPage() {
  const { id } = route.useParams();
  const script = useQuery(scriptQuery(id));
  if (script.data) return <Loaded script={script.data} />;
  return (
    <Page title="Script">
      <QueryResult query={script}>{() => null}</QueryResult>
    </Page>
  );
}

function Loaded({ script }: { readonly script: ScriptView }) {
  const may = useMay();
  const versions = useQuery(versionsQuery(script.id));
  return (
    <Page
      title={script.name}
      actions={
        may('scripts.add-version') && (
          <ButtonLink to="/scripts/$id/edit" params={{ id: script.id }} variant="default">
            Write new version
          </ButtonLink>
        )
      }
    >
      <Section title="Versions">
        <QueryResult query={versions}>
          {({ versions: all, people }) => (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {all.map((version) => (
                <Version key={version.version} script={script} version={version} all={all} people={people} />
              ))}
            </Stack>
          )}
        </QueryResult>
      </Section>
    </Page>
  );
}

type Dialog = 'text' | 'review' | 'run' | 'withdraw';

function Version({
  script,
  version,
  all,
  people,
}: {
  readonly script: ScriptView;
  readonly version: ScriptVersionView;
  readonly all: readonly ScriptVersionView[];
  readonly people: Readonly<Record<string, string>>;
}) {
  const client = useQueryClient();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const number = version.version;
  const { state, createdBy, createdAt, expiresAt, reviews, withdrawn, seconds, memory, output, interpreter } = version;
  const nameOf = (account: string) => <UserText>{people[account] ?? 'a deleted account'}</UserText>;
  return (
    <Paper component="li" withBorder p="md" style={{ overflowWrap: 'anywhere' }}>
      <Stack gap="xs">
        <Group gap="xs">
          <Text fw={600}>Version {number}</Text>
          <VersionState state={state} />
        </Group>
        <Text size="sm">
          <UserText>{version.purpose}</UserText>
        </Text>
        <Text size="sm" c="dimmed">
          Written <Moment at={createdAt} /> by {nameOf(createdBy)}. {interpreter}, at most {seconds} seconds, {memory}{' '}
          MiB of memory and {output} KiB of output. Expires <Moment at={expiresAt} />.
        </Text>
        {reviews.map(({ keyid, name, at }) => (
          <Text key={keyid} size="sm">
            Reviewed and signed <Moment at={at} /> by <UserText>{name}</UserText>
          </Text>
        ))}
        {withdrawn && (
          <Text size="sm">
            Withdrawn <Moment at={withdrawn.at} /> by {nameOf(withdrawn.by)}
          </Text>
        )}
        <Buttons version={version} open={setDialog} />
      </Stack>
      <Modal opened={dialog === 'text'} onClose={close} title={`Text of version ${number}`} size="xl">
        <VersionText version={version} before={null} />
      </Modal>
      <ReviewDialog version={version} all={all} opened={dialog === 'review'} close={close} />
      <RunDialog script={script} version={version} opened={dialog === 'run'} close={close} />
      <Confirm
        title={`Withdraw version ${number}`}
        opened={dialog === 'withdraw'}
        close={close}
        verb="Withdraw version"
        grave
        act={async () => {
          await call('POST', `/scripts/${script.id}/versions/${number}/withdrawal`, scriptVersionView);
          await client.invalidateQueries({ queryKey: scriptsQuery.queryKey.slice(0, 1) });
        }}
      >
        <Text size="sm">
          No further device runs this version, and no admin can run it again. Devices that already have it may still run
          it. You cannot undo this.
        </Text>
      </Confirm>
    </Paper>
  );
}

function Buttons({
  version: { version, state, obstacle, reviewers },
  open,
}: {
  readonly version: ScriptVersionView;
  readonly open: (dialog: Dialog) => void;
}) {
  const may = useMay();
  const settings = useQuery(settingsQuery).data;
  const waits = state === 'unreviewed' || state === 'lapsed';
  const button = (
    dialog: Dialog,
    label: string,
    more: { readonly variant?: string; readonly disabled?: boolean } = {},
  ) => (
    <Button
      size="xs"
      variant="default"
      aria-label={`${label} version ${version}`}
      onClick={() => open(dialog)}
      {...more}
    >
      {label}
      {dialog === 'text' ? '' : '…'}
    </Button>
  );
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {button('text', 'Show text')}
        {waits && may('scripts.review') && obstacle === null && button('review', 'Review', { variant: 'filled' })}
        {state === 'reviewed' &&
          may('scripts.run') &&
          button('run', 'Run', { variant: 'filled', disabled: !settings?.on })}
        {state !== 'withdrawn' && may('scripts.withdraw') && button('withdraw', 'Withdraw')}
      </Group>
      {waits && obstacle !== null && (
        <Text size="sm" c="dimmed">
          <UserText>{obstacle}</UserText>
        </Text>
      )}
      {waits && (
        <Text size="sm" c="dimmed">
          {reviewers.length === 0 ? (
            'No approver is independent of the author, so no approver can review this version. Add an approver, or have another person write it.'
          ) : (
            <>
              Can review: <UserText>{reviewers.join(', ')}</UserText>.
            </>
          )}
        </Text>
      )}
      {state === 'reviewed' && settings?.on === false && (
        <Text size="sm" c="dimmed">
          Scripts are off. An owner can switch them on, on the page Scripts.
        </Text>
      )}
    </Stack>
  );
}
