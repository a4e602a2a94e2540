/** Page with the destructive actions that wait for a second person's confirmation, and with the decisions of the last 30 days. */
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ActionView } from '../../../shared/api/actions.ts';
import { confirmersText } from '../../../shared/api/confirmation-words.ts';
import { soloLimitText } from '../../../shared/api/solo-limit-words.ts';
import { Empty, QueryResult } from '../../../shared/look/states.tsx';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useNow } from '../client/server-time.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Moment } from '../parts/words.tsx';
import { actionName, devicesText, STATUS_COLORS, STATUS_NAMES } from './action-words.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { DeclineDialog } from './decline-dialog.tsx';
import { actionQuery, actionsQuery } from './queries.ts';

export function ActionsPage() {
  const query = useQuery(actionsQuery);
  // The dialogs are outside the lists, because a decided action leaves the list of pending actions while its dialog is still open.
  const [confirming, setConfirming] = useState<string | null>(null);
  const [declining, setDeclining] = useState<ActionView | null>(null);
  const decide = { confirm: setConfirming, decline: setDeclining };
  return (
    <Page
      title="Pending actions"
      lead="Some destructive actions need a second person. The server performs such an action only after another admin confirms it."
    >
      <QueryResult query={query}>
        {({ actions, people, soloLimit }) => {
          const pending = actions.filter(({ status }) => status === 'pending');
          const decided = actions.filter(({ status }) => status !== 'pending');
          return (
            <>
              <Text size="sm" c="dimmed">
                {soloLimitText(soloLimit)}
              </Text>
              {pending.length === 0 ? (
                <Empty title="No pending actions">
                  When an admin proposes a destructive action, it appears here for 24 hours.
                </Empty>
              ) : (
                <List actions={pending} people={people} decide={decide} />
              )}
              {decided.length > 0 && (
                <Section title="Decisions of the last 30 days">
                  <List actions={decided} people={people} decide={decide} />
                </Section>
              )}
            </>
          );
        }}
      </QueryResult>
      <ConfirmDialog id={confirming} close={() => setConfirming(null)} />
      <DeclineDialog action={declining} close={() => setDeclining(null)} />
    </Page>
  );
}

function WhoCan({ id }: { readonly id: string }) {
  const confirmers = useQuery(actionQuery(id)).data?.confirmers;
  if (!confirmers) return null;
  return (
    <Text size="sm">
      <UserText>{confirmersText(confirmers)}</UserText>
    </Text>
  );
}

type People = Readonly<Record<string, string>>;

function List({
  actions,
  people,
  decide,
}: {
  readonly actions: readonly ActionView[];
  readonly people: People;
  readonly decide: { readonly confirm: (id: string) => void; readonly decline: (action: ActionView) => void };
}) {
  const now = useNow(10_000);
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {actions.map((action) => (
        <Paper key={action.id} component="li" withBorder p="md">
          <Group justify="space-between" align="flex-start" gap="sm">
            <Stack gap={4} style={{ minWidth: 0 }}>
              <Group gap="xs">
                <Text fw={600}>
                  {actionName(action.action)}: {devicesText(action.devices)}
                </Text>
                <Badge color={STATUS_COLORS[action.status]} variant="light">
                  {STATUS_NAMES[action.status]}
                </Badge>
              </Group>
              <Text size="sm" c="dimmed">
                Proposed by <UserText>{people[action.proposedBy] ?? action.proposedBy}</UserText>{' '}
                <Moment at={action.proposedAt} now={now} />
                {action.status === 'pending' && (
                  <>
                    {' · expires '}
                    <Moment at={action.expiresAt} now={now} />
                  </>
                )}
              </Text>
              {action.status === 'pending' && !action.mine && !action.confirmable && (
                <Text size="sm">
                  You cannot confirm this action. You and the proposer count as one person, because one account created
                  the other or was shown its sign-in link.
                </Text>
              )}
              {action.status === 'pending' && action.mine && <WhoCan id={action.id} />}
              {action.decidedBy !== null && action.decidedAt !== null && (
                <Text size="sm" c="dimmed">
                  Decided by <UserText>{people[action.decidedBy] ?? action.decidedBy}</UserText>{' '}
                  <Moment at={action.decidedAt} now={now} />
                </Text>
              )}
              {(action.reason ?? action.outcome) !== null && (
                <Text size="sm">
                  <UserText>{action.reason ?? action.outcome ?? ''}</UserText>
                </Text>
              )}
            </Stack>
            {action.status === 'pending' && (
              <Group gap="xs">
                {!action.mine && (
                  <Button size="xs" color="red" onClick={() => decide.confirm(action.id)}>
                    Review action…
                  </Button>
                )}
                <Button size="xs" variant="default" onClick={() => decide.decline(action)}>
                  {action.mine ? 'Withdraw action…' : 'Decline action…'}
                </Button>
              </Group>
            )}
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
